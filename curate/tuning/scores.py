"""Score records by a model: how surprising the answer is, and how much the prompt helps."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from curate.prompts.encode import IGNORE_INDEX, Encoder, EncodeSettings, Example, OverLength
from curate.prompts.templates import find_template
from curate.prompts.tokenizer import load_tokenizer
from curate.recipe import ModelSettings
from curate.records import Quarantined, Record
from curate.tuning.answers import losses_of, pad_id
from curate.tuning.measuring import perplexity
from curate.tuning.models import load_model, require_tuning

if TYPE_CHECKING:
    from transformers import PreTrainedModel

__all__ = ["IFD", "PERPLEXITY", "Scorer"]

IFD, PERPLEXITY = "ifd", "perplexity"
"""The columns that hold the scores."""

_BLOCK = 512  # records that are measured together, longest last


class Scorer:
    """Adds to `meta` of each record what a model makes of its answer.

    `perplexity`: e to the mean loss of the answer's tokens after the prompt. `ifd`:
    instruction-following difficulty, that loss over the one of the same tokens without the prompt
    (Li et al. 2023, "From quantity to quality", 2.2). Both are over the same tokens: where the
    tokenizer has no BOS, nothing stands before the first one without a prompt, and it counts in
    neither. The rendering and the tokens are those of training.

    Attributes:
        left_out: how many records have no score, by reason.

    Raises:
        ModelError: the model cannot be found or loaded.
        TemplateError: there is no such template.
    """

    def __init__(
        self, model: str, *, revision: str | None = None, template: str = "alpaca",
        max_length: int = 1024,
    ) -> None:  # fmt: skip
        require_tuning()
        tokenizer = load_tokenizer(model, revision)
        settings = EncodeSettings(max_length=max_length)
        self._encoder = Encoder(find_template(template), tokenizer, settings)
        loaded = ModelSettings(model_name_or_path=model, model_revision=revision)
        self._model: PreTrainedModel = load_model(loaded)
        self.left_out: Counter[str] = Counter()
        self.scored = 0

    def __call__(self, items: Iterable[Record | Quarantined]) -> Iterator[Record | Quarantined]:
        """Yield the items in their order, the records with their scores."""
        source = iter(items)
        while block := list(islice(source, _BLOCK)):
            yield from self._score(block)

    def _score(self, block: Sequence[Record | Quarantined]) -> Iterator[Record | Quarantined]:
        examples: dict[int, Example] = {}
        for place, item in enumerate(block):
            if isinstance(item, Record) and (example := self._encode(item)):
                examples[place] = example
        pairs = [self._pair(example) for example in examples.values()]
        with_prompt = self._losses([pair[0] for pair in pairs])
        alone = self._losses([pair[1] for pair in pairs])
        scores = dict(zip(examples, zip(with_prompt, alone, strict=True), strict=True))
        for place, item in enumerate(block):
            if isinstance(item, Record):
                meta = {k: v for k, v in item.meta.items() if k not in (IFD, PERPLEXITY)}
                if place in scores:
                    after, before = scores[place]
                    meta |= {PERPLEXITY: perplexity(after), IFD: _ratio(after, before)}
                    self.scored += 1
                item = replace(item, meta=meta)
            yield item

    def _encode(self, record: Record) -> Example | None:
        """Return the example of a record, or note why there is none."""
        texts = record.instruction, record.context, record.output, record.system
        if not all(isinstance(text, str) for text in texts) or not record.output.strip():
            self.left_out["without an answer"] += 1
            return None
        try:
            example = self._encoder.encode(record)
        except OverLength:
            self.left_out[f"longer than {self._encoder.settings.max_length:,} tokens"] += 1
            return None
        return example

    def _pair(self, example: Example) -> tuple[Example, Example]:
        """Return the example, and its answer without the prompt; both with loss on the same."""
        tokenizer: Any = self._encoder.tokenizer
        answer = [token for token in example.labels if token != IGNORE_INDEX]
        bos = tokenizer.bos_token_id
        if bos is not None:
            alone = replace(example, input_ids=[bos, *answer], labels=[IGNORE_INDEX, *answer])
            return example, alone
        labels = list(example.labels)
        labels[next(at for at, x in enumerate(labels) if x != IGNORE_INDEX)] = IGNORE_INDEX
        alone = replace(example, input_ids=answer, labels=[IGNORE_INDEX, *answer[1:]])
        return replace(example, labels=labels), alone

    def _losses(self, examples: Sequence[Example]) -> list[float]:
        """Return the mean loss of each; those of one length go together."""
        order = sorted(range(len(examples)), key=lambda place: len(examples[place].input_ids))
        found = losses_of(
            self._model, [examples[place] for place in order], pad=pad_id(self._encoder)
        )
        means = dict(zip(order, (loss.mean for loss in found), strict=True))
        return [means[place] for place in range(len(examples))]


def _ratio(after: float, before: float) -> float:
    """Return how much of the loss is left with the prompt; 1 where there is none either way."""
    if before <= 0 or not math.isfinite(after + before):
        return 1.0
    return round(after / before, 6)
