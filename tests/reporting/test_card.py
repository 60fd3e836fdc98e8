"""The card: what it says, and that the Hub takes it.

What the Hub checks at /api/validate-yaml needs the network; its rules are here by hand.
"""

import json
import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from curate.cleaning import clean
from curate.dataset import read_manifest
from curate.reporting.card import card
from curate.reporting.hub import LICENSES
from curate.sources import resolve
from curate.splitting import split_dataset
from curate.steps import STEPS, select_steps

SIZES = {"n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M", "10M<n<100M", "100M<n<1B",
         "1B<n<10B", "10B<n<100B", "100B<n<1T", "n>1T"}  # fmt: skip
ISO_639_1 = set(
    """
aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de
dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id
ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu
lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu
rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr
ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu
""".split()
)
HOSTILE = [
    "a|b", "a\\|b", "`x`|y", "<script>alert(1)</script>", "![x](http://x.test/a.png)",
    "---\nlicense: mit\n---", "x\n\n# Big", "```\n\n# Big\n```sh", "\u202ereversed", "a\tb", "#x",
    "- x", "&lt;i&gt;", "__x__", "~~x~~", "$$x$$", "[[x]]", "\x1b[31mred", "x" * 5000,
]  # fmt: skip


def front(text):
    """Return the front matter as the Hub's own code finds it, after its checks."""
    huggingface_hub = pytest.importorskip("huggingface_hub")
    data = huggingface_hub.DatasetCard(text).data.to_dict()
    licenses = data["license"] if isinstance(data["license"], list) else [data["license"]]
    assert set(licenses) <= LICENSES
    assert len(set(licenses)) == len(licenses) > 0
    assert re.fullmatch(r"[a-z0-9.-]{1,64}", data.get("license_name", "x"))
    assert set(data["size_categories"]) <= SIZES
    assert set(data.get("language", ["en"])) <= ISO_639_1
    assert data["task_categories"] == ["text-generation"]
    assert all(re.fullmatch(r"[a-z-]+", tag) for tag in data["tags"])
    names = [(f["split"], f["path"]) for f in data["configs"][0]["data_files"]]
    assert all(path == f"{split}.jsonl" for split, path in names)
    return data


def body(text):
    return text.split("\n---\n", 1)[1]


def tables(text):
    """Return the tables, each a list of rows of cells, cut as GitHub's Markdown cuts them."""
    found, rows = [], []
    for line in [*text.splitlines(), ""]:
        if line.startswith("|"):
            rows.append([c.strip() for c in re.split(r"(?<!\\)\|", line)[1:-1]])
        elif rows:
            found.append(rows)
            rows = []
    return found


@pytest.fixture
def made(tmp_path, write_rows, monkeypatch):
    """Clean a file of two licences and a file with a card."""
    monkeypatch.chdir(tmp_path)
    long = "Tell me what the weather is like in"
    rows = [{"instruction": f"{long} {t}.", "output": "It rains."} for t in ("Bo", "Ka", "Lu")]
    write_rows(tmp_path / "a.jsonl", [{**rows[0], "license": "Apache License 2.0"}, rows[1]])
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "README.md").write_text("---\nlicense: cc-by-nc-4.0\n---\n")
    write_rows(tmp_path / "d" / "b.jsonl", [rows[2], rows[2], {"instruction": "x", "output": ""}])
    return clean(resolve(["a.jsonl", "d"]), select_steps(STEPS), tmp_path / "out")


def test_the_card_says_what_went_in_and_what_was_removed(made, tmp_path):
    text = (tmp_path / "out" / "README.md").read_text()
    data = front(text)
    assert data["license"] == ["apache-2.0", "cc-by-nc-4.0", "unknown"]
    assert (data["language"], data["size_categories"]) == (["en"], ["n<1K"])
    found = {rows[0][0]: rows[2:] for rows in tables(text)}
    assert found["source"] == [
        ["a", "a.jsonl", "alpaca", "2", "0", "not stated"],
        ["b", "d/b.jsonl", "alpaca", "3", "0", "cc-by-nc-4.0"],
    ]
    assert found["licence"] == [
        ["unknown", "1"],
        ["Apache License 2.0", "1"],
        ["cc-by-nc-4.0", "1"],
    ]
    assert found["language"] == [["en", "3"]]
    assert found["reason"] == [["empty_output", "validate", "1"], ["exact_duplicate", "dedup", "1"]]
    assert "non-commercial, so the whole set is" in text
    assert "curate clean a.jsonl d -o dataset" in text
    assert "- 1 record has no licence that is known.\n" in text


