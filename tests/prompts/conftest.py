"""Tokenizers made on the spot: character codes, and small ones of each kind that behaves apart."""

import os
import re

import pytest

from curate.prompts.templates import Template
from curate.prompts.tokenizer import load_tokenizer
from curate.records import Record

os.environ["HF_HUB_OFFLINE"] = "1"

CORPUS = ["### Response: the cat runs below is an instruction. Question: Answer: 12 + 7 = 19"] * 2


class CharTokenizer:
    """An id is a character code; `<s>` is 1 and `</s>` is 2. It begins texts with BOS."""

    bos_token, bos_token_id = "<s>", 1
    eos_token, eos_token_id = "</s>", 2
    unk_token_id = None
    all_special_tokens = ("<s>", "</s>")
    special_tokens_map = {"bos_token": "<s>", "eos_token": "</s>"}  # noqa: RUF012
    chat_template = None
    begins = True

    def encode(self, text, *, add_special_tokens=True, split_special_tokens=False):
        if not split_special_tokens:
            text = text.replace("</s>", "\2").replace("<s>", "\1")
        return [1] * (add_special_tokens and self.begins) + [ord(char) for char in text]

    def decode(self, token_ids, *, skip_special_tokens=False):
        text = "".join(map(chr, token_ids))
        return text.replace("\1", "<s>").replace("\2", "</s>")

    def convert_tokens_to_ids(self, tokens):
        return [{"<s>": 1, "</s>": 2}[token] for token in tokens]

    def get_vocab(self):
        return {"<s>": 1, "</s>": 2}


@pytest.fixture
def chars():
    return CharTokenizer()


class MarksTokenizer(CharTokenizer):
    """An id is a character code; the marks of every shipped template are special tokens."""

    marks = (
        "<s>", "</s>", "<|im_start|>", "<|im_end|>", "<|start_header_id|>", "<|end_header_id|>",
        "<|eot_id|>", "[INST]", "[/INST]", "[TOOL_RESULTS]", "[/TOOL_RESULTS]", "<start_of_turn>",
        "<end_of_turn>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>",
    )  # fmt: skip
    ids = {mark: 0x110001 + number for number, mark in enumerate(marks)}  # noqa: RUF012
    all_special_tokens = marks
    bos_token_id, eos_token_id = ids["<s>"], ids["</s>"]

    def encode(self, text, *, add_special_tokens=True, split_special_tokens=False):
        parts = re.split(f"({'|'.join(map(re.escape, self.marks))})", text)
        found = [self.bos_token_id] * add_special_tokens
        for part in parts:
            known = part in self.ids and not split_special_tokens
            found += [self.ids[part]] if known else map(ord, part)
        return found

    def decode(self, token_ids, *, skip_special_tokens=False):
        names = {token: mark for mark, token in self.ids.items()}
        return "".join(names.get(token) or chr(token) for token in token_ids)

    def convert_tokens_to_ids(self, tokens):
        return [self.ids[token] for token in tokens]

    def get_vocab(self):
        return self.ids


@pytest.fixture
def marks():
    return MarksTokenizer()


@pytest.fixture(scope="session")
def bpe():
    """A byte-level BPE with merges, chat tokens and a BOS of its own."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    names = ["<pad>", "<s>", "</s>", "<|user|>", "<|assistant|>", "<|system|>", "<|tool|>"]
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=names,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    raw.train_from_iterator(["### Response: the cat runs </s> below is an instruction"], trainer)
    raw.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return PreTrainedTokenizerFast(
        tokenizer_object=raw, bos_token="<s>", eos_token="</s>", pad_token="<pad>",
        extra_special_tokens=names[3:],
    )  # fmt: skip


@pytest.fixture(scope="session")
def metaspace():
    """A BPE as SentencePiece makes it: it puts a blank in front of every text."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    letters = sorted({*"▁\n#:.,<>/|", *map(chr, range(33, 127))})
    vocab = {char: at for at, char in enumerate(["<unk>", "<s>", "</s>", *letters])}
    raw = Tokenizer(models.BPE(vocab=vocab, merges=[], unk_token="<unk>"))
    raw.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always", split=False)
    raw.decoder = decoders.Metaspace(prepend_scheme="always", split=False)
    return PreTrainedTokenizerFast(
        tokenizer_object=raw, bos_token="<s>", eos_token="</s>", unk_token="<unk>"
    )


