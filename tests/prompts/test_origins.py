"""The shipped templates beside what their origins write.

The strings were written by hand from the pages and files that the headers name. Where the library
TRL is there, which keeps copies of chat templates as their models ship them, those are run as well.
"""

import importlib.util
from pathlib import Path

import jinja2.sandbox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.prompts.encode import Encoder
from curate.prompts.render import render
from curate.prompts.templates import find_template, list_templates
from curate.records import Record

INTRO = "Below is an instruction that describes a task"
INTRO_ALONE = f"{INTRO}. Write a response that appropriately completes the request."
INTRO_INPUT = (
    f"{INTRO}, paired with an input that provides further context. "
    "Write a response that appropriately completes the request."
)
VICUNA = (
    "A chat between a curious user and an artificial intelligence assistant. "
    "The assistant gives helpful, detailed, and polite answers to the user's questions."
)

# With a context, as the instruction formats have it; and without.
SINGLE = {
    "alpaca": (
        f"{INTRO_INPUT}\n\n### Instruction:\nQ\n\n### Input:\nC\n\n### Response:A</s>",
        f"{INTRO_ALONE}\n\n### Instruction:\nQ\n\n### Response:A</s>",
    ),
    "alpaca-lora": (
        f"{INTRO_INPUT}\n\n### Instruction:\nQ\n\n### Input:\nC\n\n### Response:\nA</s>",
        f"{INTRO_ALONE}\n\n### Instruction:\nQ\n\n### Response:\nA</s>",
    ),
    "dolly": (
        f"{INTRO_ALONE}\n\n### Instruction:\nQ\n\nInput:\nC\n\n### Response:\nA\n\n### End</s>",
        f"{INTRO_ALONE}\n\n### Instruction:\nQ\n\n### Response:\nA\n\n### End</s>",
    ),
    "self-instruct": ("Q\n\nInput: C\n\nOutput: A</s>", "Q\n\nOutput: A</s>"),
    "plain": ("Q\n\nC\n\nA</s>", "Q\n\nA</s>"),
    "qa": ("C\n\nQ: Q\nA: A</s>", "Q: Q\nA: A</s>"),
}

# A system prompt, one exchange before, and the question; then without the first.
TURNS = {
    "vicuna": (
        "S USER: Q1 ASSISTANT: A1</s>USER: Q ASSISTANT: A</s>",
        f"{VICUNA} USER: Q1 ASSISTANT: A1</s>USER: Q ASSISTANT: A</s>",
    ),
    "chatml": (
        "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nQ1<|im_end|>\n"
        "<|im_start|>assistant\nA1<|im_end|>\n<|im_start|>user\nQ<|im_end|>\n"
        "<|im_start|>assistant\nA<|im_end|></s>",
        "<|im_start|>user\nQ1<|im_end|>\n<|im_start|>assistant\nA1<|im_end|>\n"
        "<|im_start|>user\nQ<|im_end|>\n<|im_start|>assistant\nA<|im_end|></s>",
    ),
    "llama-3": (
        "<|start_header_id|>system<|end_header_id|>\n\nS<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\nQ1<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\nA1<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\nQ<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\nA<|eot_id|></s>",
        "<|start_header_id|>user<|end_header_id|>\n\nQ1<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\nA1<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\nQ<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\nA<|eot_id|></s>",
    ),
    "mistral": (
        "[INST] Q1[/INST] A1</s>[INST] S\n\nQ[/INST] A</s>",
        "[INST] Q1[/INST] A1</s>[INST] Q[/INST] A</s>",
    ),
    "gemma": (
        "<start_of_turn>user\nS\n\nQ1<end_of_turn>\n<start_of_turn>model\nA1<end_of_turn>\n"
        "<start_of_turn>user\nQ<end_of_turn>\n<start_of_turn>model\nA<end_of_turn></s>",
        "<start_of_turn>user\nQ1<end_of_turn>\n<start_of_turn>model\nA1<end_of_turn>\n"
        "<start_of_turn>user\nQ<end_of_turn>\n<start_of_turn>model\nA<end_of_turn></s>",
    ),
    "zephyr": (
        "<|system|>\nS</s>\n<|user|>\nQ1</s>\n<|assistant|>\nA1</s>\n"
        "<|user|>\nQ</s>\n<|assistant|>\nA</s>",
        "<|user|>\nQ1</s>\n<|assistant|>\nA1</s>\n<|user|>\nQ</s>\n<|assistant|>\nA</s>",
    ),
    "phi": (
        "<|system|>\nS<|end|>\n<|user|>\nQ1<|end|>\n<|assistant|>\nA1<|end|>\n"
        "<|user|>\nQ<|end|>\n<|assistant|>\nA<|end|></s>",
        "<|user|>\nQ1<|end|>\n<|assistant|>\nA1<|end|>\n"
        "<|user|>\nQ<|end|>\n<|assistant|>\nA<|end|></s>",
    ),
}
HISTORY = [{"role": "user", "content": "Q1"}, {"role": "assistant", "content": "A1"}]


def test_every_template_has_its_origin_here():
    assert {*SINGLE, *TURNS} == {template.name for template in list_templates()}


@pytest.mark.parametrize("name", SINGLE)
def test_an_instruction_reads_as_its_origin_writes_it(name, marks, record):
    encoder = Encoder(find_template(name), marks)
    for expected, context in zip(SINGLE[name], ("C", ""), strict=True):
        found = encoder.encode(record(context=context))
        assert marks.decode(found.input_ids) == f"<s>{expected}"


@pytest.mark.parametrize("name", TURNS)
def test_a_conversation_reads_as_its_origin_writes_it(name, marks, record):
    encoder = Encoder(find_template(name), marks)
    for expected, system in zip(TURNS[name], ("S", ""), strict=True):
        found = encoder.encode(record(system=system, history=HISTORY))
        assert marks.decode(found.input_ids) == f"<s>{expected}"


COPIES = {"chatml": "qwen2_5", "gemma": "gemma", "llama-3": "llama3", "phi": "phi3"}
WORDS = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
PAIRS = st.lists(st.tuples(WORDS, WORDS), max_size=2)


def own_template(name):
    """The chat template as the model ships it."""
    place = importlib.util.find_spec("trl")
    if place is None or place.origin is None:
        pytest.skip("trl is not installed: pip install curate[tune]")
    source = Path(place.origin).with_name("chat_templates") / f"{COPIES[name]}.jinja"
    jinja = jinja2.sandbox.ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    return jinja.from_string(source.read_text(encoding="utf-8"), {"bos_token": "", "eos_token": ""})


@pytest.mark.parametrize("name", COPIES)
@given(system=WORDS, pairs=PAIRS, question=WORDS, answer=WORDS.map(str.strip))
def test_any_text_reads_as_in_the_models_own_template(name, system, pairs, question, answer):
    """Gemma's own has no system prompt, Qwen's has one of its own where a record has none."""
    system = {"gemma": "", "chatml": system or "S"}.get(name, system)
    history = []
    for asked, said in pairs:
        history += [{"role": "user", "content": asked}, {"role": "assistant", "content": said}]
    record = Record(id="r", instruction=question, output=answer, system=system, history=history)
    *before, last = render(find_template(name), record)
    prompt = "".join(segment.text for segment in before)
    turns = [*history, {"role": "user", "content": question}]
    if system:
        turns = [{"role": "system", "content": system}, *turns]
    own = own_template(name)
    assert prompt == own.render(messages=turns, add_generation_prompt=True)
    whole = own.render(messages=[*turns, {"role": "assistant", "content": answer}])
    assert prompt + last.text == whole.removesuffix("\n")