def test_a_split_dataset_has_its_splits(made, tmp_path):
    split_dataset(tmp_path / "out", tmp_path / "split", validation=0.4, test=0.3, seed=2)
    text = (tmp_path / "split" / "README.md").read_text()
    manifest = read_manifest(tmp_path / "split")
    assert front(text)["license"] == ["apache-2.0", "cc-by-nc-4.0", "unknown"]
    kept = {o["path"] for o in manifest["outputs"] if o["path"].split(".")[0] in
            ("train", "validation", "test")}  # fmt: skip
    assert {f["path"] for f in front(text)["configs"][0]["data_files"]} == kept
    assert "curate split step1 --validation 0.4 --test 0.3 --seed 2 -o dataset" in text


def limits_of(made, **changes):
    return body(card({**made, **changes})).partition("## Known limits")[2]


def test_the_limits_are_those_of_the_steps_that_ran(made):
    told = limits_of(made)
    assert "Items of evaluation sets were not looked for" in told
    assert "less similar than 0.8 (" in told
    assert "Texts are as they were read" not in told
    none = limits_of(made, steps=[])
    assert "Duplicates were not looked for" in none
    assert "Texts are as they were read" in none
    assert "less similar" not in none
    steps = select_steps(STEPS, only=["dedup", "pii"], settings=[
        "dedup.scope=answer", "dedup.answer_threshold=0.7", "pii.kinds=[email]",
    ])  # fmt: skip
    entries = [{"name": s.name, "settings": s.model_dump(mode="json"), "in": 3, "kept": 3,
                "edited": 0, "dropped": {}} for s in steps]  # fmt: skip
    told = limits_of(made, steps=entries)
    assert "stays if its answer is less similar than 0.7 (" in told
    assert "these kinds were looked for, by their form: email." in told
    assert "Personal data and secrets were not" not in told


@pytest.mark.parametrize("name", HOSTILE)
def test_what_users_name_stays_in_its_cell(made, name):
    changed = json.loads(json.dumps(made))
    changed["sources"][0] |= {"name": name, "path": name, "argument": name, "license": name}
    changed["licenses"] = {name: 3}
    changed["references"] = [
        {"step": "dedup", "set": name, **changed["sources"][0], "argument": name}
    ]
    changed["steps"][0]["dropped"] = {name: 2}
    plain, text = card(made), card(changed)
    data = front(text)
    assert data["license"] in ("other", "mit")
    assert len(text) < len(plain) + 12_000 + 4 * len(name)
    head = text.split("\n---\n")[0]
    assert yaml.safe_load(head.removeprefix("---\n")).keys() <= front(plain).keys() | {
        "license_name"
    }
    before, code = body(text).split("## Make it again", 1)
    for rows in tables(before):
        assert {len(row) for row in rows} == {len(rows[0])}
    assert not re.search(r"<script|!\[|<i>|\u202e|\x1b", before)
    assert [line for line in before.splitlines() if line.startswith("#")] == [
        "# Instruction dataset", "## Splits", "## Sources", "## Licences", "## Languages",
        "## Compared with", "## Steps", "## Removed", "## Use",
    ]  # fmt: skip
    fence = re.search(r"^(`{3,})sh\n(.*?)\n\1\n\n## Known limits", code, re.DOTALL | re.MULTILINE)
    assert fence is not None
    assert not re.search(rf"^{fence[1]}", fence[2], re.MULTILINE)


@given(st.dictionaries(st.text(), st.integers(1, 10**6), max_size=30))
def test_any_licences_make_front_matter_that_the_hub_takes(licenses):
    from curate.reporting.hub import license_entry

    entry = license_entry(licenses)
    found = entry["license"] if isinstance(entry["license"], list) else [entry["license"]]
    assert set(found) <= LICENSES
    assert re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", entry.get("license_name", "x"))


def test_every_language_that_can_be_judged_is_an_iso_639_code():
    from curate.steps.language import _known

    known = set(_known())
    assert {code for code in known if len(code) == 2} <= ISO_639_1
    assert all(re.fullmatch("[a-z]{2,3}", code) for code in known)  # three: ISO 639-3


def test_thousands_of_licences_are_summed_up(made):
    text = card({**made, "licenses": {f"terms {n}": 1 for n in range(20_000)}})
    assert "| 19,980 others | 19,980 |" in text
    assert "20,000 records have licences whose terms are not known" in text
    assert len(text) < 20_000