@pytest.fixture(scope="session")
def tiny():
    """That of the shipped model."""
    return load_tokenizer("tiny")


@pytest.fixture(scope="session")
def gpt2():
    """As GPT-2 has it: bytes, merges, one special token for everything, no BOS of its own."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=["<|endoftext|>"], show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )  # fmt: skip
    raw.train_from_iterator(CORPUS, trainer)
    end = "<|endoftext|>"
    return PreTrainedTokenizerFast(tokenizer_object=raw, bos_token=end, eos_token=end)


@pytest.fixture(scope="session")
def llama():
    """As SentencePiece has it: blanks are ▁, one goes in front, unknown letters are bytes."""
    from tokenizers import Tokenizer, decoders, models, normalizers, processors
    from transformers import PreTrainedTokenizerFast

    names = ["<unk>", "<s>", "</s>"]
    pieces = [*(f"<0x{byte:02X}>" for byte in range(256)), *map(chr, range(33, 127)), "▁"]
    merges = [("▁", "A"), (":", "▁"), ("t", "h"), ("th", "e"), ("▁", "the"), ("▁", "▁")]
    pieces += ["".join(pair) for pair in merges]
    vocab = {piece: at for at, piece in enumerate(dict.fromkeys([*names, *pieces]))}
    raw = Tokenizer(
        models.BPE(vocab=vocab, merges=merges, unk_token="<unk>", byte_fallback=True,
                   fuse_unk=True)
    )  # fmt: skip
    raw.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    raw.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(),
         decoders.Strip(" ", 1, 0)]
    )  # fmt: skip
    raw.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return PreTrainedTokenizerFast(
        tokenizer_object=raw, bos_token="<s>", eos_token="</s>", unk_token="<unk>"
    )


@pytest.fixture(scope="session")
def unigram():
    """A unigram model that has `</s>` in its ordinary vocabulary, as T5's has."""
    from tokenizers import Tokenizer, decoders, models
    from transformers import PreTrainedTokenizerFast

    pieces = [("<unk>", 0.0), ("<s>", 0.0), ("</s>", 0.0)]
    raw = Tokenizer(models.Unigram([*pieces, *((chr(c), -9.0) for c in range(10, 127))], unk_id=0))
    raw.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(
        tokenizer_object=raw, bos_token="<s>", eos_token="</s>", unk_token="<unk>"
    )


@pytest.fixture(scope="session")
def slow():
    """A tokenizer in Python: an id is a byte."""
    from transformers import ByT5Tokenizer

    return ByT5Tokenizer()


@pytest.fixture
def record():
    """A function that makes a record."""

    def make(instruction="Q", output="A", **fields):
        return Record(id="r", instruction=instruction, output=output, **fields)

    return make


@pytest.fixture
def template():
    """A function that makes a template file of a text."""
    return lambda text: Template("mine", text, "mine.jinja")


QA = "Q: {{ instruction }}{{ context }}\nA: {% generation %}{{ output }}{% endgeneration %}"


@pytest.fixture
def qa(template):
    return template(QA)


@pytest.fixture
def conversation():
    """History of two exchanges and the tool turns that follow the instruction."""
    return [
        {"role": "user", "content": "Q1"},
        {"role": "assistant", "content": "A1"},
        {"role": "user", "content": "Q2"},
        {"role": "assistant", "content": "A2"},
        {
            "role": "tool_call",
            "content": '{"arguments":{"x":1},"name":"f"}',
            "follows_instruction": True,
        },
        {"role": "tool", "content": "42", "follows_instruction": True},
    ]
