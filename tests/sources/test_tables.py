import pytest

from curate.errors import SourceError


def test_rows_stand_at_the_line_on_which_they_start(read):
    text = 'output,instruction,n\r\n"two\r\nlines","say ""hi""",\r\n\r\no2,i2,5\r\n'
    result = read("a.csv", "\ufeff" + text)
    assert [record.id for record in result.items] == ["a:2", "a:5"]
    first, second = result.records
    assert (first.instruction, first.output, first.meta) == ('say "hi"', "two\r\nlines", {"n": ""})
    assert (second.meta, second.origin) == ({"n": "5"}, "a.csv:5")


def test_tabs_separate_in_tsv(read):
    assert read("a.tsv", "question\tanswer\ta\nq, r\ts\t\n").records[0].instruction == "q, r"


def test_ragged_rows_are_quarantined(read):
    text = "instruction,output\na,b\nc\nd,e,f\ng,h\n"
    result = read("a.csv", text)
    assert [record.id for record in result.records] == ["a:2", "a:5"]
    assert [(q.error, q.line, q.offset, q.raw) for q in result.quarantined] == [
        ("1 cells, but the header has 2", 3, 23, "c"),
        ("3 cells, but the header has 2", 4, 25, "d,e,f"),
    ]


def test_an_open_quote_costs_its_line_alone(read):
    text = 'instruction,output\na,b\n"c,d\ne,f\n"g","h"\ni,j\n'
    result = read("a.csv", text)
    assert [record.instruction for record in result.records] == ["a", "e", "g", "i"]
    [quarantined] = result.quarantined
    assert (quarantined.line, quarantined.raw) == (3, '"c,d')
    assert quarantined.error.startswith("not CSV: ")
    assert (
        len(read("a.csv", 'instruction,output\na,b\n"c,d\n' + "e,f\n" * 20_000).records) == 20_001
    )


def test_a_bad_byte_costs_its_row_alone(read):
    result = read("a.csv", b"instruction,output\na,\xff\nc,d\n")
    assert [record.id for record in result.records] == ["a:3"]
    [quarantined] = result.quarantined
    assert (quarantined.raw, quarantined.raw_base64) == ("", "YSz/")
    assert quarantined.error == "byte 0xff at byte 2 of the row is not UTF-8"


def test_cells_may_be_long(read):
    assert len(read("a.csv", "instruction,output\na," + "x" * 1_000_000).records[0].output) == 10**6


@pytest.mark.parametrize(("text", "message"), [
    (b"", "a.csv is empty"),
    (b"instruction,output\n", "a.csv is empty: it holds no row"),
    (b",\n", "a.csv is empty: it holds no row"),
    (b",,\n\n,,\n", "a.csv is empty: it holds no row"),
    (b",\nWhat?,Yes.\n", "a.csv: the header names no column"),
    (b"\n,\n,\nWhat?,Yes.\n", "a.csv: the header names no column"),
    (b"a,b,a\n1,2,3\n", "the header names column 'a' twice"),
    (b"a,\xff\n1,2\n", "a.csv:1: the header is not CSV in UTF-8"),
    (b"instruction;output\na;b\n", "keys found: instruction;output"),
])  # fmt: skip
def test_a_header_that_cannot_be_read_is_told(read, text, message):
    with pytest.raises(SourceError, match=message):
        read("a.csv", text)
