"""What was encoded is found again when nothing that decides it has changed, and only then."""

import dataclasses

import pytest
import zstandard

from curate.prompts import cache
from curate.prompts.cache import cache_key, read_cache, write_cache
from curate.prompts.encode import Encoder, EncodeSettings, Example, OverLength, load_tokenizer
from curate.prompts.templates import Template, find_template


@pytest.fixture
def records(record):
    return [record("one </s>", "A"), record("two" * 99, "B"), record("three", "C")]


@pytest.fixture
def encoder(bpe, qa):
    return Encoder(qa, bpe, EncodeSettings(max_length=60))


@pytest.fixture
def kept(tmp_path, encoder, records):
    """Return a cache file, its key and the chunk that was written."""
    key, chunk = cache_key(encoder, records), encoder.encode_chunk(records)
    write_cache(tmp_path / "cache", key, chunk)
    return tmp_path / "cache", key, chunk


def test_what_comes_back_is_what_was_written(kept):
    path, key, chunk = kept
    found = read_cache(path, key)
    assert [type(item) for item in found.items] == [Example, OverLength, Example]
    assert [found.items[0], found.items[2]] == [chunk.items[0], chunk.items[2]]
    fault = found.items[1]
    assert (fault.record_id, fault.length, fault.max_length) == ("r", chunk.items[1].length, 60)
    assert (found.special_tokens, found.special_records, found.fault) == (1, 1, None)
    assert [entry.name for entry in path.parent.iterdir()] == ["cache"]


def test_labels_come_back_with_every_turn(tmp_path, chars, template, record, conversation):
    turns = template(
        "{% for t in history %}{% if t.role == 'assistant' %}{% generation %}{{ t.content }}"
        "{% endgeneration %}{% else %}{{ t.content }}{% endif %}{% endfor %}"
        "{{ instruction }}{% generation %}{{ output }}{% endgeneration %}"
    )
    for loss in ("completion", "assistant", "all"):
        encoder = Encoder(turns, chars, EncodeSettings(loss=loss))
        chunk = encoder.encode_chunk([record(history=conversation[:4])])
        write_cache(tmp_path / "c", "k", chunk)
        assert read_cache(tmp_path / "c", "k").items == chunk.items


def test_the_key_is_that_of_the_same_things(encoder, bpe, qa, records):
    again = Encoder(qa, bpe, EncodeSettings(max_length=60))
    assert cache_key(again, records) == cache_key(encoder, records)
    # A tokenizer keeps what it was asked for last; that decides nothing.
    bpe("x", truncation=True, max_length=3)
    assert cache_key(again, records) == cache_key(encoder, records)


@pytest.mark.parametrize(
    "field", ["instruction", "context", "output", "system", "id", "source", "meta", "history"]
)
def test_any_change_of_a_record_changes_the_key(encoder, records, field):
    values = {"meta": {"tools": "x"}, "history": [{"role": "user", "content": "hi"}]}
    other = [records[0].with_fields(**{field: values.get(field, "other")}), *records[1:]]
    assert cache_key(encoder, other) != cache_key(encoder, records)


def test_order_and_number_of_records_are_in_the_key(encoder, records):
    keys = {cache_key(encoder, some) for some in (records, records[::-1], records[:2], [])}
    assert len(keys) == 4


@pytest.mark.parametrize(
    "change", [{"max_length": 61}, {"over_length": "truncate"}, {"loss": "all"}]
)
def test_each_setting_is_in_the_key(encoder, bpe, qa, records, change):
    settings = EncodeSettings(**{"max_length": 60, **change})
    assert cache_key(Encoder(qa, bpe, settings), records) != cache_key(encoder, records)


def test_the_template_is_in_the_key(encoder, bpe, qa, records):
    edited = dataclasses.replace(qa, text=qa.text.replace("A: ", "A:"))
    other = Encoder(edited, bpe, encoder.settings)
    assert cache_key(other, records) != cache_key(encoder, records)


def test_a_file_called_chat_is_not_the_model_s_own(records):
    tiny = load_tokenizer("tiny")
    own = Encoder(find_template("chat"), tiny)
    file = Encoder(Template("chat", own.template.text, "chat.jinja"), tiny)
    assert own.template.identity == file.template.identity
    assert cache_key(own, records) != cache_key(file, records)


def test_the_tokenizer_is_in_the_key(encoder, chars, metaspace, qa, records):
    keys = {
        cache_key(Encoder(qa, tokenizer, encoder.settings), records)
        for tokenizer in (encoder.tokenizer, chars, metaspace)
    }
    assert len(keys) == 3


def test_one_more_merge_makes_another_tokenizer(bpe, encoder, qa, records, tmp_path):
    bpe.save_pretrained(tmp_path)
    file = tmp_path / "tokenizer.json"
    same = Encoder(qa, load_tokenizer(str(tmp_path)), encoder.settings).identity
    text = file.read_text()
    file.write_text(text.replace('"add_prefix_space": false', '"add_prefix_space": true'))
    assert file.read_text() != text
    assert Encoder(qa, load_tokenizer(str(tmp_path)), encoder.settings).identity != same


def test_the_code_is_in_the_key(encoder, records, monkeypatch):
    before = cache_key(encoder, records)
    monkeypatch.setattr(cache, "_code", lambda: "another version")
    assert cache_key(encoder, records) != before
    monkeypatch.undo()
    for name, value in (("__version__", "9"), ("version", lambda name: "9")):
        cache._code.cache_clear()
        monkeypatch.setattr(cache, name, value)
        assert cache_key(encoder, records) != before
        monkeypatch.undo()
        cache._code.cache_clear()
    assert cache_key(encoder, records) == before


def test_another_key_finds_nothing(kept):
    path, key, _ = kept
    assert read_cache(path, key[::-1]) is None
    assert read_cache(path.with_name("nothing"), key) is None


def damaged(path, change):
    whole = zstandard.ZstdDecompressor().decompressobj().decompress(path.read_bytes())
    path.write_bytes(zstandard.ZstdCompressor().compress(change(whole)))


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.replace(b'"truncated":false', b'"truncated":true', 1),
        lambda data: b"".join(data.splitlines(keepends=True)[:-2]),
        lambda data: b"".join([*data.splitlines(keepends=True)[:1], data.splitlines()[-1], b"\n"]),
        lambda data: data[: len(data) // 2],
        lambda data: b"",
        lambda data: b"[]\n[]\n",
        lambda data: b"\xff\n",
    ],
)
def test_a_damaged_entry_is_none(kept, change):
    path, key, _ = kept
    damaged(path, change)
    assert read_cache(path, key) is None


@pytest.mark.parametrize("change", [lambda data: data[:-9], lambda data: b"PK", lambda data: b""])
def test_a_damaged_file_is_none(kept, change):
    path, key, _ = kept
    path.write_bytes(change(path.read_bytes()))
    assert read_cache(path, key) is None
