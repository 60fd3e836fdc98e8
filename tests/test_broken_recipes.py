"""Recipes that are wrong, and what is said of each; nothing of torch is imported for it."""

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from curate.cli import main
from curate.errors import UsageError
from curate.prompts.stages import STAGES
from curate.recipe import Recipe, find_recipe, load_recipe, recipe_schema, shipped_recipes
from curate.recipe_fields import recipe_fields
from curate.tuning.training_fields import OURS, stage_fields

GOOD = {
    "model": {"model_name_or_path": "tiny"},
    "data": {"dataset": "d"},
    "backend": {"method": "lora"},
    "training": {},
    "evaluation": {},
}
ELSEWHERE = "no such key; here it is called "
BROKEN = [
    # names of other tools
    ("base_model", "x", "base_model: " + ELSEWHERE + "model.model_name_or_path"),
    ("model.model_name", "x", "model.model_name: " + ELSEWHERE + "model.model_name_or_path"),
    ("model.torch_dtype", "float32", "model.torch_dtype: " + ELSEWHERE + "model.dtype"),
    ("model.revision", "main", "model.revision: " + ELSEWHERE + "model.model_revision"),
    ("sequence_len", 512, "sequence_len: " + ELSEWHERE + "data.max_length"),
    ("data.cutoff_len", 512, "data.cutoff_len: " + ELSEWHERE + "data.max_length"),
    ("training.max_seq_length", 9, "training.max_seq_length: " + ELSEWHERE + "data.max_length"),
    ("sample_packing", True, "sample_packing: " + ELSEWHERE + "data.packing"),
    ("chat_template", "x", "chat_template: " + ELSEWHERE + "data.template"),
    ("train_on_inputs", False, "train_on_inputs: " + ELSEWHERE + "data.loss"),
    ("datasets", [], "datasets: " + ELSEWHERE + "data.dataset"),
    ("val_set_size", 0.1, "nothing: `curate split` holds records out"),
    ("micro_batch_size", 2, ELSEWHERE + "training.per_device_train_batch_size"),
    ("training.batch_size", 2, ELSEWHERE + "training.per_device_train_batch_size"),
    ("training.num_epochs", 2, ELSEWHERE + "training.num_train_epochs"),
    ("training.lr", 2, ELSEWHERE + "training.learning_rate"),
    ("training.warmup_ratio", 0.1, ELSEWHERE + "training.warmup_steps (below 1 it is a share)"),
    ("training.optimizer", "adamw", ELSEWHERE + "training.optim"),
    ("backend.lora_rank", 8, "backend.lora_rank: " + ELSEWHERE + "backend.r"),
    ("backend.lora_target", "all", ELSEWHERE + "backend.target_modules"),
    ("backend.rank", 8, "backend.rank: " + ELSEWHERE + "backend.r"),
    ("finetuning_type", "lora", ELSEWHERE + "backend.method"),
    ("quantization_bit", 4, ELSEWHERE + "model.load_in_4bit or model.load_in_8bit"),
    # slips
    ("learning_rate", 1e-4, "learning_rate: no such key; did you mean training.learning_rate?"),
    ("max_length", 100, "max_length: no such key; did you mean data.max_length?"),
    ("trainig", {}, "trainig: no such key; did you mean 'training'?"),
    ("data.max_lenght", 3, "data.max_lenght: no such key; did you mean 'max_length'?"),
    ("training.max_stepz", 3, "training.max_stepz: no such key; did you mean 'max_steps'?"),
    ("training.xyzzy", 3, "training.xyzzy: no such key; it is not among the 2"),
    ("evaluation.evry", 3, "evaluation.evry: no such key; did you mean 'every'?"),
    ("backend.method", "lorra", "backend.method is lorra: it has to be one of 'lora', 'adapter'"),
    ("backend.method", None, "backend.method is missing"),
    ("model.model_name_or_path", None, "model.model_name_or_path is missing"),
    # values
    ("seed", -1, "seed is -1: Input should be greater than or equal to 0"),
    ("data.max_length", "long", "data.max_length is long: Input should be a valid integer"),
    ("data.loss", "all tokens", "data.loss is all tokens: Input should be 'completion'"),
    ("backend.r", 0, "backend.r is 0: Input should be greater than or equal to 1"),
    ("training", [1], "training is [1]: Input should be a valid dictionary"),
    ("training.learning_rate", "fast", "is fast: it has to be a number, at least 0"),
    ("training.learning_rate", -1, "is -1: it has to be a number, at least 0"),
    ("training.learning_rate", "nan", "is nan: it has to be a number, at least 0"),
    ("training.max_steps", 0, "it has to be a whole number, at least 1, or -1 for whole epochs"),
    ("training.max_steps", True, "training.max_steps is True: it has to be a whole number"),
    (
        "training.per_device_train_batch_size",
        2.5,
        "is 2.5: it has to be a whole number, at least 1",
    ),
    ("training.num_train_epochs", 0, "is 0: it has to be a number, above 0"),
    ("training.bf16", "maybe", "training.bf16 is maybe: it has to be true or false or null"),
    ("training.lr_scheduler_type", "cosin", "greedy; did you mean 'cosine'?"),
    ("training.optim", "adamw", "a name that TRL knows; did you mean 'adamw_torch'?"),
    ("training.report_to", [1], "it has to be a list of texts or null or text"),
    # what Curate sets, and what does not go together
    ("training.output_dir", "x", "training.output_dir: Curate sets this; use -o"),
    ("training.packing", True, "training.packing: Curate sets this; use data.packing"),
    ("training.eval_strategy", "steps", "Curate sets this; use evaluation.every"),
    ("training.fsdp", "full_shard", "training.fsdp: how weights are sharded is the launcher's"),
    (
        "training.trust_remote_code",
        True,
        "Curate sets this; use nothing: no code of a model is run",
    ),
    ("evaluation.patience", 2, "evaluation.patience: evaluation.every is missing: when to measure"),
]


