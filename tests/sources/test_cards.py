import os

import pytest

from curate.sources import resolve

ROW = '{"instruction": "a", "output": "b"}\n'


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Write files in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def write(**texts):
        for path, text in texts.items():
            os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
            with open(path, "wb") as file:
                file.write(text if isinstance(text, bytes) else text.encode())

    return write


def licenses(*arguments):
    return [source.license for source in resolve(arguments)]


def card(license):
    return f"---\npretty_name: x\nlicense: {license}\n---\n# x\n"


@pytest.mark.parametrize(("text", "license"), [
    (card("apache-2.0"), "apache-2.0"),
    (card("CC-BY-SA-4.0"), "cc-by-sa-4.0"),
    (card("'mit'").replace("\n", "\r\n"), "mit"),
    ("\ufeff" + card("mit"), "mit"),
    ("---\nlicense: mit\n---", "mit"),
    (card("[mit, apache-2.0]"), ""),
    (card("other"), ""),
    (card("unknown"), ""),
    (card("see LICENSE for terms"), ""),
    (card("2"), ""),
    (card("{a: b}"), ""),
    (card("x" * 65), ""),
    ("# x\n---\nlicense: mit\n---\n", ""),
    ("---\nlicense: mit\n", ""),
    ("---\n- license: mit\n---\n", ""),
    ("---\nlicense: [mit\n---\n", ""),
    ("---\nlicense: " + "[" * 5000 + "\n---\n", ""),
    ("---\nlicense: !!python/object/apply:os.system [ls]\n---\n", ""),
    (b"\xff\xfe---\nlicense: mit\n---\n", ""),
    (b"---\nlicense: mit\npretty_name: caf\xe9\n---\n", "mit"),
    ("", ""),
])  # fmt: skip
def test_only_a_plain_identifier_in_front_matter_counts(folder, text, license):
    folder(**{"d/README.md": text, "d/a.jsonl": ROW})
    assert licenses("d/a.jsonl") == [license]


def test_the_nearest_card_counts_up_to_the_folder_that_was_given(folder):
    folder(**{
        "README.md": card("gpl-3.0"), "d/README.md": card("mit"), "d/a.jsonl": ROW,
        "d/in/b.jsonl": ROW, "d/in/side/README.md": "no front matter", "d/in/side/c.jsonl": ROW,
        "d/own/README.md": card("cc-by-4.0"), "d/own/d.jsonl": ROW,
    })  # fmt: skip
    assert licenses("d") == licenses("d/") == licenses("X=d") == ["mit", "mit", "mit", "cc-by-4.0"]
    assert licenses("d/in") == ["", ""]
    assert licenses("d/in/b.jsonl", "d/*/d.jsonl") == ["", "cc-by-4.0"]
    os.chdir("d")
    assert licenses("a.jsonl") == licenses("./a.jsonl") == ["mit"]


def test_a_readme_that_is_no_file_states_nothing(folder):
    folder(**{"d/README.md/a.jsonl": ROW, "p/a.jsonl": ROW})
    os.mkfifo("p/README.md")  # reading it would wait for ever
    assert licenses("d", "p") == ["", ""]


def test_standard_input_and_a_hub_that_cannot_be_reached_have_none():
    assert licenses("-", "hf:nobody/nothing") == ["", ""]


def test_a_hub_dataset_has_the_licence_of_its_cached_card(folder, monkeypatch):
    folder(**{"cache/README.md": card("cc-by-nc-4.0")})
    asked = []

    def download(name, file, **options):
        asked.append((name, file, options))
        return "cache/README.md"

    monkeypatch.setattr("huggingface_hub.hf_hub_download", download)
    assert licenses("hf:o/n:main:train@v1", "hf:o/n:main:test@v1") == ["cc-by-nc-4.0"] * 2
    assert asked == [("o/n", "README.md", {"repo_type": "dataset", "revision": "v1"})]


def test_rows_that_state_a_licence_keep_it(folder, all_of):
    rows = ROW + ROW.replace("}", ', "license": "MIT"}') + ROW.replace("}", ', "license": ""}')
    folder(**{"d/README.md": card("cc-by-4.0"), "d/a.jsonl": rows})
    found = all_of(resolve(["d"])[0]).records
    assert [record.license for record in found] == ["cc-by-4.0", "MIT", "cc-by-4.0"]


def test_records_of_a_dataset_directory_keep_theirs_too(folder, all_of, tmp_path):
    from curate.cleaning import clean
    from curate.steps import STEPS, select_steps

    rows = [ROW, ROW.replace('"a"', '"c"').replace("}", ', "license": "MIT"}')]
    folder(**{"a.jsonl": "".join(rows)})
    clean(resolve(["a.jsonl"]), select_steps(STEPS, only=["validate"]), tmp_path / "out")
    folder(**{"out/README.md": card("cc-by-4.0")})
    found = all_of(resolve(["out"])[0]).records
    assert [record.license for record in found] == ["cc-by-4.0", "MIT"]
