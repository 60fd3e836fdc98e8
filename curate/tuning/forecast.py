"""What a run will take, found out without a weight: steps, memory, disk.

The model is built on the meta device and run once on tensors that have shapes alone; what it keeps
for the backward pass is counted, so no formula of an architecture is needed.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from curate.prompts.encode import Example
from curate.prompts.stages import PAIRED
from curate.recipe import ModelSettings
from curate.tuning.answers import batch_of
from curate.tuning.models import load_config, weights_dtype
from curate.tuning.places import find_experts, find_linear
from curate.tuning.preparing import Prepared

if TYPE_CHECKING:
    from transformers import PreTrainedModel

__all__ = ["Forecast", "Steps", "activations", "count_steps", "forecast"]

_BITS = {"load_in_4bit": 4.127, "load_in_8bit": 8}
"""Bits of a quantized weight with its share of the constants (QLoRA, section 3)."""

_STATES = {"sgd": 0, "adafactor": 0, "lion": 1}
"""Numbers that an optimiser keeps for each that is trained; two, where it is not among these."""


@dataclass(frozen=True, slots=True)
class Steps:
    """How often what is looked at; `tokens` are those of all steps, padding aside."""

    steps: int
    epochs: float
    rows: int
    rows_a_step: int
    tokens: int
    loss_tokens: int
    longest: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """Bytes, but for the first two.

    Attributes:
        parameters: weights of the model with what is attached.
        trainable: how many of them are trained.
        weights: of the model in memory.
        gradients: of what is trained.
        optimizer: what it keeps of it.
        activations: kept for the backward pass of the longest batch.
        measuring: of a batch of held-out records; nothing is kept for a backward pass then.
        checkpoints: on the disk, at most, with what is saved in the end.

    """

    parameters: int
    trainable: int
    weights: int
    gradients: int
    optimizer: int
    activations: int
    measuring: int
    checkpoints: int

    @property
    def memory(self) -> int:
        """The most bytes that are in memory at once."""
        training = self.gradients + self.activations
        return self.weights + self.optimizer + max(training, self.measuring)


def count_steps(prepared: Prepared, processes: int = 1) -> Steps:
    """Return how long the run is, as the trainer counts."""
    config: Any = prepared.config
    places, examples = prepared.places, prepared.rows.examples
    if prepared.recipe.stage == "grpo":
        return _count_answers(prepared, processes)
    lengths = [sum(_tokens(examples[at]) for at in row) for row in places]
    batch = config.per_device_train_batch_size * processes
    round_ = math.floor if config.dataloader_drop_last else math.ceil
    an_epoch = max(math.ceil(round_(len(places) / batch) / config.gradient_accumulation_steps), 1)
    steps = config.max_steps
    if steps < 1:
        steps = math.ceil(config.num_train_epochs * an_epoch)
    epochs = steps / an_epoch
    trained = sum(example.loss_tokens for example in examples)
    return Steps(
        steps=steps, epochs=round(epochs, 2), rows=len(places),
        rows_a_step=batch * config.gradient_accumulation_steps,
        tokens=round(sum(lengths) * epochs), loss_tokens=round(trained * epochs),
        longest=max(sum(examples[at].length for at in row) for row in places),
    )  # fmt: skip


def _tokens(example: Example) -> int:
    """Return the tokens of an example, of a pair those of both sides."""
    other = example.rejected
    return len(example.input_ids) + (len(other.input_ids) if other else 0)


def _count_answers(prepared: Prepared, processes: int) -> Steps:
    """Return how long a run of stage grpo is; what is drawn is taken to be as long as it may be."""
    config: Any = prepared.config
    prompts = [len(example.input_ids) for example in prepared.rows.examples]
    batch = config.per_device_train_batch_size * processes
    drawn = config.generation_batch_size or batch * config.steps_per_generation
    together = max(drawn // config.num_generations, 1)  # prompts whose answers are drawn at once
    rounds = len(prompts) // together * config.num_iterations * (drawn // batch)
    an_epoch = max(rounds // config.gradient_accumulation_steps, 1)
    steps = config.max_steps
    if steps < 1:
        steps = math.ceil(config.num_train_epochs * an_epoch)
    rows = batch * config.gradient_accumulation_steps
    mean = sum(prompts) / len(prompts)
    answers = steps * rows * config.max_completion_length
    return Steps(
        steps=steps, epochs=round(steps / an_epoch, 2), rows=len(prompts), rows_a_step=rows,
        tokens=round(steps * rows * mean + answers), loss_tokens=answers,
        longest=max(prompts) + config.max_completion_length,
    )  # fmt: skip


def forecast(prepared: Prepared) -> Forecast:
    """Return what the run will need in each process.

    Raises:
        ModelError: the configuration of the model cannot be found.
        UsageError: the method cannot be used on it.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification

    recipe = prepared.recipe
    config: Any = prepared.config
    settings, whole = load_config(recipe.model), not recipe.backend.saves_adapter
    gpu = torch.cuda.is_available()
    dtype = weights_dtype(recipe.model, settings.dtype, whole=whole, gpu=gpu)
    with torch.device("meta"):
        if recipe.stage == "reward":
            settings.num_labels = 1
            base = AutoModelForSequenceClassification.from_config(settings, dtype=dtype)
        else:
            base = AutoModelForCausalLM.from_config(settings, dtype=dtype)
    quantized = sum(_spared(base, recipe.model))
    model = recipe.backend.attach(base, prepared.encoder.tokenizer)
    parameters = [*model.parameters()]
    trained = [p for p in parameters if p.requires_grad]
    count, gradients = sum(p.numel() for p in trained), sum(p.nbytes for p in trained)
    # The reference of grpo is a copy of what is trained.
    start = gradients if recipe.stage == "grpo" and config.beta else 0
    optimizer = _optimizer(str(config.optim), count, gradients)
    kept = 0 if config.save_strategy == "no" else (config.save_total_limit or 1) + 1
    return Forecast(
        parameters=sum(p.numel() for p in parameters),
        trainable=count,
        weights=sum(p.nbytes for p in parameters) - quantized + start,
        gradients=gradients,
        optimizer=optimizer,
        activations=activations(
            model, config, count_steps(prepared).longest, 2 if recipe.stage in PAIRED else 1
        ),
        measuring=_measuring(prepared, base),
        checkpoints=kept * (gradients + optimizer) + gradients,
    )


