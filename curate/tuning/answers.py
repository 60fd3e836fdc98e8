"""Let a model answer, and measure how well."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from curate.prompts.encode import IGNORE_INDEX, Encoder, Example
from curate.prompts.special import SpecialTokens
from curate.records import Record

if TYPE_CHECKING:
    from transformers import PreTrainedModel

__all__ = ["Answer", "answer", "exact_match", "mean_loss", "pad_id"]

_BATCH = 16


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


def answer(
    model: "PreTrainedModel", encoder: Encoder, records: Sequence[Record], *, max_new_tokens: int
) -> list[Answer]:
    """Return greedy answers to the records' prompts, in order.

    The prompt ids are those of training: one encoder makes both.
    """
    answers: list[Answer] = []
    for start in range(0, len(records), _BATCH):
        batch = records[start : start + _BATCH]
        texts = _generate(model, encoder, batch, max_new_tokens)
        answers += [Answer(r.id, r.output, text) for r, text in zip(batch, texts, strict=True)]
    return answers


def _generate(
    model: "PreTrainedModel", encoder: Encoder, records: Sequence[Record], max_new_tokens: int
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
            max_new_tokens=max_new_tokens,
            do_sample=False,
            pad_token_id=pad,
            eos_token_id=_stop_ids(encoder, records[0]),
        )
    return [tokenizer.decode(row[width:], skip_special_tokens=True).strip() for row in output]


def pad_id(encoder: Encoder) -> int:
    """Return the id that fills a batch up; it takes no attention and no loss."""
    tokenizer: Any = encoder.tokenizer
    return int(tokenizer.eos_token_id if tokenizer.pad_token_id is None else tokenizer.pad_token_id)


def _stop_ids(encoder: Encoder, record: Record) -> list[int]:
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


def mean_loss(model: "PreTrainedModel", examples: Sequence[Example], *, pad: int) -> float:
    """Return the mean loss over all loss-bearing tokens, in nats per token."""
    import torch

    total, tokens = 0.0, 0
    model.eval()
    with torch.inference_mode():
        for ids, labels, mask in _batches(examples, pad, model.device):
            logits = model(input_ids=ids, attention_mask=mask).logits[:, :-1].float()
            loss = torch.nn.functional.cross_entropy(
                logits.flatten(0, 1), labels[:, 1:].flatten(),
                ignore_index=IGNORE_INDEX, reduction="sum",
            )  # fmt: skip
            total += loss.item()
            tokens += int((labels[:, 1:] != IGNORE_INDEX).sum())
    return total / max(tokens, 1)


def _batches(
    examples: Sequence[Example], pad: int, device: object
) -> Iterator[tuple[Any, Any, Any]]:
    """Yield ids, labels and mask, each [batch, seq], padded on the right."""
    import torch

    for start in range(0, len(examples), _BATCH):
        batch = examples[start : start + _BATCH]
        width = max(len(example.input_ids) for example in batch)
        gaps = [width - len(example.input_ids) for example in batch]
        ids = [e.input_ids + [pad] * gap for e, gap in zip(batch, gaps, strict=True)]
        labels = [e.labels + [IGNORE_INDEX] * gap for e, gap in zip(batch, gaps, strict=True)]
        mask = [[1] * (width - gap) + [0] * gap for gap in gaps]
        yield tuple(torch.tensor(rows, device=device) for rows in (ids, labels, mask))


def exact_match(answers: Sequence[Answer]) -> float:
    """Return the share of answers equal to the expected output."""
    return sum(a.is_exact for a in answers) / len(answers) if answers else 0.0
