"""The one function that turns a record into token ids and labels.

Preview, training, evaluation and generation all call it, so what is previewed is what is trained
on, and what a model is asked is what it was trained to answer.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from curate.errors import TemplateError
from curate.prompts.chat import chat_template, render_chat, render_chat_prompt
from curate.prompts.chunks import CHUNK, Chunk, encode_chunks
from curate.prompts.example import IGNORE_INDEX, DigestBuilder, Example, OverLength, digest
from curate.prompts.fit import shorten
from curate.prompts.render import Segment, render, texts
from curate.prompts.runs import Run, answer_runs, closed, prompt_runs, split
from curate.prompts.special import SpecialTokens
from curate.prompts.templates import Template
from curate.prompts.tokenizer import Tokenizer, load_tokenizer
from curate.prompts.tokens import Tokens
from curate.records import Record

__all__ = ["IGNORE_INDEX", "DigestBuilder", "EncodeSettings", "Encoder", "Example", "OverLength",
           "digest", "load_tokenizer"]  # fmt: skip


class EncodeSettings(BaseModel):
    """How records become tokens."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_length: int = Field(1024, ge=2, description="Longest example, in tokens, BOS and EOS too.")
    over_length: Literal["drop", "truncate", "error"] = Field(
        "drop", description="What becomes of a longer one; truncate never cuts off the EOS."
    )
    loss: Literal["completion", "assistant", "all"] = Field(
        "completion",
        description="Takes loss: the answer, every assistant turn, or all but the first token.",
    )


