"""What the model will see: for the eye, and for machines."""

from curate.prompts.preview.boxes import tokens_view
from curate.prompts.preview.pieces import Part, Piece, numbers, parts, pieces
from curate.prompts.preview.rendering import Rendering, renderings
from curate.prompts.preview.rows import preview_rows
from curate.prompts.preview.terminal import beside_view, show, signs, text_view
from curate.prompts.preview.visible import CLOSE, OPEN, legend, visible
from curate.prompts.preview.words import changes, diff_view

__all__ = [
    "CLOSE",
    "OPEN",
    "Part",
    "Piece",
    "Rendering",
    "beside_view",
    "changes",
    "diff_view",
    "legend",
    "numbers",
    "parts",
    "pieces",
    "preview_rows",
    "renderings",
    "show",
    "signs",
    "text_view",
    "tokens_view",
    "visible",
]
