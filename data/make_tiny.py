"""Make the tiny base model: python data/make_tiny.py [--out DIR] [--steps N] [--seed N].

Writes the prose of the tiny world, trains a byte-level BPE tokenizer on it and pretrains a small
Llama on one thread. Same seed, same steps, same machine and library versions: same bytes.
"""

import argparse
import json
import math
import random
import time
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from world import load_tasks, write_prose

SPECIALS = ["<pad>", "<s>", "</s>", "<|system|>", "<|user|>", "<|assistant|>", "<|tool|>"]
VOCABULARY, DOCUMENTS, BATCH, BLOCK, PEAK = 1024, 60_000, 16, 128, 3e-3
SHAPE = {"hidden_size": 128, "num_hidden_layers": 4, "intermediate_size": 352}
# Read by the tokenizer alone, never by the model: prompts in this wording stay short.
PREAMBLE = """Below is an instruction that describes a task, paired with an input that provides \
further context. Write a response that appropriately completes the request.

### Instruction:

### Input:

### Response:"""
CHAT_TEMPLATE = """\
{{- bos_token -}}
{%- for message in messages -%}
{%- if message['role'] not in ['system', 'user', 'assistant', 'tool'] -%}
{{- raise_exception('unknown role: ' + message['role']) -}}
{%- endif -%}
{{- '<|' + message['role'] + '|>\n' -}}
{%- if message['role'] == 'assistant' -%}
{%- generation -%}
{{- message['content'] or '' -}}
{%- if message['tool_calls'] -%}{{- message['tool_calls'] | tojson -}}{%- endif -%}
{{- eos_token -}}
{%- endgeneration -%}
{%- else -%}
{{- message['content'] -}}
{%- endif -%}
{{- '\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|assistant|>\n' -}}{%- endif -%}
"""


def write_documents(seed: int, count: int) -> list[str]:
    """That many documents of prose, the same for the same seed."""
    rng, tasks = random.Random(seed), load_tasks()
    return [write_prose(rng, tasks) for _ in range(count)]


def train_tokenizer(documents: list[str]) -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer that opens every text with `<s>`."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=SPECIALS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(documents + [PREAMBLE] * (len(documents) // 8), trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A $B", special_tokens=[("<s>", 1)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        bos_token="<s>",
        eos_token="</s>",
        additional_special_tokens=SPECIALS[3:],
        model_max_length=1024,
        padding_side="right",
        clean_up_tokenization_spaces=False,
        chat_template=CHAT_TEMPLATE,
    )


def encode_blocks(tokenizer: PreTrainedTokenizerFast, documents: list[str]) -> torch.Tensor:
    """All documents in one stream, each closed by `</s>`, cut into blocks [count, BLOCK]."""
    stream = [i for ids in tokenizer(documents)["input_ids"] for i in [*ids, 2]]
    count = len(stream) // BLOCK
    return torch.tensor(stream[: count * BLOCK]).view(count, BLOCK)


def build_model(seed: int) -> LlamaForCausalLM:
    """A small Llama with fresh weights."""
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        num_attention_heads=4,
        max_position_embeddings=1024,
        tie_word_embeddings=True,
        # About 1/sqrt(hidden_size). At the usual 0.02 attention in so narrow a model stays near
        # uniform, and looking things up in a story is not learned at all.
        initializer_range=0.08,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        **SHAPE,
    )
    return LlamaForCausalLM(config)


@torch.no_grad()
def measure_loss(model: LlamaForCausalLM, blocks: torch.Tensor) -> float:
    """The mean loss a token of the blocks, in nats."""
    model.eval()
    loss = model(input_ids=blocks, labels=blocks, use_cache=False).loss.item()
    model.train()
    return loss


def pretrain(model: LlamaForCausalLM, blocks: torch.Tensor, *, steps: int, seed: int) -> float:
    """Trains the model in place; the loss on the last 64 blocks, which it never trains on."""
    train, unseen = blocks[:-64], blocks[-64:]
    optimizer = torch.optim.AdamW(model.parameters(), lr=PEAK, betas=(0.9, 0.98), weight_decay=0.01)
    generator = torch.Generator().manual_seed(seed)
    order, start = torch.empty(0, dtype=torch.long), time.monotonic()
    for step in range(steps):
        if len(order) < BATCH:
            order = torch.cat([order, torch.randperm(len(train), generator=generator)])
        batch, order = train[order[:BATCH]], order[BATCH:]
        rate = min(1.0, (step + 1) / 50) * (0.02 + 0.49 * (1 + math.cos(math.pi * step / steps)))
        for group in optimizer.param_groups:
            group["lr"] = PEAK * rate
        loss = model(input_ids=batch, labels=batch, use_cache=False).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        if (step + 1) % 100 == 0:
            seconds = time.monotonic() - start
            print(f"step {step + 1} loss {loss.item():.3f} {seconds:.0f} s", flush=True)
    return measure_loss(model, unseen)


def save(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, out: Path) -> None:
    """Writes the folder: weights as fp16, readable by everyone, free of paths and padding state."""
    out.mkdir(parents=True, exist_ok=True)
    model.eval().half().save_pretrained(out)
    tokenizer.backend_tokenizer.no_padding()
    tokenizer.backend_tokenizer.no_truncation()
    tokenizer.save_pretrained(out)
    for name in ("config.json", "tokenizer_config.json"):
        settings = json.loads((out / name).read_text())
        settings.pop("_name_or_path", None)
        settings.pop("name_or_path", None)
        (out / name).write_text(json.dumps(settings, indent=2, sort_keys=True) + "\n")
    for path in out.iterdir():
        path.chmod(0o644)


def main() -> None:
    """Makes the folder and prints what it holds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "tiny")
    parser.add_argument("--steps", type=int, default=3200)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    documents = write_documents(args.seed, min(DOCUMENTS, 20 * args.steps + 400))
    tokenizer = train_tokenizer(documents[:6000])
    blocks = encode_blocks(tokenizer, documents)
    model = build_model(args.seed)
    print(f"{model.num_parameters():,} parameters, {blocks.numel():,} tokens of prose")
    loss = pretrain(model, blocks, steps=args.steps, seed=args.seed)
    save(model, tokenizer, args.out)
    size = sum(path.stat().st_size for path in args.out.iterdir())
    read = args.steps * BATCH * BLOCK
    print(f"read {read:,} tokens, loss on unseen prose {loss:.3f}, {size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