class Encoder:
    """A template, a tokenizer and settings: what turns records into examples.

    Attributes:
        template: the template; for `chat` with the text of the tokenizer's own.
        settings: the settings.
        tokenizer: the tokenizer; None where only texts are wanted.
        special_tokens: special-token strings met in fields so far; they were encoded as text.
        special_records: records that had any.

    """

    def __init__(
        self,
        template: Template,
        tokenizer: Tokenizer | None = None,
        settings: EncodeSettings | None = None,
    ) -> None:
        self.template = chat_template(tokenizer) if template.is_chat else template
        self.tokenizer = tokenizer
        self.settings = settings or EncodeSettings.model_validate({})
        self.special_tokens = 0
        self.special_records = 0
        self._tokens = None if tokenizer is None else Tokens(tokenizer)

    @property
    def identity(self) -> dict[str, Any]:
        """What decides the ids: template, tokenizer (None without one) and settings."""
        return {
            "template": self.template.identity,
            "tokenizer": self._tokens.digest() if self._tokens else None,
            "settings": self.settings.model_dump(),
        }

    def encode(self, record: Record) -> Example:
        """Return the example of a record: prompt, answer and EOS; of a pair with both answers.

        Without a tokenizer there are the texts alone, and no length.

        Raises:
            OverLength: the example is too long and over_length is not truncate, or neither its
                context nor its history nor its answer can be shortened enough.
            TemplateError: the template fails on this record.

        """
        return self._encode(record, self._sides(record))

    def encode_all(
        self, records: Iterable[Record], *, workers: int = 1
    ) -> Iterator[Example | OverLength]:
        """Yield the example of each record, or for a dropped one what was too long.

        `workers` is the number of processes; it changes only the speed.

        Raises:
            OverLength: a record is too long and over_length is error.

        """
        source = iter(records)
        chunks = iter(lambda: list(itertools.islice(source, CHUNK)), [])
        for chunk in encode_chunks(self, chunks, workers=workers):
            self.special_tokens += chunk.special_tokens
            self.special_records += chunk.special_records
            yield from chunk.items
            if chunk.fault is not None:
                raise chunk.fault

    def encode_chunk(self, records: Sequence[Record]) -> Chunk:
        """Return what becomes of these records, their segments tokenised in one call.

        The counts of this encoder stay as they are: the chunk holds its own.
        """
        before = self.special_tokens, self.special_records
        items: list[Example | OverLength] = []
        fault = None
        rendered = self._rendered(records)
        for record, sides in rendered:
            try:
                if isinstance(sides, TemplateError):
                    raise sides
                items.append(self._encode(record, sides))
            except (OverLength, TemplateError) as error:
                if isinstance(error, OverLength) and self.settings.over_length != "error":
                    items.append(error)
                    continue
                fault = error
                break
        tokens, found = self.special_tokens - before[0], self.special_records - before[1]
        self.special_tokens, self.special_records = before
        return Chunk(items, fault, tokens, found)

    def _rendered(
        self, records: Sequence[Record]
    ) -> list[tuple[Record, list[list[Segment]] | TemplateError]]:
        """Return the segments of each record, up to the first that the template fails on."""
        rendered: list[tuple[Record, list[list[Segment]] | TemplateError]] = []
        for record in records:
            try:
                rendered.append((record, self._sides(record)))
            except TemplateError as error:
                rendered.append((record, error))
                break
        if self._tokens is not None:
            self._tokens.prepare(
                [segment for part in split(segments) for segment, _ in closed(part, self._tokens)]
                for _, sides in rendered
                if not isinstance(sides, TemplateError)
                for segments in sides
            )
        return rendered

    def _encode(self, record: Record, sides: list[list[Segment]]) -> Example:
        example = self._example(record, sides)
        self._count(record)
        if example.length <= self.settings.max_length:
            return example
        shorter = shorten(record, self._fits) if self.settings.over_length == "truncate" else None
        if shorter is None:
            raise OverLength(record.id, example.length, self.settings.max_length)
        return replace(self._example(shorter, self._sides(shorter)), truncated=True)

    def prompt_ids(self, record: Record) -> list[int]:
        """Return what the model is given to answer this record; the output may be empty.

        They are the ids of `encode(record)` before the answer. A prompt is shortened under
        over_length truncate only.
        """
        if self._tokens is None:
            raise TemplateError("prompt_ids needs a tokenizer: give a model")
        if self.settings.over_length == "truncate" and not self._fits(record):
            record = shorten(record, self._fits) or record
        runs = prompt_runs(
            self._before(record.sides()[0]), self._tokens, is_chat=self.template.is_chat
        )
        return [token for run in runs for token in run.ids]

    def _before(self, record: Record) -> list[Segment]:
        """Return the segments before the answer."""
        if self._tokens is None or not self.template.is_chat:
            return split(render(self.template, record, self._special))[0]
        return render_chat_prompt(
            self.template, record, self._tokens.special, every_turn=self._every_turn
        )

    def _sides(self, record: Record) -> list[list[Segment]]:
        """Return all segments of the record; of a pair those with either answer."""
        if record.rejected is None:
            return [self._segments(record)]
        return [self._segments(side) for side in record.sides()]

    def _segments(self, record: Record) -> list[Segment]:
        if self._tokens is None or not self.template.is_chat:
            return render(self.template, record, self._special)
        return render_chat(self.template, record, self._tokens.special, every_turn=self._every_turn)

    @property
    def _special(self) -> SpecialTokens | None:
        return self._tokens.special if self._tokens else None

    @property
    def _every_turn(self) -> bool:
        return self.settings.loss == "assistant"

    def _fits(self, record: Record) -> bool:
        return self._example(record, self._sides(record)).length <= self.settings.max_length

    def _example(self, record: Record, sides: list[list[Segment]]) -> Example:
        """Return the example of the record, however long."""
        examples = [self._side(record, segments) for segments in sides]
        if len(examples) == 1:
            return examples[0]
        return replace(examples[0], rejected=examples[1])

    def _side(self, record: Record, segments: list[Segment]) -> Example:
        before, rest = split(segments)
        prompt: list[Run] = []
        answer: list[Run] = []
        if self._tokens is not None:
            is_chat = self.template.is_chat
            prompt = prompt_runs(before, self._tokens, is_chat=is_chat)
            first = not any(run.ids and not run.is_bos for run in prompt)
            answer = answer_runs(rest, self._tokens, is_chat=is_chat, first=first)
        return Example(
            id=record.id,
            prompt="".join(segment.text for segment in before),
            completion=rest[0].text,
            input_ids=list(itertools.chain.from_iterable(r.ids for r in (*prompt, *answer))),
            labels=_predicted(
                [*self._labels(prompt, earlier=True), *self._labels(answer, earlier=False)]
            ),
            label=record.label,
        )

    def _labels(self, runs: list[Run], *, earlier: bool) -> list[int]:
        """Return the labels of runs that stand before the answer, or from it on."""
        loss = self.settings.loss
        labels: list[int] = []
        for run in runs:
            takes = run.trained and (loss == "assistant" or not earlier)
            takes = takes or (loss == "all" and not run.is_bos)
            labels += run.ids if takes else [IGNORE_INDEX] * len(run.ids)
        return labels

    def _count(self, record: Record) -> None:
        """Count the special-token strings in the record's fields."""
        if self._tokens is None:
            return
        found = sum(self._tokens.special.count(text) for text in texts(record))
        self.special_tokens += found
        self.special_records += found > 0


def _predicted(labels: list[int]) -> list[int]:
    """Return the labels without the first one: nothing stands before it to predict it from."""
    return [IGNORE_INDEX] * len(labels[:1]) + labels[1:]
