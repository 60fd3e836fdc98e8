"""Let a model answer, and measure how well."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from curate.prompts.encode import IGNORE_INDEX, Encoder, Example
from curate.prompts.special import SpecialTokens
from curate.records import Record
from curate.tuning.collating import Collator, rows_of
from curate.tuning.losses import Loss, record_losses
from curate.tuning.streaming import make_streamer

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

__all__ = ["BATCH", "Answer", "Sampling", "answer", "batch_losses", "batch_of", "exact_match",
           "losses_of", "pad_id", "stop_ids"]  # fmt: skip

BATCH = 16
_MOST_LOGITS = 2**28
"""Of a batch of held-out records; a gigabyte in float32."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model made of one record's prompt, beside what was expected."""

    id: str
    expected: str
    text: str

    @property
    def is_exact(self) -> bool:
        """Whether the answer is the expected output, spaces at the ends aside."""
        return self.text.strip() == self.expected.strip()


@dataclass(frozen=True, slots=True)
class Sampling:
    """How tokens are drawn: from the smallest set with `top_p` of the mass, at a temperature."""

    temperature: float
    top_p: float = 1.0
    seed: int = 0


def answer(
    model: "PreTrainedModel", encoder: Encoder, records: Sequence[Record], *, max_new_tokens: int,
    sampling: Sampling | None = None, stream: Callable[[str], None] | None = None,
) -> list[Answer]:  # fmt: skip
    """Return answers to the records' prompts, in order; greedy ones without `sampling`.

    The prompt ids are those of training: one encoder makes both. `stream` is given the text of a
    single record as it comes; together that is the answer.
    """
    options = _options(sampling)
    if stream is not None:
        options["streamer"] = make_streamer(encoder.tokenizer, stream)
    answers: list[Answer] = []
    for start in range(0, len(records), BATCH):
        batch = records[start : start + BATCH]
        texts = _generate(model, encoder, batch, {"max_new_tokens": max_new_tokens, **options})
        answers += [Answer(r.id, r.output, text) for r, text in zip(batch, texts, strict=True)]
    return answers


def _options(sampling: Sampling | None) -> dict[str, Any]:
    if sampling is None:
        return {"do_sample": False}
    import transformers

    transformers.set_seed(sampling.seed)
    return {"do_sample": True, "temperature": sampling.temperature, "top_p": sampling.top_p,
            "top_k": 0}  # fmt: skip


def _generate(
    model: "PreTrainedModel", encoder: Encoder, records: Sequence[Record], options: dict[str, Any]
) -> list[str]:
    import torch

    prompts = [encoder.prompt_ids(record) for record in records]
    tokenizer: Any = encoder.tokenizer
    pad = pad_id(encoder)
    width = max(map(len, prompts))
    ids = torch.tensor([[pad] * (width - len(p)) + p for p in prompts], device=model.device)
    mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts])
    with torch.inference_mode():
        output = model.eval().generate(
            input_ids=ids,
            attention_mask=mask.to(model.device),
            pad_token_id=pad,
            eos_token_id=stop_ids(encoder, records[0]),
            **options,
        )
    return [tokenizer.decode(row[width:], skip_special_tokens=True).strip() for row in output]


def pad_id(encoder: Encoder) -> int:
    """Return the id that fills a batch up; it takes no attention and no loss."""
    tokenizer: Any = encoder.tokenizer
    return int(tokenizer.eos_token_id if tokenizer.pad_token_id is None else tokenizer.pad_token_id)


def stop_ids(encoder: Encoder, record: Record) -> list[int]:
    """Return the ids that end an answer: EOS, and the token that the template closes one with.

    What else the template writes there, a blank before the answer or words, ends nothing.
    """
    tokenizer: Any = encoder.tokenizer
    strings = sorted(SpecialTokens.of(tokenizer).strings)
    special = {*tokenizer.convert_tokens_to_ids(strings)}
    unanswered = record.with_fields(output="")
    closing = encoder.encode(unanswered).input_ids[len(encoder.prompt_ids(unanswered)) :]
    first = next((token for token in closing if token in special), tokenizer.eos_token_id)
    return sorted({int(tokenizer.eos_token_id), first})


def losses_of(model: "PreTrainedModel", examples: Sequence[Example], *, pad: int) -> list[Loss]:
    """Return the loss of each example, in order; one that takes none has no tokens."""
    import torch

    losses = [Loss(place, 0.0, 0) for place in range(len(examples))]
    collate = Collator(pad)
    rows = rows_of(examples, [[place] for place in range(len(examples))])
    model.eval()
    longest = max((len(example.input_ids) for example in examples), default=0)
    size = batch_of(longest, model.get_input_embeddings().weight.shape[0])
    with torch.inference_mode():
        for start in range(0, len(examples), size):
            some = [
                {name: column[at] for name, column in rows.items()}
                for at in range(start, min(start + size, len(examples)))
            ]
            for loss in batch_losses(model, collate(some)):
                losses[loss.record] = loss
    return losses


def batch_of(longest: int, vocabulary: int) -> int:
    """Return how many rows are measured together: their logits are to fit.

    >>> batch_of(100, 1_000), batch_of(2_048, 128_256), batch_of(32_768, 128_256)
    (16, 1, 1)
    """
    return max(1, min(BATCH, _MOST_LOGITS // max(1, longest * vocabulary)))


def batch_losses(model: "PreTrainedModel", batch: "dict[str, torch.Tensor]") -> list[Loss]:
    """Return the loss of each record in a batch of the collator's."""
    import torch

    on_device = {name: tensor.to(model.device) for name, tensor in batch.items()}
    records, labels = on_device.pop("records"), on_device.pop("labels")
    logits = model(**on_device, use_cache=False).logits[:, -labels.shape[1] : -1].float()
    losses = torch.nn.functional.cross_entropy(
        logits.transpose(1, 2), labels[:, 1:], ignore_index=IGNORE_INDEX, reduction="none"
    )
    return record_losses(losses, labels, records)


def exact_match(answers: Sequence[Answer]) -> float:
    """Return the share of answers equal to the expected output."""
    return sum(a.is_exact for a in answers) / len(answers) if answers else 0.0
