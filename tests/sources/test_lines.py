import hashlib

import pytest

from curate.errors import SourceError
from curate.records import Record

GOOD = b'{"instruction": "a", "input": "", "output": "b"}'


def test_a_line_becomes_a_record_with_its_position(read):
    result = read("facts.jsonl", b"\n" + GOOD + b"\n\n" + GOOD)
    assert [item.id for item in result.items] == ["facts:2", "facts:4"]
    assert result.items[0] == Record(
        id="facts:2", instruction="a", output="b", source="facts", origin="facts.jsonl:2"
    )
    assert (result.reader.rows, result.reader.layout) == (2, "alpaca")


def test_sha256_is_that_of_the_file(read):
    content = GOOD + b"\n" + GOOD
    assert read("a.jsonl", content).reader.sha256 == hashlib.sha256(content).hexdigest()


BROKEN = [
    (b'{"instruction": "\xff", "output": "b"}', "byte 0xff at byte 17 of the row is not UTF-8"),
    (b'{"instruction": "a", "outp', "not JSON: Unterminated string starting at character 22"),
    (b'{"instruction": "a", "output": NaN}', "NaN is not JSON"),
    (b'{"instruction": "a", "output": -Infinity}', "-Infinity is not JSON"),
    (
        b'{"instruction": "a", "output": 1e999}',
        "not JSON: number is infinity when parsed as double",
    ),
    (b'{"output": "a", "output": "a"}', "key 'output' appears twice"),
    (b'{"output": "a", "output" : "a\\\\"}', "key 'output' appears twice"),
    (b'{"output": "a", "x": [{"b": 1, "b": 2}]}', "key 'b' appears twice"),
    (b"[1, 2]", "a list, not an object"),
    (b"null", "null, not an object"),
    (b'"text"', "text, not an object"),
    (b'{"output": "\\ud800"}', "half of a surrogate pair (\\ud800 to \\udfff) is not text"),
    (b'{"output": 99999999999999999999}', "number 99999999999999999999 does not fit into 64 bits"),
    (b'{"output": ' + b"[" * 300 + b"]" * 300 + b"}", "nested deeper than 200 levels"),
    (b'{"output": ' + b"[" * 90000 + b"]" * 90000 + b"}", "nested deeper than 200 levels"),
    (
        b"\xef\xbb\xbf" + GOOD,
        "not JSON: Unexpected UTF-8 BOM (decode using utf-8-sig) at character 1",
    ),
    (b"\x00\x01", "not JSON: Expecting value at character 1"),
]


@pytest.mark.parametrize(("line", "reason"), BROKEN, ids=[reason[:30] for _, reason in BROKEN])
def test_a_broken_line_costs_itself_alone(read, line, reason):
    result = read("a.jsonl", GOOD + b"\n" + line + b"\r\n" + GOOD + b"\n")
    assert [record.id for record in result.records] == ["a:1", "a:3"]
    [quarantined] = result.quarantined
    assert (quarantined.source, quarantined.path, quarantined.line) == ("a", "a.jsonl", 2)
    assert quarantined.offset == len(GOOD) + 1
    assert quarantined.error == reason
    assert quarantined.raw.encode() == line or quarantined.raw_base64


def test_undecodable_bytes_are_kept_as_base64(read):
    [quarantined] = read("a.jsonl", GOOD + b"\n\xff\n").quarantined
    assert (quarantined.raw, quarantined.raw_base64) == ("", "/w==")


@pytest.mark.parametrize("line", [GOOD.replace(b'"a"', b'"a\\\\"'), GOOD.replace(b'"a"', b'"\\""')])
def test_backslashes_and_quotes_are_no_repeated_keys(read, line):
    assert len(read("a.jsonl", line).records) == 1


def test_line_separators_of_unicode_are_data(read):
    record = read("a.jsonl", [{"instruction": "a\u2028b\u0085c", "output": "d"}]).records[0]
    assert record.instruction == "a\u2028b\u0085c"


def test_byte_order_mark_and_crlf_are_accepted(read):
    result = read("a.jsonl", b"\xef\xbb\xbf" + GOOD + b"\r\n{\r\n")
    assert result.records[0].instruction == "a"
    assert (result.quarantined[0].offset, result.quarantined[0].raw) == (len(GOOD) + 5, "{")


def test_a_line_of_50_megabytes_is_a_row(read):
    result = read("a.jsonl", GOOD.replace(b'"b"', b'"%s"' % (b"x" * 50_000_000)) + b"\n" + GOOD)
    assert [len(record.output) for record in result.records] == [50_000_000, 1]


@pytest.mark.parametrize("content", [b"", b" \n\n", b"\xef\xbb\xbf"])
def test_an_empty_file_named_directly_is_an_error(read, content):
    with pytest.raises(SourceError, match=r"^a\.jsonl is empty"):
        read("a.jsonl", content)


def test_a_binary_file_is_refused_with_its_first_bytes(read):
    with pytest.raises(SourceError, match=r"no readable row in a\.jsonl \(2 tried\).*x00"):
        read("a.jsonl", b"\x00\xff\n\x01\n")


@pytest.mark.parametrize("encoding", [
    "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be",
])  # fmt: skip
@pytest.mark.parametrize(("name", "text"), [
    ("a.jsonl", GOOD.decode()), ("a.json", f"[{GOOD.decode()}]"), ("a.csv", "output,input\na,b\n"),
])  # fmt: skip
def test_utf_16_and_utf_32_are_refused(read, encoding, name, text):
    with pytest.raises(SourceError) as caught:
        read(name, text.encode(encoding))
    assert str(caught.value) == f"{name} is {encoding[:6].upper()}: save it as UTF-8"


@pytest.mark.parametrize(("mark", "bits"), [(b"\xfe\xff", 16), (b"\x00\x00\xfe\xff", 32)])
def test_a_byte_order_mark_of_big_endian_is_known(read, mark, bits):
    with pytest.raises(SourceError, match=f"is UTF-{bits}: save"):
        read("a.jsonl", mark + GOOD.decode().encode(f"utf-{bits}-be"))


def test_a_zero_byte_before_a_row_is_no_utf_16(read):
    result = read("a.jsonl", b"\0" + GOOD + b"\n" + GOOD)
    assert ([r.id for r in result.records], len(result.quarantined)) == (["a:2"], 1)
