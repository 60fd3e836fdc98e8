import json

import pytest

from curate.prompts.encode import Encoder, EncodeSettings, OverLength, digest
from curate.prompts.preview import preview_rows


def test_rows_with_a_model(chars, qa, record):
    encoder = Encoder(qa, chars)
    row, last = preview_rows(encoder, [record()])
    ids = [1, *map(ord, "Q: Q\nA: A"), 2]
    assert list(row.items()) == [
        ("id", "r"),
        ("template", qa.identity),
        ("prompt", "Q: Q\nA: "),
        ("completion", "A"),
        ("input_ids", ids),
        ("labels", [-100] * 9 + [65, 2]),
        ("loss_tokens", 2),
        ("truncated", False),
    ]
    assert last == {"digest": digest([encoder.encode(record())]), "records": 1}
    assert json.loads(json.dumps(row)) == row


def test_rows_without_a_model_have_texts_alone(qa, record):
    row, last = preview_rows(Encoder(qa), [record()])
    assert list(row) == ["id", "template", "prompt", "completion"]
    assert last["records"] == 1
    assert last["digest"] != [*preview_rows(Encoder(qa), [record("other")])][-1]["digest"]


def test_the_digest_covers_the_records_that_are_not_shown(chars, qa, record):
    records = [record(), record("two"), record("three")]
    rows = list(preview_rows(Encoder(qa, chars), records, limit=1))
    assert len(rows) == 2
    assert rows[-1] == list(preview_rows(Encoder(qa, chars), records))[-1]


def test_a_record_too_long_says_so(chars, qa, record):
    records = [record(), record("long" * 9)]
    encoder = Encoder(qa, chars, EncodeSettings(max_length=20))
    _, row, last = preview_rows(encoder, records)
    assert row == {
        "id": "r", "template": qa.identity, "dropped": "over_length", "tokens": 46,
        "max_length": 20,
    }  # fmt: skip
    assert (last["records"], last["dropped"]) == (1, 1)
    strict = Encoder(qa, chars, EncodeSettings(max_length=20, over_length="error"))
    with pytest.raises(OverLength):
        list(preview_rows(strict, records))