def with_key(dotted, value):
    """Return the good recipe with one key changed; None takes it away."""
    made = json.loads(json.dumps(GOOD))
    *way, last = dotted.split(".")
    inner = made
    for key in way:
        inner = inner[key]
    inner.pop(last, None)
    if value is not None:
        inner[last] = value
    return made


def test_there_are_fifty_of_them():
    assert len(BROKEN) >= 50


@pytest.mark.parametrize(("key", "value", "said"), BROKEN)
def test_what_is_said_of_a_broken_recipe(tmp_path, key, value, said):
    path = tmp_path / "r.yaml"
    path.write_text(json.dumps(with_key(key, value), indent=1))  # JSON is YAML
    with pytest.raises(UsageError) as caught:
        load_recipe(path)
    (line,) = str(caught.value).splitlines()
    assert said in line
    place, _, _ = line.partition(": ")
    number = int(place.removeprefix(f"{path}:"))
    if value is not None:
        assert f'"{key.rpartition(".")[2]}"' in path.read_text().splitlines()[number - 1]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["backend.method=prefix", "data.packing=true"], "data.packing: backend.method is prefix"),
        (["model.load_in_4bit=true", "model.load_in_8bit=true"], "model.load_in_4bit is true too"),
        (["backend.method=full", "model.load_in_4bit=true"], "quantized weights cannot be trained"),
        (["training.bf16=true", "training.fp16=true"], "training.bf16 is true too: choose one"),
        (["evaluation.patience=2", "evaluation.every=5", "training.save_strategy=epoch"],
         "training.save_strategy: with evaluation.patience a checkpoint is saved"),
    ],
)  # fmt: skip
def test_what_does_not_go_together(settings, said):
    with pytest.raises(UsageError) as caught:
        load_recipe(find_recipe("lora"), settings)
    assert said in str(caught.value)


def test_all_that_does_not_go_together_is_told_at_once():
    settings = ["backend.method=prefix", "data.packing=true", "training.bf16=true",
                "training.fp16=true", "evaluation.patience=3"]  # fmt: skip
    with pytest.raises(UsageError) as caught:
        load_recipe(find_recipe("lora"), settings)
    assert [line.partition(":")[0] for line in str(caught.value).splitlines()] == [
        "data.packing=true", "training.fp16=true", "evaluation.patience=3",
    ]  # fmt: skip


def test_faults_are_in_the_order_of_the_file(tmp_path):
    path = tmp_path / "r.yaml"
    path.write_text(
        "epochs: 3\nmodel: {model_name_or_path: tiny}\ndata: {dataset: d, cutoff_len: 3}\n"
        "training:\n  lr: 3\n  optim: adamw\n  max_steps: x\nbackend: {method: lora, rank: 3}\n"
    )
    with pytest.raises(UsageError) as caught:
        load_recipe(path)
    lines = [line.split(":")[1] for line in str(caught.value).splitlines()]
    assert lines == ["1", "3", "5", "6", "7", "8"]


