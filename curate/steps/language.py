"""Keep records in given languages."""

import functools
import math
import re
from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import Field, model_validator

from curate.records import Dropped, Record
from curate.steps.base import RecordStep, text_of

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

__all__ = ["Language", "language_of"]

_FENCED = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_SPENT = 2000  # characters looked at: more change neither the answer nor the certainty
_MIN_LETTERS = 20  # letters; an ideograph counts as three
_IDEOGRAPHS = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]")


class Language(RecordStep):
    """Keep records in the languages of `keep`; runs where it is set.

    Instruction, context and output are judged together, without fenced code, and a record goes
    only if the identifier is sure. One whose prompt alone is in a kept language stays: a
    translation is in two. Too little text to tell counts as kept.

    Source: Lui and Baldwin, langid.py (ACL 2012), as the package py3langid ships it.

    >>> step = Language(keep=("en",))
    >>> bad = Record(id="a:1", instruction="Qual è la capitale della Francia?", output="È Parigi.")
    >>> step.apply(bad).reason, step.apply(bad).evidence["language"]
    ('other_language', 'it')
    >>> kept = Record(id="a:2", instruction="What is the capital of France?", output="Paris.")
    >>> step.apply(kept) is kept
    True
    """

    name: ClassVar[str] = "language"
    on: ClassVar[bool] = False

    keep: tuple[str, ...] = Field(
        (), description="Languages that stay, as ISO 639-1 codes: en, de, zh."
    )
    min_probability: float = Field(
        0.5, gt=0, le=1, description="How sure the identifier has to be to drop a record."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        known = _known()
        if not self.keep:
            raise ValueError("keep names no language, for example --set 'language.keep=[en]'")
        if unknown := [code for code in self.keep if code not in known]:
            raise ValueError(f"{unknown[0]!r} is no language code such as en, de, zh")
        return self

    def apply(self, record: Record) -> Record | Dropped:
        """Return the record, or the record dropped with its language and the probability."""
        prompt = f"{text_of(record.instruction)}\n{text_of(record.context)}"
        language, probability = language_of(f"{prompt}\n{text_of(record.output)}")
        if not language or language in self.keep or probability < self.min_probability:
            return record
        if language_of(prompt)[0] in self.keep:
            return record
        return self.drop(
            record, "other_language", language=language, probability=round(probability, 3)
        )


def language_of(text: str) -> tuple[str, float]:
    """Return the ISO 639-1 code of a text's language and how sure that is, from 0 to 1.

    Both are empty where the text is too short, or nothing but code and numbers.

    >>> language_of("The quick brown fox jumps over the lazy dog.")[0]
    'en'
    >>> language_of("x = 1")
    ('', 0.0)
    """
    text = _FENCED.sub(" ", text[: 2 * _SPENT])[:_SPENT]
    letters = sum(map(str.isalpha, text))
    if letters < _MIN_LETTERS and letters + 2 * len(_IDEOGRAPHS.findall(text)) < _MIN_LETTERS:
        return "", 0.0
    language, probability = _identifier().classify(text)
    return str(language), min(1.0, float(probability)) if math.isfinite(probability) else 0.0


@functools.cache
def _identifier() -> "LanguageIdentifier":
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


@functools.cache
def _known() -> tuple[str, ...]:
    return tuple(sorted(set(map(str, _identifier().nb_classes))))
