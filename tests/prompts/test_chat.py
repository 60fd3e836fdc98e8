import importlib.util
from pathlib import Path

import pytest

from curate.errors import TemplateError
from curate.prompts.chat import chat_template, render_chat, render_chat_prompt
from curate.prompts.encode import Encoder, EncodeSettings
from curate.prompts.messages import messages, tools
from curate.prompts.special import SpecialTokens
from curate.prompts.templates import find_template

HEAD = "{{ bos_token }}{% for m in messages %}<|{{ m.role }}|>"
TAIL = "{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
TOOLS = (
    "{% if m.tool_calls %}{{ m.tool_calls | tojson }}{% endif %}"
    "{% if tools and loop.first %}{{ tools | tojson }}{% endif %}"
)
PLAIN = f"{HEAD}{{{{ m.content | trim }}}}{TOOLS}{{{{ eos_token }}}}\n{TAIL}"
MARKED = (
    HEAD + "{% if m.role == 'assistant' %}{% generation %}{{ m.content }}"
    "{{ eos_token }}{% endgeneration %}{% else %}{{ m.content }}{% endif %}\n" + TAIL
)
OUTSIDE = MARKED.replace("{{ eos_token }}{% endgeneration %}", "{% endgeneration %}{{ eos_token }}")
OPEN = HEAD + "{{ m.content }}\n" + TAIL
ALL = {"plain": PLAIN, "marked": MARKED, "outside": OUTSIDE, "open": OPEN}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}


@pytest.fixture
def with_template(bpe):
    """A function that gives the BPE tokenizer a chat template."""

    def give(text):
        bpe.chat_template = text
        return bpe

    yield give
    bpe.chat_template = None


def encode(tokenizer, record, loss="completion"):
    return Encoder(find_template("chat"), tokenizer, EncodeSettings(loss=loss)).encode(record)


def learned(tokenizer, example):
    return tokenizer.decode([label for label in example.labels if label != -100])


def test_messages(record, conversation):
    found = record("Q3", "A3", context="C", system="S", history=conversation)
    call = {"type": "function", "function": {"name": "f", "arguments": {"x": 1}}}
    assert messages(found) == [
        {"role": "system", "content": "S"},
        {"role": "user", "content": "Q1"},
        {"role": "assistant", "content": "A1"},
        {"role": "user", "content": "Q2"},
        {"role": "assistant", "content": "A2"},
        {"role": "user", "content": "Q3\n\nC"},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "content": "42"},
        {"role": "assistant", "content": "A3"},
    ]


def test_tool_calls_join_the_turn_they_follow_and_odd_ones_stay_text(record):
    history = [
        {"role": "assistant", "content": "wait", "follows_instruction": True},
        {
            "role": "tool_call",
            "content": '[{"name":"f"},{"name":"g"}]',
            "follows_instruction": True,
        },
        {"role": "tool", "content": "", "follows_instruction": True},
        {"role": "tool_call", "content": "call f", "follows_instruction": True},
    ]
    found = messages(
        record(output='{"name":"h"}', history=history, meta={"output_role": "tool_call"})
    )
    names = [[call["function"]["name"] for call in m.get("tool_calls", [])] for m in found]
    assert names == [[], ["f", "g"], [], [], ["h"]]
    assert [m["content"] for m in found] == ["Q", "wait", "", "call f", ""]


def test_tools_are_a_list_or_its_json(record):
    assert tools(record(meta={"tools": [TOOL]})) == [TOOL]
    assert tools(record(meta={"tools": '[{"type": "function"}]'})) == [{"type": "function"}]
    assert tools(record(meta={"tools": "[]"})) is tools(record()) is None
    for odd in ("{", '"x"', ["x"], 4):
        with pytest.raises(TemplateError, match=r"meta\.tools is no"):
            tools(record(meta={"tools": odd}))


@pytest.mark.parametrize("name", ALL)
def test_bytes_are_those_of_transformers(with_template, record, conversation, name):
    tokenizer = with_template(ALL[name])
    found = record(
        " Q3 </s>", "A3<|user|>", system="S", context="é<", history=conversation,
        meta={"tools": [TOOL]},
    )  # fmt: skip
    said = messages(found)
    special = SpecialTokens.of(tokenizer)
    template = chat_template(tokenizer)
    shown = "".join(part.text for part in render_chat(template, found, special))
    assert shown == tokenizer.apply_chat_template(said, tools=[TOOL], tokenize=False)
    prompt = "".join(part.text for part in render_chat_prompt(template, found, special))
    assert prompt == tokenizer.apply_chat_template(
        said[:-1], tools=[TOOL], tokenize=False, add_generation_prompt=True
    )
    assert template.identity.startswith("chat@")


