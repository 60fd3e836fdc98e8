"""`generate` and `chat`: one question, many, and a conversation."""

import json
import types

import pytest
import torch
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from curate.cli import main
from curate.errors import UsageError
from curate.prompts.tokenizer import load_tokenizer
from curate.records import Record
from curate.tuning.conversation import Conversation
from curate.tuning.generate import Tuned
from curate.tuning.streaming import make_streamer


@pytest.fixture(scope="module")
def tuned(finished):
    return Tuned(finished[0])


def ask(*arguments, stdin=None):
    return CliRunner().invoke(main, [*map(str, arguments)], input=stdin)


@given(st.text(max_size=30), st.lists(st.integers(0, 1023), max_size=20))
def test_what_is_streamed_is_the_answer(text, ids):
    """Any text, also cut within a character, and special tokens."""
    tokenizer = load_tokenizer("tiny")
    ids = [*tokenizer(text, add_special_tokens=False).input_ids, *ids]
    given_texts = []
    streamer = make_streamer(tokenizer, given_texts.append)
    streamer.put(torch.tensor([[5, 6, 7]]))
    for token in ids:
        streamer.put(torch.tensor([token]))
    streamer.end()
    assert "".join(given_texts) == tokenizer.decode(ids, skip_special_tokens=True).strip()


def test_it_is_streamed_as_it_comes():
    tokenizer = load_tokenizer("tiny")
    given_texts = []
    streamer = make_streamer(tokenizer, given_texts.append)
    streamer.put(torch.tensor([[5, 6, 7]]))
    seen = []
    for token in tokenizer(" The cat é sat. ", add_special_tokens=False).input_ids:
        streamer.put(torch.tensor([token]))
        seen.append("".join(given_texts))
    assert len(given_texts) > 3
    assert not any("\ufffd" in text for text in seen), "half a character was given"
    assert seen[-1] == "The cat é sat."


def test_records_of_a_source_are_asked_in_order(finished, tuned, tmp_path, write_rows):
    run, _ = finished
    rows = [{"instruction": f"Add {n} and one.", "input": "", "output": "x"} for n in range(18)]
    rows[3]["output"] = tuned.answer(
        [Record(id="a", instruction="Add 3 and one.")], max_new_tokens=8)[0].text  # fmt: skip
    rows.insert(5, {"instruction": "why " * 900, "input": "", "output": "x"})
    path = write_rows(tmp_path / "q.jsonl", rows)
    done = ask("generate", run, path, "--max-new-tokens", 8)
    assert done.exit_code == 0, done.output
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["instruction"] for line in lines] == [f"Add {n} and one." for n in range(18)]
    assert set(lines[0]) == {"id", "instruction", "context", "answer", "expected"}
    assert "q:6: left out: " in done.stderr
    assert done.stderr.splitlines()[-1] == "18 answers, 5.6% of 18 exact"
    alone = tuned.answer([Record(id="a", instruction="Add 7 and one.")], max_new_tokens=8)
    assert lines[7]["answer"] == alone[0].text, "a batch answers as one alone"


def test_a_prompt_with_no_room_for_its_end_is_left_out(finished, tuned, tmp_path, write_rows):
    """As a single question is refused, so a record is left out; the others are asked."""
    most = tuned.encoder.settings.max_length

    def sized(text):
        return len(tuned.encoder.prompt_ids(Record(id="a", instruction=text)))

    text = "why " * 200
    while sized(text) < most:
        text += "a " if most - sized(text) > 1 else "."
    assert sized(text) == most
    rows = [{"instruction": text, "input": "", "output": "x"},
            {"instruction": "Add one.", "input": "", "output": "x"}]  # fmt: skip
    path = write_rows(tmp_path / "q.jsonl", rows)
    done = ask("generate", finished[0], path, "--max-new-tokens", 4)
    assert done.exit_code == 0, done.output
    assert [json.loads(line)["instruction"] for line in done.stdout.splitlines()] == ["Add one."]
    assert f"q:1: left out: {most + 1} tokens" in done.stderr
    with pytest.raises(UsageError, match=f"the question has {most + 1} tokens"):
        tuned.answer([Record(id="a", instruction=text)], max_new_tokens=4)


