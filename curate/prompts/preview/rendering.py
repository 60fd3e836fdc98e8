"""A record as a template and an encoder make it, ready to be shown."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from curate.prompts.encode import Encoder
from curate.prompts.example import Example, OverLength
from curate.prompts.preview.pieces import Part, Piece, parts, pieces
from curate.prompts.preview.visible import visible
from curate.records import Record

__all__ = ["Rendering", "renderings"]

_LABELS: dict[bool | None, str] = {True: "desirable", False: "undesirable"}


@dataclass(frozen=True, slots=True)
class Rendering:
    """What an encoder made of a record.

    Attributes:
        encoder: the encoder.
        record: the record.
        item: the example, or what was too long.
        side: in a pair which answer it has; empty elsewhere.

    """

    encoder: Encoder
    record: Record
    item: Example | OverLength
    side: str = ""

    @property
    def heading(self) -> str:
        """The template, the side, and how many tokens there are or why none."""
        template = self.encoder.template.identity
        if said := self.side or _LABELS.get(self.record.label, ""):
            template = f"{said} · {template}"
        if isinstance(self.item, OverLength):
            length = f"{self.item.length} tokens, max_length {self.item.max_length}"
            return f"{template} · dropped: over_length ({length})"
        if self.encoder.tokenizer is None:
            return template
        total, loss = len(self.item.input_ids), self.item.loss_tokens
        heading = f"{template} · {total - loss} prompt + {loss} loss = {total} tokens"
        return heading + (" · truncated" if self.item.truncated else "")

    @property
    def name(self) -> str:
        """The id of the record, as one line."""
        return visible(self.record.id).replace("\n", "␊")

    @property
    def title(self) -> str:
        """The id of the record and the heading."""
        return f"{self.name} · {self.heading}"

    @property
    def dropped(self) -> bool:
        """Whether the record is too long, so that there is nothing to show."""
        return isinstance(self.item, OverLength)

    def parts(self) -> list[Part]:
        """Return its texts; none of what was dropped."""
        if isinstance(self.item, OverLength):
            return []
        return list(parts(self.item, self.encoder.tokenizer))

    def pieces(self) -> list[Piece]:
        """Return its tokens; none of what was dropped, or without a tokenizer."""
        if isinstance(self.item, OverLength) or self.encoder.tokenizer is None:
            return []
        return list(pieces(self.item, self.encoder.tokenizer))


def renderings(encoders: Sequence[Encoder], records: Iterable[Record]) -> Iterator[list[Rendering]]:
    """Yield what each encoder makes of a record, one list a record; of a pair two, chosen first.

    Raises:
        OverLength: a record is too long and over_length is error.
        TemplateError: a template fails on a record.

    """
    for record in records:
        yield [
            rendering
            for encoder in encoders
            for item in encoder.encode_all([record])
            for rendering in _sides(encoder, record, item)
        ]


def _sides(encoder: Encoder, record: Record, item: Example | OverLength) -> Iterator[Rendering]:
    if isinstance(item, OverLength) or item.rejected is None:
        yield Rendering(encoder, record, item)
        return
    yield Rendering(encoder, record, item, "chosen")
    yield Rendering(encoder, record, replace(item.rejected, truncated=item.truncated), "rejected")
