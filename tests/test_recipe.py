import pytest

from curate.errors import UsageError
from curate.recipe import find_recipe, load_cleaning, load_recipe
from curate.shipped import shipped

BOMB = "a: &a [x]\n" + "".join(
    f"{name}: &{name} [{', '.join(['*' + before] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
GOOD = """\
seed: 3
model:
  model_name_or_path: tiny
data:
  dataset: d
backend: {method: lora, r: 4}
training:
  learning_rate: 5e-3
"""


@pytest.fixture
def recipe(tmp_path):
    def write(text, name="r.yaml"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def test_values_and_defaults(recipe):
    loaded = load_recipe(recipe(GOOD))
    assert (loaded.seed, loaded.backend.r, loaded.backend.lora_alpha) == (3, 4, 32)
    assert loaded.training == {"learning_rate": 0.005}
    assert (loaded.data.template, loaded.data.max_length) == ("alpaca", 1024)


def test_overrides_are_yaml_and_reach_inside(recipe):
    overrides = ["training.max_steps=5", "data.dataset=e", "backend.target_modules=[q_proj]"]
    loaded = load_recipe(recipe(GOOD), overrides)
    assert loaded.training == {"learning_rate": 0.005, "max_steps": 5}
    assert (loaded.data.dataset, loaded.backend.target_modules) == ("e", ["q_proj"])


def test_extends_lays_one_recipe_over_another(recipe):
    recipe(GOOD, "base.yaml")
    top = recipe("extends: base.yaml\nbackend: {r: 9}\n", "top.yaml")
    loaded = load_recipe(top)
    assert (loaded.backend.r, loaded.seed) == (9, 3)
    with pytest.raises(UsageError, match=r"base\.yaml:1: extends|at most one level"):
        load_recipe(recipe("extends: top.yaml\n", "third.yaml"))


def test_every_fault_at_once_with_its_line(recipe):
    path = recipe(
        "model:\n  base_model: tiny\n"
        "data:\n  dataset: d\n  cutoff_len: 5\n  loss: everything\n"
        "backend:\n  method: lora\n  lora_alfa: 3\n  r: 0\n"
    )
    with pytest.raises(UsageError) as caught:
        load_recipe(path)
    assert str(caught.value).splitlines() == [
        f"{path}:1: model.model_name_or_path is missing",
        f"{path}:2: model.base_model: no such key; here it is called model.model_name_or_path",
        f"{path}:5: data.cutoff_len: no such key; here it is called data.max_length",
        f"{path}:6: data.loss is everything: Input should be 'completion', 'assistant' or 'all'",
        f"{path}:9: backend.lora_alfa: no such key; did you mean 'lora_alpha'?",
        f"{path}:10: backend.r is 0: Input should be greater than or equal to 1",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1", r"r\.yaml:2: not valid YAML|r\.yaml:1: not valid YAML"),
        ("- a\n", r"r\.yaml:1: a recipe is a mapping"),
        ("", r"r\.yaml:1: a recipe is a mapping"),
        (GOOD + "seed: 4\n", r"r\.yaml:9: seed is there twice \(.*r\.yaml:1\)"),
        ("seed: 2001-99-99\n", r"r\.yaml:1: not valid YAML: month must be in 1\.\.12"),
        ("seed: !!int x\n", r"r\.yaml:1: not valid YAML"),
        ("a: &a [*a]\n", r"r\.yaml:1: not valid YAML: nested too deeply"),
        ("a: " + "[" * 3000, r"r\.yaml:1: not valid YAML: nested too deeply"),
        (BOMB, r"more than 10000 keys and items: no recipe"),
        ("seed: \x00\n", r"not valid YAML"),
        (GOOD + "extends: no.yaml\n", r"r\.yaml:9: extends no\.yaml: no such recipe file"),
        ("!!python/object/apply:os.system ['true']\n", "a recipe is a mapping"),
        (
            GOOD + "x: !!python/object/apply:os.system ['true']\n",
            r"r\.yaml:9: not valid YAML: could not determine a constructor",
        ),
    ],
)
def test_what_is_no_recipe(recipe, text, message):
    with pytest.raises(UsageError, match=message):
        load_recipe(recipe(text))


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("seed", "expected KEY=VALUE"),
        ("seed.x=1", "seed holds a value"),
        ("a=[1", "not valid YAML"),
    ],
)
def test_overrides_that_cannot_be(recipe, override, message):
    with pytest.raises(UsageError, match=message):
        load_recipe(recipe(GOOD), [override])


def test_a_recipe_that_is_not_there():
    with pytest.raises(UsageError, match=r"\(did you mean 'lora'\?\); shipped recipes: .*lora"):
        find_recipe("lorra")


def test_every_shipped_recipe_loads():
    found = sorted(shipped("recipes").rglob("*.yaml"))
    assert len(found) >= 1
    for path in found:
        load_recipe(path)


def test_weights_that_are_trained_are_not_in_float16(recipe):
    path = recipe(GOOD.replace("{method: lora, r: 4}", "{method: full}"))
    with pytest.raises(UsageError, match=r"model\.dtype: backend\.method is full, and float16"):
        load_recipe(path, ["model.dtype=float16"])


def cleaning(recipe, text):
    return load_cleaning(recipe(text))


def test_cleaning_needs_nothing_of_training(recipe):
    said = cleaning(
        recipe,
        "data:\n  sources: [a.jsonl]\n  steps: {dedup: {threshold: 0.9}, pii: }\n  skip: [echo]\n",
    )
    assert (said.sources, said.skip) == (("a.jsonl",), ("echo",))
    assert said.options() == {"dedup": {"threshold": 0.9}, "pii": {}}


def test_a_recipe_of_training_can_say_what_is_cleaned(recipe):
    text = GOOD.replace("dataset: d", "dataset: d\n  steps: {length: {max_chars: 9}}")
    assert cleaning(recipe, text).options() == {"length": {"max_chars": 9}}
    loaded = load_recipe(recipe(text))
    assert loaded.data.dataset == "d"
    assert list(loaded.model_dump(mode="json")["data"]["steps"]) == ["length"]
    assert type(loaded).model_validate(loaded.model_dump(mode="json")) == loaded


def test_faults_of_cleaning_are_told_with_their_lines(recipe):
    path = recipe("data:\n  steps: {dedup: {treshold: 1}}\n  skip: [eco]\n  sorces: []\n")
    with pytest.raises(UsageError) as caught:
        load_cleaning(path)
    assert str(caught.value).splitlines() == [
        f"{path}:2: data.steps.dedup.treshold: no such key; did you mean 'threshold'?",
        f"{path}:3: data.skip.0 is eco: Input should be 'normalise', 'validate', 'licenses', "
        "'placeholders', 'merged_instructions', 'template_residue', 'echo', 'pii', 'refusals', "
        "'unanswerable', 'truncated_output', 'repetition', 'length', 'language', 'preferences', "
        "'dedup', 'semantic_dedup' or 'scores'",
        f"{path}:4: data.sorces: no such key; did you mean 'sources'?",
    ]


def test_training_on_sources_says_how_they_are_cleaned(recipe):
    path = recipe(GOOD.replace("dataset: d", "sources: [a.jsonl]"))
    with pytest.raises(UsageError, match=r"curate clean --recipe \S+ -o DIR`, then data.dataset"):
        load_recipe(path)
