"""`score`: perplexity and IFD by a model."""

import json
import math

import pytest
import torch
from click.testing import CliRunner

from curate.cli import main
from curate.prompts.encode import IGNORE_INDEX, Encoder, EncodeSettings
from curate.prompts.templates import find_template
from curate.prompts.tokenizer import load_tokenizer
from curate.recipe import ModelSettings
from curate.records import Record
from curate.tuning.models import load_model
from curate.tuning.scores import Scorer

RECORDS = [
    Record(id="a:1", instruction="Name the number before seventeen.", output="It is sixteen."),
    Record(id="a:2", instruction="Add.", context="two, three", output="Five"),
    Record(id="a:3", instruction="Say nothing.", output=" "),
    Record(id="a:4", instruction="word " * 400, output="Long."),
    Record(id="a:5", instruction="x", output="y", meta={"ifd": 9, "topic": "z"}),
]


@pytest.fixture(scope="module")
def by_hand():
    """Return perplexity and IFD of a record, computed with nothing but the model's own loss."""
    model = load_model(ModelSettings(model_name_or_path="tiny")).eval()
    encoder = Encoder(
        find_template("alpaca"), load_tokenizer("tiny"), EncodeSettings(max_length=200)
    )

    def loss(ids, labels):
        with torch.inference_mode():
            rows = (torch.tensor([row], device=model.device) for row in (ids, labels))
            return model(next(rows), labels=next(rows)).loss.item()

    def score(record, bos):
        example = encoder.encode(record)
        answer = [x for x in example.labels if x != IGNORE_INDEX]
        labels = list(example.labels)
        start = labels.index(answer[0])
        if bos is None:
            labels[start] = IGNORE_INDEX
            alone = loss(answer, [IGNORE_INDEX, *answer[1:]])
        else:
            alone = loss([bos, *answer], [IGNORE_INDEX, *answer])
        after = loss(example.input_ids, labels)
        return math.exp(after), after / alone

    return score


def scored(scorer, records):
    return [item.meta for item in scorer(records)]


@pytest.mark.parametrize("with_bos", [True, False])
def test_scores_are_those_of_the_definition(by_hand, with_bos):
    scorer = Scorer("tiny", max_length=200)
    tokenizer = scorer._encoder.tokenizer
    bos = tokenizer.bos_token_id
    assert bos is not None
    if not with_bos:
        tokenizer.bos_token = None
    found = scored(scorer, RECORDS)
    for place in (0, 1, 4):
        perplexity, ifd = by_hand(RECORDS[place], bos if with_bos else None)
        assert found[place]["perplexity"] == pytest.approx(perplexity, rel=1e-4)
        assert found[place]["ifd"] == pytest.approx(ifd, rel=1e-4)
    assert found[2] == {} == found[3]
    assert found[4]["topic"] == "z"
    assert scorer.left_out == {"without an answer": 1, "longer than 200 tokens": 1}
    assert scorer.scored == 3


def test_a_prompt_that_says_the_answer_helps():
    """What the tuned model has learned: the word is in the question."""
    scorer = Scorer("tiny")
    told = Record(id="a", instruction="The list: forest, hat, kite. Which word comes first?",
                  output="The first word is forest.")  # fmt: skip
    untold = Record(id="b", instruction="Hello.", output="The first word is forest.")
    one, other = scored(scorer, [told, untold])
    assert one["ifd"] < other["ifd"]


def test_rows_come_out_in_their_order_with_two_columns_more(tmp_path, write_rows):
    rows = [
        {"instruction": f"Add {n} and one.", "input": "", "output": "word " * (1 + n % 7), "n": n}
        for n in range(600)  # more than are measured together
    ]
    source, out = write_rows(tmp_path / "rows.jsonl", rows), tmp_path / "scored.jsonl"
    source.write_bytes(source.read_bytes() + b"{broken\n")
    done = CliRunner().invoke(main, ["score", str(source), "-m", "tiny", "-o", str(out), "--json"])
    assert done.exit_code == 1, done.output  # a row cannot be read, and that is told
    assert json.loads(done.stdout)["scored"] == 600
    assert "left out 1: cannot be read" in done.stderr
    found = [json.loads(line) for line in out.open()]
    assert [row["n"] for row in found] == [*range(600)]
    assert all(row["perplexity"] >= 1 and row["ifd"] > 0 for row in found)
    again = CliRunner().invoke(
        main, ["score", str(out), "-m", "tiny", "-o", str(tmp_path / "2.jsonl")]
    )
    assert again.exit_code == 0, again.output
    assert (tmp_path / "2.jsonl").read_bytes() == out.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        (["SOURCE", "-m", "./nowhere", "-o", "OUT"], 1, "nowhere: no such folder"),
        (["SOURCE", "-m", "tiny", "-o", "OUT.txt"], 2, "unknown suffix"),
        (["SOURCE", "-m", "tiny", "-o", "SOURCE"], 1, "is the source"),
        (["SOURCE", "-m", "tiny", "-t", "alpacca", "-o", "OUT"], 2, "alpaca"),
    ],
)
def test_what_cannot_be_scored(tmp_path, write_rows, arguments, code, why):
    source = write_rows(tmp_path / "s.jsonl", [{"instruction": "a", "input": "", "output": "b"}])
    names = {"SOURCE": source, "OUT": tmp_path / "o.jsonl", "OUT.txt": tmp_path / "o.txt"}
    before = source.read_bytes()
    done = CliRunner().invoke(main, ["score", *(str(names.get(a, a)) for a in arguments)])
    assert done.exit_code == code, done.output
    assert why in done.output
    assert source.read_bytes() == before
    assert not (tmp_path / "o.jsonl").exists()