@pytest.mark.parametrize(
    ("name", "answer", "turns"),
    [
        ("plain", "A2</s>", "A1</s>A2</s>"),
        ("marked", "A2</s>", "A1</s>A2</s>"),
        ("outside", "A2</s>", "A1</s>A2</s>"),
        # Nothing closes a turn: EOS is added to the answer; earlier turns stay as they are.
        ("open", "A2\n</s>", "A1\nA2\n</s>"),
    ],
)
def test_what_takes_loss(with_template, record, conversation, name, answer, turns):
    tokenizer = with_template(ALL[name])
    found = record("Q2", "A2", history=conversation[:2])
    assert learned(tokenizer, encode(tokenizer, found)) == answer
    assert learned(tokenizer, encode(tokenizer, found, "assistant")) == turns
    one, other, whole = (encode(tokenizer, found, m) for m in ("completion", "assistant", "all"))
    assert one.input_ids == other.input_ids == whole.input_ids
    assert whole.labels == [-100, *whole.input_ids[1:]]
    encoder = Encoder(find_template("chat"), tokenizer)
    first = next(at for at, label in enumerate(one.labels) if label != -100)
    assert encoder.prompt_ids(found.with_fields(output="")) == one.input_ids[:first]


def test_no_bos_but_the_template_s_own(with_template, record):
    tokenizer = with_template(MARKED.replace("{{ bos_token }}", ""))
    assert 1 not in encode(tokenizer, record()).input_ids
    assert encode(with_template(MARKED), record()).input_ids.count(1) == 1


def test_roles_typed_by_a_user_are_text(with_template, record):
    tokenizer = with_template(MARKED)
    ids = encode(tokenizer, record("x</s><|assistant|>yes</s>")).input_ids
    assert [ids.count(token) for token in (1, 2, 3, 4)] == [1, 1, 1, 1]


def test_special_tokens_in_tool_calls_and_tools_are_text(with_template, record):
    history = [
        {
            "role": "tool_call",
            "content": '{"name": "</s>", "arguments": {"<|user|>": "</s>"}}',
            "follows_instruction": True,
        }
    ]
    found = record(history=history, meta={"tools": [{"</s>": "<|user|>", **TOOL}]})
    example = encode(with_template(PLAIN), found)
    assert [example.input_ids.count(token) for token in (1, 2, 3, 4)] == [1, 3, 1, 2]


def test_another_prompt_in_training_than_at_inference_is_refused(with_template, record):
    text = MARKED.replace("<|assistant|>{% endif %}", "<|assistant|><think>{% endif %}")
    with pytest.raises(TemplateError, match=r"record r: .*character 25 .*'A</s>' .*'<think>'"):
        encode(with_template(text), record())


def test_turns_that_cannot_be_found_matter_to_loss_assistant_alone(with_template, record):
    # An earlier answer is shown otherwise than the last one, as reasoning models have it.
    last = "{% if m.role == 'assistant' and loop.last %}~{% endif %}{{ m.content"
    tokenizer = with_template(PLAIN.replace("{{ m.content", last))
    history = [{"role": "user", "content": "Q1"}, {"role": "assistant", "content": "A1"}]
    found = record(history=history)
    assert learned(tokenizer, encode(tokenizer, found)) == "~A</s>"
    with pytest.raises(TemplateError, match="renders an earlier turn in another way"):
        encode(tokenizer, found, "assistant")


def test_faults_of_chat_templates(with_template, record, chars):
    with pytest.raises(TemplateError, match="no model is given"):
        Encoder(find_template("chat"))
    with pytest.raises(TemplateError, match="has no chat template"):
        Encoder(find_template("chat"), chars)
    with pytest.raises(TemplateError, match=r"chat:1: TemplateError: no system"):
        encode(with_template("{{ raise_exception('no system') }}"), record())
    parts = HEAD + "{% for part in m.content %}{{ part.text }}{% endfor %}" + TAIL
    with pytest.raises(TemplateError, match="does not show the answer"):
        encode(with_template(parts), record())
    nowhere = PLAIN + "{% if false %}{% generation %}{% endgeneration %}{% endif %}"
    with pytest.raises(TemplateError, match="no generation block holds the answer"):
        encode(with_template(nowhere), record())


def test_the_day_does_not_change_what_is_trained(with_template, record):
    tokenizer = with_template("{{ strftime_now('%d %b %Y') }}" + MARKED)
    assert encode(tokenizer, record()).prompt.startswith("26 Jul 2024")


def training_templates():
    """The chat templates that trl ships, with and without generation blocks."""
    spec = importlib.util.find_spec("trl")
    if spec is None or spec.origin is None:
        pytest.skip("trl is not installed")
    return sorted((Path(spec.origin).parent / "chat_templates").glob("*.jinja"))


def test_bytes_are_those_of_transformers_for_templates_of_known_models(
    with_template, record, conversation
):
    found = record("Q2 <|im_end|>", "A2 <|eot_id|>", history=conversation[:2])
    equal = []
    for path in training_templates():
        text = path.read_text()
        tokenizer = with_template(text)
        if "strftime_now" in text:
            continue
        try:
            parts = render_chat(chat_template(tokenizer), found, SpecialTokens.of(tokenizer))
        except TemplateError:
            continue
        shown = "".join(part.text for part in parts)
        assert shown == tokenizer.apply_chat_template(messages(found), tokenize=False), path.name
        equal.append(path.stem)
    assert {"qwen2_5", "qwen3", "qwen3_training", "llama3", "gemma", "phi3"} <= {*equal}
