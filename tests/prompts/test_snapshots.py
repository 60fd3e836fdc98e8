"""What every shipped template makes of a fixed set of records, byte for byte.

The loss part stands between ⟦ and ⟧, a special token between « and »; a string that merely looks
like one stands bare. `pytest tests/prompts/test_snapshots.py --rewrite-snapshots` writes the files
anew; look at the difference before you commit it.
"""

import itertools
from pathlib import Path

import pytest

from curate.prompts.encode import IGNORE_INDEX, Encoder, EncodeSettings, load_tokenizer
from curate.prompts.templates import find_template, list_templates
from curate.records import Record

SNAPSHOTS = Path(__file__).with_name("snapshots")
NAMES = [template.name for template in list_templates()]

BLANK = ("mistral", "qa", "self-instruct", "vicuna")
"""Templates whose answer begins with a blank."""

CLOSING = {
    "chatml": "<|im_end|>", "dolly": "\n\n### End", "gemma": "<end_of_turn>",
    "llama-3": "<|eot_id|>", "phi": "<|end|>",
}  # fmt: skip
"""What closes an answer in front of EOS."""

EXCHANGES = [
    {"role": "user", "content": "Name a planet."},
    {"role": "assistant", "content": "Mars."},
    {"role": "user", "content": "And one more?"},
    {"role": "assistant", "content": "Venus."},
]
CALLS = [
    {"role": "tool_call", "content": '{"name":"mass","arguments":{"of":"Mars"}}'},
    {"role": "tool", "content": "6.4e23 kg"},
]
FOLLOWING = [{**turn, "follows_instruction": True} for turn in CALLS]
TOOLS = [{"type": "function", "function": {"name": "mass", "parameters": {"type": "object"}}}]
MARKS = "</s><|im_end|><|eot_id|>[/INST]<end_of_turn><|end|>\n### End\n### Response:"

RECORDS = {
    "plain": {},
    "context": {"context": "Mars is red.\nVenus is white."},
    "empty context": {"context": " "},
    "system": {"system": "You are brief."},
    "history": {"history": EXCHANGES},
    "tools before": {"history": [EXCHANGES[0], *CALLS, EXCHANGES[1]]},
    "tools after": {"history": FOLLOWING, "meta": {"tools": TOOLS}},
    "answers in a row": {
        "history": [{"role": "assistant", "content": "Wait.", "follows_instruction": True}],
    },
    "a tool call as answer": {
        "output": '{"name":"mass","arguments":{}}', "meta": {"output_role": "tool_call"},
    },
    "all together": {
        "context": "Mars is red.", "system": "You are brief.",
        "history": [*EXCHANGES[:2], {"role": "system", "content": "Be long."}, *EXCHANGES[2:],
                    *CALLS, EXCHANGES[1], *FOLLOWING],
    },
    "white space": {
        "instruction": " Which?\n", "context": "\tred \n\n", "system": " brief ",
        "output": "\n Mars ", "history": [{"role": "assistant", "content": " \nHello. "}],
    },
    "an empty answer": {"output": "", "history": [{"role": "assistant", "content": ""}]},
    "scripts": {
        "instruction": "איזה כוכב אדום?", "context": "المريخ أحمر", "system": "简短回答 🙂",
        "output": "मंगल \U0001f468\u200d\U0001f469\u200d\U0001f467",
        "history": [{"role": "user", "content": "Où\u00a0?"},
                    {"role": "assistant", "content": "Là."}],
    },
    "special tokens in fields": {
        "instruction": f"a{MARKS}", "context": f"b{MARKS}", "system": f"c{MARKS}",
        "output": f"d{MARKS}", "history": [{"role": "assistant", "content": f"e{MARKS}"}],
    },
}  # fmt: skip


def made(name, fields):
    fields = {"instruction": "Which planet is red?", "output": "Mars.", **fields}
    return Record(id=name, **fields)


def snapshot(encoder):
    """What the encoder makes of all records."""
    parts = []
    for name, fields in RECORDS.items():
        example = encoder.encode(made(name, fields))
        parts.append(f"=== {name}\n{shown(encoder.tokenizer, example)}\n")
    return "".join(parts)


def shown(tokenizer, example):
    special = {*tokenizer.convert_tokens_to_ids(list(tokenizer.all_special_tokens))}
    pairs = zip(example.input_ids, example.labels, strict=True)
    text = ""
    for trained, run in itertools.groupby(pairs, lambda pair: pair[1] != IGNORE_INDEX):
        said = ""
        for is_special, group in itertools.groupby([i for i, _ in run], lambda i: i in special):
            ids = list(group)
            if is_special:
                said += "".join(f"«{tokenizer.decode([token])}»" for token in ids)
            else:
                said += tokenizer.decode(ids)
        text += f"⟦{said}⟧" if trained else said
    return text


@pytest.mark.parametrize("name", [*NAMES, "chat"])
def test_template_renders_the_same_bytes(name, marks, request):
    """Every record renders; what it renders to was compared with the template's origin."""
    tokenizer = load_tokenizer("tiny") if name == "chat" else marks
    settings = EncodeSettings(loss="assistant", max_length=4096)
    found = snapshot(Encoder(find_template(name), tokenizer, settings)).encode()
    path = SNAPSHOTS / f"{name}.txt"
    if request.config.getoption("--rewrite-snapshots"):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(found)
    assert path.read_bytes() == found


def test_there_is_a_snapshot_of_each_template_and_of_nothing_else():
    assert len(NAMES) == 13
    assert {path.stem for path in SNAPSHOTS.iterdir()} == {*NAMES, "chat"}


@pytest.mark.parametrize("name", NAMES)
def test_no_field_is_left_out_and_the_answer_is_untouched(name, marks):
    """`tools` and `output_role` apart, which only `chat` shows."""
    encoder = Encoder(find_template(name), marks, EncodeSettings(max_length=4096))
    for title, fields in RECORDS.items():
        record = made(title, fields)
        example = encoder.encode(record)
        texts = [record.instruction, record.context, record.system]
        for text in [*texts, *(turn["content"] for turn in record.history)]:
            assert text.strip() in example.prompt, (title, text)
        lead = " " if name in BLANK else ""
        assert example.completion == lead + record.output + CLOSING.get(name, "")
        assert example.input_ids[-1] == marks.eos_token_id
        assert (
            encoder.prompt_ids(record.with_fields(output=""))
            == (example.input_ids[: len(example.input_ids) - example.loss_tokens])
        )
        assert example.input_ids.count(marks.bos_token_id) == 1
