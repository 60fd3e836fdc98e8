"""Let a model answer, and measure how well."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
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

__all__ = ["BATCH", "Answer", "Other", "Sampling", "answer", "batch_losses", "batch_of",
           "distances", "exact_match", "losses_of", "pad_id", "sample", "stop_ids"]  # fmt: skip

Other = Callable[[], "AbstractContextManager[PreTrainedModel]"]
"""What gives another model for as long as it is looked at; it is asked for again and again."""

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
    options = _options(sampling) | {"max_new_tokens": max_new_tokens}
    tokenizer: Any = encoder.tokenizer
    if stream is not None:
        options["streamer"] = make_streamer(tokenizer, stream)
    answers: list[Answer] = []
    for start in range(0, len(records), BATCH):
        batch = records[start : start + BATCH]
        _, rows = _generate(model, encoder, batch, options)
        texts = [tokenizer.decode(row, skip_special_tokens=True).strip() for row in rows]
        answers += [Answer(r.id, r.output, text) for r, text in zip(batch, texts, strict=True)]
    return answers


def sample(
    model: "PreTrainedModel", encoder: Encoder, records: Sequence[Record], *, max_new_tokens: int
) -> list[Example]:
    """Return an answer to each record's prompt as the model would draw it, in ids.

    All its tokens take loss, the one that ends it too: their loss is what the model, or another,
    makes of the answer.
    """
    options = _options(Sampling(temperature=1.0)) | {"max_new_tokens": max_new_tokens}
    found: list[Example] = []
    for start in range(0, len(records), BATCH):
        batch = records[start : start + BATCH]
        ends = {*stop_ids(encoder, batch[0])}
        prompts, rows = _generate(model, encoder, batch, options)
        for record, prompt, row in zip(batch, prompts, rows, strict=True):
            end = next((at for at, token in enumerate(row) if token in ends), len(row))
            said = row[: end + 1]
            labels = [*[IGNORE_INDEX] * len(prompt), *said]
            found.append(Example(record.id, "", "", [*prompt, *said], labels))
    return found


def _options(sampling: Sampling | None) -> dict[str, Any]:
    if sampling is None:
        return {"do_sample": False}
    import transformers

    transformers.set_seed(sampling.seed)
    return {"do_sample": True, "temperature": sampling.temperature, "top_p": sampling.top_p,
            "top_k": 0}  # fmt: skip


def _generate(
    model: "PreTrainedModel", encoder: Encoder, records: Sequence[Record], options: dict[str, Any]
) -> tuple[list[list[int]], list[list[int]]]:
    """Return the ids of the prompts, and those that the model adds to each."""
    import torch

    prompts = [encoder.prompt_ids(record) for record in records]
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
    return prompts, output[:, width:].tolist()


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

    records, labels = (batch[name].to(model.device) for name in ("records", "labels"))
    losses = torch.nn.functional.cross_entropy(
        _logits(model, batch).transpose(1, 2), labels[:, 1:], ignore_index=IGNORE_INDEX,
        reduction="none",
    )  # fmt: skip
    return record_losses(losses, labels, records)


def _logits(model: "PreTrainedModel", batch: "dict[str, torch.Tensor]") -> "torch.Tensor":
    """Return the logits of every token but the first, [batch, seq - 1, vocabulary]."""
    given = {k: v.to(model.device) for k, v in batch.items() if k not in ("records", "labels")}
    width = batch["labels"].shape[1]
    logits: torch.Tensor = model(**given, use_cache=False).logits[:, -width:-1].float()
    return logits


def distances(
    model: "PreTrainedModel", other: Other, said: Sequence[Example], *, pad: int
) -> list[tuple[float, Loss]]:
    """Return of each answer how far the model is from the other in it, and its loss to the other.

    The distance is the Kullback–Leibler divergence of what either expects at each token of the
    answer, summed over it, in nats. Over answers that the model draws its mean is the divergence of
    all that they may answer, without bias, and never below zero.
    """
    import torch

    found: list[tuple[float, Loss]] = []
    longest = max((len(example.input_ids) for example in said), default=0)
    size = batch_of(3 * longest, model.get_input_embeddings().weight.shape[0])
    for start in range(0, len(said), size):
        some = said[start : start + size]
        rows = rows_of(some, [[place] for place in range(len(some))])
        batch = Collator(pad)([{k: v[at] for k, v in rows.items()} for at in range(len(some))])
        labels = batch["labels"].to(model.device)[:, 1:]
        with torch.inference_mode():
            own = _logits(model.eval(), batch).log_softmax(-1)
            with other() as reference:
                theirs = _logits(reference.eval(), batch).log_softmax(-1)
            taken = labels != IGNORE_INDEX
            far = (own.exp() * (own - theirs)).sum(-1).masked_fill(~taken, 0.0).double().sum(1)
            told = theirs.gather(2, labels.clamp(min=0)[..., None])[..., 0]
            losses = -told.masked_fill(~taken, 0.0).double().sum(1)
        counts = taken.sum(1).tolist()
        for at, row in enumerate(zip(far.tolist(), losses.tolist(), counts, strict=True)):
            found.append((max(row[0], 0.0), Loss(start + at, row[1], row[2])))
    return found


def exact_match(answers: Sequence[Answer]) -> float:
    """Return the share of answers equal to the expected output."""
    return sum(a.is_exact for a in answers) / len(answers) if answers else 0.0