def test_drawing_depends_on_the_seed_alone(finished):
    run, _ = finished
    options = ["generate", run, "--instruction", "Tell me.", "--temperature", "2", "--json"]
    one, again = ask(*options), ask(*options)
    assert one.exit_code == 0, one.output
    assert one.stdout == again.stdout
    assert ask(*options, "--seed", "1").stdout != one.stdout
    greedy = ask(*options[:4], "--json").stdout
    assert ask(*options, "--top-p", "1e-9").stdout == greedy, "the likeliest token alone is left"


def test_a_conversation_goes_along(tuned, monkeypatch):
    asked = []

    def answer(records, **_):
        asked.append(records[0])
        return [types.SimpleNamespace(text=f"answer {len(asked)}")]

    monkeypatch.setattr(tuned, "answer", answer)
    conversation = Conversation(tuned, "Be kind.")
    assert conversation.forget_for("one?") == 0
    assert conversation.ask("one?", max_new_tokens=4) == "answer 1"
    conversation.ask("two?", max_new_tokens=4)
    assert (asked[0].instruction, asked[0].history) == ("one?", [])
    assert asked[1].system == "Be kind."
    assert asked[1].history == [
        {"role": "user", "content": "one?"},
        {"role": "assistant", "content": "answer 1"},
    ]
    long = "why " * (tuned.encoder.settings.max_length // 6)
    conversation.ask(long, max_new_tokens=4)
    with pytest.raises(UsageError, match=r"the question has .* tokens, the run was trained with"):
        conversation.forget_for("why " * 2000)
    assert len(conversation.history) == 6
    assert conversation.forget_for(long) == 6
    assert conversation.history == []


def test_chat_on_the_command_line(finished, tuned):
    run, _ = finished
    done = ask(
        "chat", run, "--max-new-tokens", 6, stdin="Add one and two.\n\n/reset\nAdd 2.\nWhy?\n"
    )
    assert done.exit_code == 0, done.output
    conversation = Conversation(tuned)
    expected = [Conversation(tuned).ask("Add one and two.", max_new_tokens=6)]
    expected += [conversation.ask(line, max_new_tokens=6) for line in ("Add 2.", "Why?")]
    assert done.stdout.splitlines() == "\n".join(expected).splitlines()
    assert "a new conversation" in done.stderr


def test_chat_beside_the_base(finished, tuned):
    """The base is the same weights with the adapter off; each has a conversation of its own."""
    run, _ = finished
    lines = "Add one and two.", "why " * 2000, "Why?"
    done = ask("chat", run, "--versus", "--max-new-tokens", 6, stdin="\n".join(lines) + "\n")
    assert done.exit_code == 0, done.output
    talks = {"base": Conversation(Tuned(run, base=True)), "tuned": Conversation(tuned)}
    expected = [
        f"{who}: {talk.ask(line, max_new_tokens=6)}"
        for line in (lines[0], lines[2]) for who, talk in talks.items()
    ]  # fmt: skip
    assert done.stdout.splitlines() == "\n".join(expected).splitlines()
    assert "the question has" in done.stderr
    assert ask("chat", run, "--versus", "--base").exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give either --instruction or a SOURCE"),
        (["x.jsonl", "--instruction", "Hi"], "give either --instruction or a SOURCE"),
        (["x.jsonl", "--context", "c"], "--context and --system go with --instruction"),
        (["--instruction", " "], "--instruction: is empty"),
        (["--instruction", "Hi", "--top-p", "0"], "--top-p"),
        (["no-such.jsonl"], "no-such.jsonl"),
    ],
)
def test_what_cannot_be_asked_is_said(finished, arguments, message):
    done = ask("generate", finished[0], *arguments)
    assert done.exit_code in (1, 2)
    assert message in done.output
    assert "Traceback" not in done.output