def _spared(base: "PreTrainedModel", model: ModelSettings) -> Iterator[int]:
    """Yield how many bytes less each layer takes where it is quantized."""
    if model.quantized:
        for name in find_linear(base):
            weight = base.get_submodule(name).weight
            yield weight.nbytes - round(weight.numel() * _BITS[model.quantized] / 8)


def _optimizer(name: str, count: int, size: int) -> int:
    """Return the bytes that an optimiser keeps for `count` numbers of `size` bytes."""
    states = next((n for key, n in _STATES.items() if key in name), 2)
    return states * (count if "8bit" in name else size)


def activations(
    model: "PreTrainedModel",
    config: Any,  # noqa: ANN401
    longest: int,
    sides: int = 1,
) -> int:
    """Return the bytes that a batch of the longest rows keeps for the backward pass.

    TRL computes the loss without holding logits, so of those there is one a row. `sides` is 2 where
    a row is a pair.
    """
    import torch
    from torch._subclasses.fake_tensor import FakeTensorMode

    kept: dict[int, tuple[int, torch.UntypedStorage]] = {}
    width: int = next(model.parameters()).element_size()
    # For tensors without values the products of experts are there in bfloat16 alone.
    dtype = torch.bfloat16 if find_experts(model) else None
    with FakeTensorMode(allow_non_fake_inputs=True):
        named = (*model.named_parameters(), *model.named_buffers())
        state = {
            name: torch.empty(
                t.shape, dtype=(t.is_floating_point() and dtype) or t.dtype
            ).requires_grad_(t.requires_grad)
            for name, t in named
        }
        own = {tensor.untyped_storage()._cdata for tensor in state.values()}

        def keep(tensor: torch.Tensor) -> torch.Tensor:
            storage = tensor.untyped_storage()
            if storage._cdata not in own:
                size = storage.nbytes()
                if dtype and tensor.dtype is dtype:
                    size = size * width // dtype.itemsize
                kept[storage._cdata] = size, storage
            return tensor

        rows = config.per_device_train_batch_size * sides
        ids = torch.zeros((rows, longest), dtype=torch.long)
        batch = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
        if not hasattr(model, "score"):
            batch["logits_to_keep"] = 1
        half = torch.float16 if config.fp16 else torch.bfloat16
        halved = torch.autocast("cpu", half, enabled=bool(config.bf16 or config.fp16))
        with halved, torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            torch.func.functional_call(model.train(), state, kwargs=batch, tie_weights=True)
    size = sum(size for size, _ in kept.values())
    if not config.activation_checkpointing:
        return size
    text = model.config.get_text_config(decoder=True)
    layers: int = text.num_hidden_layers
    states: int = ids.numel() * text.hidden_size * width
    return size // layers + states * layers


def _measuring(prepared: Prepared, base: "PreTrainedModel") -> int:
    """Return the bytes of the logits of a batch of held-out records, in three copies."""
    longest = max((len(example.input_ids) for example in prepared.measured), default=0)
    vocabulary: int = base.get_input_embeddings().weight.shape[0]
    rows = min(batch_of(longest, vocabulary), len(prepared.measured))
    width: int = next(base.parameters()).element_size()
    return rows * longest * vocabulary * (8 + width)
