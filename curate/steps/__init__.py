"""The steps, in the order in which records take them."""

from curate.steps.base import RecordStep, SetStep, Spread, Step
from curate.steps.decontaminate import Decontaminate
from curate.steps.dedup import Dedup
from curate.steps.echo import Echo
from curate.steps.language import Language
from curate.steps.length import Length
from curate.steps.licenses import Licenses
from curate.steps.merged_instructions import MergedInstructions
from curate.steps.mix import Mix
from curate.steps.normalise import Normalise
from curate.steps.pii import Pii
from curate.steps.placeholders import Placeholders
from curate.steps.preferences import Preferences
from curate.steps.refusals import Refusals
from curate.steps.repetition import Repetition
from curate.steps.scores import Scores
from curate.steps.select import select_steps
from curate.steps.semantic_dedup import SemanticDedup
from curate.steps.template_residue import TemplateResidue
from curate.steps.truncated_output import TruncatedOutput
from curate.steps.unanswerable import Unanswerable
from curate.steps.validate import Validate

__all__ = ["STEPS", "Normalise", "RecordStep", "SetStep", "Spread", "Step", "select_steps"]

STEPS: tuple[type[Step], ...] = (
    Normalise,
    Validate,
    Licenses,
    Placeholders,
    MergedInstructions,
    TemplateResidue,
    Echo,
    Pii,
    Refusals,
    Unanswerable,
    TruncatedOutput,
    Repetition,
    Length,
    Language,
    Preferences,
    Decontaminate,
    Dedup,
    SemanticDedup,
    Scores,
    Mix,
)
