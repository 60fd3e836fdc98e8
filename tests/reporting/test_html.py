import re

import pytest

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{ 7 * 7 }}"


@pytest.fixture
def page(look, tmp_path, outline_of):
    """Return a function that gives the page of a file, and its outline."""

    def make(path):
        look(path, html=tmp_path / "out.html")
        text = (tmp_path / "out.html").read_text(encoding="utf-8")
        return text, outline_of(text)

    return make


def test_markup_in_records_rows_and_names_is_text(page, tmp_path, write_rows):
    rows = [{"instruction": EVIL, "output": ""}, {"instruction": f"{EVIL} ", "output": EVIL}]
    path = write_rows(tmp_path / "a<b>&.jsonl", rows)
    path.write_bytes(path.read_bytes() + f"broken {EVIL}\n".encode())
    text, outline = page(path)
    assert not {"script", "img"} & set(outline.tags)
    assert text.count("&lt;script&gt;alert(1)") >= 3
    assert "{{ 7 * 7 }}" in text
    assert "a&lt;b&gt;&amp;.jsonl" in text


def test_controls_in_records_rows_and_names_are_shown_as_escapes(page, tmp_path, write_rows):
    evil = "a\x1b[2Jb\x9bc\u202ed\u2067e"
    rows = [{"instruction": evil, "output": ""}, {"instruction": "👩\u200d👧?", "output": ""}]
    path = write_rows(tmp_path / f"{evil}.jsonl", rows)
    path.write_bytes(path.read_bytes() + f"broken {evil}\n".encode())
    text, _ = page(path)
    assert not set("\x1b\x9b\u202e\u2067") & set(text)
    assert r"a\u001b[2Jb\u009bc\u202ed\u2067e.jsonl" in text


def test_it_loads_nothing(page, messy):
    text, outline = page(messy)
    assert not {"script", "link", "img", "iframe"} & set(outline.tags)
    assert not [pair for pair in outline.attributes if pair[0] in ("src", "href")]
    assert not re.search(r"url\(|@import|https?:", text)
    assert "default-src 'none'" in text


def test_it_has_every_section_and_says_what_the_pictures_show(page, messy):
    text, outline = page(messy)
    ids = {value for name, value in outline.attributes if name == "id"}
    assert ids == {"sources", "fields", "languages", "steps", "unreadable"}
    labels = [value for name, value in outline.attributes if name == "aria-label"]
    assert "7 rows read: 3 kept, 3 dropped, 1 quarantined" in labels
    assert "Lengths of output: median 4, longest 18 characters" in labels
    assert {value for name, value in outline.attributes if name == "aria-labelledby"} == ids
    assert "same as messy:1" in text
    assert "prefers-color-scheme: dark" in text


def test_a_clean_file_gets_a_clean_verdict(page, tmp_path, write_rows):
    path = write_rows(tmp_path / "a.jsonl", [{"instruction": "Name a pet.", "output": "A cat."}])
    text, _ = page(path)
    assert 'class="verdict clean"' in text
    assert "Nothing is wrong: 1 of 1 rows" in text


def test_a_file_without_rows_gets_none(page, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.jsonl").touch()
    text, _ = page(tmp_path / "in")
    assert "verdict clean" not in text
    assert "No row was read" in text


def test_it_is_the_same_each_time(page, messy):
    assert page(messy)[0] == page(messy)[0]