def test_a_typo_imports_no_torch(tmp_path):
    code = (
        "import sys\nfrom curate.cli import main\n"
        "try: main(['train', 'lora', 'training.max_stepz=3', '-o', 'x'])\n"
        "except SystemExit as end: assert end.code == 2, end.code\n"
        "assert not {'torch', 'trl', 'transformers'} & sys.modules.keys()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "did you mean 'max_steps'?" in done.stderr


@pytest.mark.parametrize(
    ("field", "value", "taken"),
    [
        ("learning_rate", "5e-3", 0.005), ("learning_rate", 1, 1), ("max_steps", "20", 20),
        ("max_steps", -1, -1), ("save_strategy", False, "no"), ("bf16", None, None),
        ("lr_scheduler_type", "cosine", "cosine"), ("report_to", ["wandb"], ["wandb"]),
        ("lr_scheduler_kwargs", {"a": 1}, {"a": 1}), ("output_dir", None, None),
        ("gradient_accumulation_steps", 4.0, 4), ("warmup_steps", 0.1, 0.1),
    ],
)  # fmt: skip
def test_values_are_taken_as_the_field_has_them(field, value, taken):
    found = stage_fields("sft")[field].check(value)
    assert (found, type(found)) == (taken, type(taken))


@given(st.sampled_from(sorted(stage_fields("sft"))), st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8),
    st.lists(st.text(max_size=3), max_size=2), st.dictionaries(st.text(max_size=3), st.integers()),
))  # fmt: skip
def test_a_value_is_taken_or_refused_with_a_word(field, value):
    raw = {**GOOD, "training": {field: value}}
    try:
        recipe = Recipe.model_validate(raw)
    except ValueError as error:
        (fault,) = error.errors()
        assert fault["loc"] == ("training", field)
        assert fault["type"] in ("kind", "ours")
    else:
        again = Recipe.model_validate(recipe.model_dump(mode="json"))
        assert again.training == recipe.training


def test_defaults_of_trl_are_values_that_are_taken():
    for stage in STAGES:
        for name, field in stage_fields(stage).items():
            if name not in OURS and field.default is not None:
                assert field.check(field.default) == field.default, (stage, name)


def run(*arguments):
    return CliRunner().invoke(main, ["recipe", *map(str, arguments)])


def test_shipped_recipes_are_listed_and_copied(tmp_path):
    listed = run("--json")
    assert [row["name"] for row in json.loads(listed.stdout)] == shipped_recipes()
    assert "qlora" in run().stdout
    for name in shipped_recipes():
        copy = tmp_path / f"{name}-mine.yaml"
        done = run(name, "-o", copy)
        assert done.exit_code == 0, done.output
        assert load_recipe(copy) == load_recipe(find_recipe(name))  # wherever it lies
    again = run("lora", "-o", tmp_path / "lora-mine.yaml")
    assert again.exit_code == 2
    assert "is there already" in again.stderr


def test_a_shipped_recipe_is_extended_from_anywhere(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("extends: lora\nbackend: {r: 3}\n")
    assert load_recipe(path).backend.r == 3
    path.write_text("extends: lorra\n")
    with pytest.raises(UsageError, match=r"mine.yaml:1: extends lorra: no such .*mean 'lora'"):
        load_recipe(path)


def test_every_field_is_told():
    keys = {row["key"].partition(" ")[0] for row in recipe_fields()}
    assert {"seed", "model.dtype", "backend.r", "backend.num_virtual_tokens",
            "training.learning_rate", "evaluation.patience"} <= keys  # fmt: skip
    assert not {f"training.{name}" for name in OURS} & keys
    assert "training.learning_rate" in run("--fields").stdout
    assert all(row["what"] for row in json.loads(run("--fields", "--json").stdout))


def test_the_schema_knows_every_key(tmp_path):
    done = run("--schema", "-o", tmp_path / "recipe.schema.json")
    assert done.exit_code == 0, done.output
    schema = json.loads((tmp_path / "recipe.schema.json").read_text())
    assert schema == recipe_schema()
    training = schema["$defs"]["Training"]
    assert training["additionalProperties"] is False
    assert training["properties"]["max_steps"]["type"] == ["integer"]
    assert "extends" in schema["properties"]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["lora", "--schema"], "choose one"),
        (["-o", "x.yaml"], "-o FILE: goes with NAME or --schema"),
        (["lorra"], "did you mean 'lora'"),
    ],
)
def test_what_the_verb_cannot_do(arguments, why):
    done = run(*arguments)
    assert done.exit_code == 2
    assert why in done.stderr
