"""Stages reward, dpo, kto and grpo: TRL's trainers on our ids, by every method."""

import json
import math
import shutil

import orjson
import pytest
import torch
from click.testing import CliRunner

from curate.cli import main
from curate.errors import DatasetError, ModelError, TrainingError, UsageError
from curate.prompts.encode import IGNORE_INDEX, Encoder, Example
from curate.prompts.templates import find_template
from curate.prompts.tokenizer import load_tokenizer
from curate.recipe import ModelSettings, load_recipe
from curate.records import Record
from curate.shipped import shipped
from curate.tuning.answers import losses_of, sample
from curate.tuning.finished import read_run
from curate.tuning.generate import Tuned
from curate.tuning.judging import pair_loss, scores_of
from curate.tuning.losses import TrainingLosses
from curate.tuning.models import load_model
from curate.tuning.preparing import prepare
from curate.tuning.rewards import load_rewards
from curate.tuning.saving import load_start, load_tuned
from curate.tuning.starting import attach, start_of
from curate.tuning.trainers import dpo, grpo, kto, make_trainer
from curate.tuning.training import train

from .conftest import dataset_of, some_of

QUICK = (
    "model.dtype=float32", "training.max_steps=2", "training.per_device_train_batch_size=4",
    "training.logging_steps=1", "training.save_strategy=steps", "training.save_steps=1",
    "evaluation.generate=2", "evaluation.max_new_tokens=4",
)  # fmt: skip
ANSWERS = ("training.num_generations=4", "training.max_completion_length=6")
METHODS = {
    "lora": ["backend.method=lora", "backend.r=4"],
    "adapter": ["backend.method=adapter", "backend.bottleneck_size=8"],
    "prefix": ["backend.method=prefix", "backend.num_virtual_tokens=6"],
    "full": ["backend.method=full"],
}
RULE = f"{shipped('data', 'preferences', 'rule.py')}:polite"


@pytest.fixture(scope="session")
def start(tmp_path_factory):
    """Return a run of instruction tuning, from which others start."""
    folder = tmp_path_factory.mktemp("start")
    data = some_of("answers", folder)
    train(load("sft", data, "lora", "training.max_steps=4"), folder / "run")
    return folder / "run"


def load(stage, data, method="lora", *overrides):
    more = ANSWERS if stage == "grpo" else ()
    rewards = [f"rewards={RULE}"] if stage == "grpo" else []
    path = shipped("recipes", f"{method}.yaml" if method != "lora" else "lora.yaml")
    return load_recipe(path, [f"stage={stage}", f"data.dataset={data}", *QUICK, *more, *rewards,
                              "training.learning_rate=1e-3", "training.warmup_steps=0",
                              *METHODS[method][1:], *overrides])  # fmt: skip


def rows_of(path):
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def saved(run):
    folder = run / "adapter" if (run / "adapter").exists() else run / "model"
    return b"".join(p.read_bytes() for p in sorted(folder.glob("*.safetensors")))


STAGES = [(s, m) for s in ("reward", "dpo", "kto", "grpo") for m in METHODS if m != "prefix"]
STAGES += [(s, "prefix") for s in ("dpo", "kto", "grpo")]


@pytest.mark.parametrize(("stage", "method"), STAGES)
def test_every_method_is_trained_in_every_stage(stage, method, pairs, tmp_path):
    said = train(load(stage, pairs, method), tmp_path / "run")
    assert said["recipe"]["stage"] == stage
    assert said["training"]["steps"] == 2
    after = said["metrics"]["after"]
    assert {"accuracy", "margin"} <= after["intervals"].keys()
    if stage == "reward":
        assert said["metrics"]["before"]["accuracy"] == 0.5  # a head at zero prefers nothing
        assert after["loss"] != said["metrics"]["before"]["loss"]
    else:
        assert after["kl"] > 0 or stage == "grpo"  # where no answer earned anything
        assert said["metrics"]["before"]["kl"] == 0
    first = [row for row in rows_of(tmp_path / "run" / "training_losses.jsonl") if row["step"] == 1]
    if stage in ("reward", "dpo"):  # the reference is the start, for every method
        assert [row["loss"] for row in first] == pytest.approx([math.log(2)] * 4, abs=1e-5)
    elif stage == "kto":
        assert [row["loss"] for row in first] == pytest.approx([0.5] * 4, abs=1e-5)
    else:
        assert all(row["answers"] == 4 and 0 <= row["reward"] <= 1 for row in first)
    model = Tuned(tmp_path / "run").measure(
        prepare(load(stage, pairs, method), None).held_out, generate=0, max_new_tokens=1
    )
    for name in ("loss", "accuracy", "margin"):
        assert model.metrics[name] == pytest.approx(after[name], abs=1e-5)


@pytest.mark.parametrize("stage", ["reward", "dpo", "kto"])
def test_the_loss_by_record_is_the_loss_that_is_trained_on(stage, pairs, tmp_path):
    train(load(stage, pairs, "lora", "training.max_steps=4"), tmp_path / "run")
    rows = rows_of(tmp_path / "run" / "training_losses.jsonl")
    logged = [row for row in rows_of(tmp_path / "run" / "metrics.jsonl") if "loss" in row]
    assert [row["step"] for row in logged] == [1, 2, 3, 4]
    for line in logged:
        own = [row["loss"] for row in rows if row["step"] == line["step"]]
        assert sum(own) / len(own) == pytest.approx(line["loss"], abs=2e-4)
    assert logged[-1]["loss"] != logged[0]["loss"]


def test_rewards_are_weighed_and_added_up(pairs, start, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("def length(completions):\n    return [len(c) for c in completions]\n"
                    "def one(completions):\n    return [1] * len(completions)\n")  # fmt: skip
    more = (f"model.model_name_or_path={start}", "training.reward_weights=[0.5, -3]",
            f"rewards=[{path}:length, {path}:one]")  # fmt: skip
    train(load("grpo", pairs, "lora", *more), tmp_path / "run")
    rows = rows_of(tmp_path / "run" / "training_losses.jsonl")
    logged = [row for row in rows_of(tmp_path / "run" / "metrics.jsonl") if "reward" in row]
    assert [row["step"] for row in logged] == [1, 2]
    for line in logged:
        [own] = [row["reward"] for row in rows if row["step"] == line["step"]]
        assert own == pytest.approx(line["reward"], abs=1e-4)
        assert own > -3  # a reward of its length beside three taken off
        assert line["reward_by_source"] == {"rows": own}


def test_what_weighs_more_in_kto_loses_more(pairs, tmp_path):
    weights = "training.desirable_weight=2.0", "training.undesirable_weight=0.5"
    train(load("kto", pairs, "lora", *weights), tmp_path / "run")
    rows = rows_of(tmp_path / "run" / "training_losses.jsonl")
    for row in rows[:4]:  # at the start every answer has half a loss
        weight = 0.5 if row["id"].endswith(":rejected") else 2.0
        assert row["loss"] == pytest.approx(0.5 * weight, abs=1e-4)
    logged = rows_of(tmp_path / "run" / "metrics.jsonl")[0]["loss"]
    assert sum(row["loss"] for row in rows[:4]) / 4 == pytest.approx(logged, abs=1e-4)


@pytest.mark.parametrize("stage", ["reward", "dpo", "kto", "grpo"])
def test_a_resumed_run_ends_in_the_same_bytes(stage, pairs, start, tmp_path):
    more = () if stage == "reward" else (f"model.model_name_or_path={start}",)
    recipe = load(
        stage, pairs, "lora", "training.max_steps=3", "training.save_total_limit=5", *more
    )
    train(recipe, tmp_path / "whole")
    half = tmp_path / "half"
    shutil.copytree(tmp_path / "whole", half)
    (half / "run.json").unlink()
    shutil.rmtree(half / "adapter")
    for step in (2, 3):
        shutil.rmtree(half / "checkpoints" / f"checkpoint-{step}")
    said = {"recipe": recipe.model_dump(mode="json"),
            "encoding_digest": read_run(tmp_path / "whole")["encoding"]["digest"]}  # fmt: skip
    (half / "started.json").write_bytes(orjson.dumps(said, option=orjson.OPT_APPEND_NEWLINE))
    train(recipe, half, resume=True)
    assert saved(half) == saved(tmp_path / "whole")
    for name in ("run.json", "training_losses.jsonl", "losses.jsonl", "generations.jsonl"):
        assert (half / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name


def test_labelled_answers_are_learned_from_and_measured_by_the_good_ones(tmp_path):
    rows = [
        {"instruction": f"Say the number {at}.", "output": f"{word} {at}.", "kto_tag": good}
        for at in range(20)
        for word, good in (("Gladly:", True), ("No, not", False))
    ]
    data = dataset_of(rows, tmp_path)
    recipe = load("kto", data, "lora", "training.max_steps=6")
    said = train(recipe, tmp_path / "run")
    prepared = prepare(recipe, None)
    assert {e.label for e in prepared.rows.examples} == {True, False}
    assert {r.output[:7] for r in prepared.held_out} == {"Gladly:"}
    metrics = said["metrics"]
    assert metrics["after"]["records"] == len(prepared.held_out)
    assert metrics["after"]["loss"] < metrics["before"]["loss"]
    with pytest.raises(DatasetError, match="is labelled as undesirable, and stage sft would"):
        train(load("sft", data), tmp_path / "sft")


def test_the_rows_are_those_that_are_previewed(pairs, tmp_path):
    for stage in ("dpo", "kto", "grpo"):
        prepared = prepare(load(stage, pairs), None)
        done = CliRunner().invoke(main, ["preview", str(pairs), "-t", "alpaca", "-m", "tiny",
                                         "--stage", stage, "--json"])  # fmt: skip
        assert json.loads(done.stdout.splitlines()[-1])["digest"] == prepared.rows.digest


class TestStart:
    def test_it_is_what_the_run_made(self, start, pairs, tmp_path):
        recipe = load("dpo", pairs, "lora", f"model.model_name_or_path={start}")
        ids = torch.tensor([[1, 50, 60, 70]])
        tuned = load_tuned(start, read_run(start))
        base = load_model(recipe.model)
        plain = base(input_ids=ids).logits.detach().clone()
        begun = attach(recipe, base, load_tokenizer("tiny"))
        assert torch.equal(begun.eval()(input_ids=ids).logits, tuned.eval()(input_ids=ids).logits)
        assert not torch.allclose(plain, tuned(input_ids=ids).logits, atol=1e-3)

    def test_training_goes_on_from_it(self, start, pairs, tmp_path):
        recipe = load("dpo", pairs, "lora", f"model.model_name_or_path={start}")
        said = train(recipe, tmp_path / "run")
        assert said["base_model"]["name"] == "tiny"
        assert said["base_model"]["start"]["run"] == str(start)
        config = json.loads((tmp_path / "run" / "adapter" / "adapter_config.json").read_text())
        assert config["base_model_name_or_path"] == "tiny"
        records = prepare(recipe, None).held_out
        loss = said["metrics"]["before"]["loss"]
        for model in (Tuned(start), Tuned(tmp_path / "run").base()):
            measured = model.measure(records, generate=0, max_new_tokens=1)
            assert measured.metrics["loss"] == pytest.approx(loss, abs=1e-5)
        card = (tmp_path / "run" / "README.md").read_text()
        assert f"with the adapter of {start}" in card

    def test_a_run_from_a_run_from_a_run(self, start, pairs, tmp_path):
        first = load("dpo", pairs, "lora", f"model.model_name_or_path={start}")
        train(first, tmp_path / "one")
        second = load("kto", pairs, "lora", f"model.model_name_or_path={tmp_path / 'one'}")
        said = train(second, tmp_path / "two")
        assert said["base_model"]["name"] == "tiny"
        before = said["metrics"]["before"]["loss"]
        assert before == read_run(tmp_path / "one")["metrics"]["after"]["loss"]

    def test_of_a_whole_model_any_method_goes_on(self, pairs, tmp_path):
        train(load("sft", pairs, "full"), tmp_path / "whole")
        recipe = load("dpo", pairs, "adapter", f"model.model_name_or_path={tmp_path / 'whole'}")
        said = train(recipe, tmp_path / "run")
        assert said["base_model"]["name"] == str(tmp_path / "whole" / "model")
        after = read_run(tmp_path / "whole")["metrics"]["after"]["loss"]
        assert said["metrics"]["before"]["loss"] == pytest.approx(after, abs=1e-5)

    def test_a_reward_model_starts_from_a_run(self, start, pairs, tmp_path):
        recipe = load("reward", pairs, "lora", f"model.model_name_or_path={start}")
        base = load_model(recipe.model, reward=True)
        begun = attach(recipe, base, None)
        tuned = load_tuned(start, read_run(start))
        ids = torch.tensor([[1, 50, 60]])
        inner = begun.eval().base_model.model.model(input_ids=ids).last_hidden_state
        assert torch.equal(inner, tuned.eval().base_model.model.model(input_ids=ids)[0])
        assert train(recipe, tmp_path / "run")["metrics"]["after"]["pairs"] > 0

    def test_another_method_or_shape_is_refused(self, start, pairs, tmp_path):
        name = f"model.model_name_or_path={start}"
        with pytest.raises(UsageError, match=r"backend.r is 5, .* was tuned with 4.*--merged"):
            train(load("dpo", pairs, "lora", name, "backend.r=5"), tmp_path / "run")
        with pytest.raises(UsageError, match=r"backend.method is adapter, .* tuned with lora"):
            train(load("dpo", pairs, "adapter", name), tmp_path / "run")
        train(load("dpo", pairs, "lora", name, "backend.lora_dropout=0.1"), tmp_path / "run")

    def test_a_start_that_was_changed_is_noticed(self, start, pairs, tmp_path):
        shutil.copytree(start, tmp_path / "start")
        recipe = load("dpo", pairs, "lora", f"model.model_name_or_path={tmp_path / 'start'}")
        train(recipe, tmp_path / "run")
        from safetensors.torch import load_file, save_file

        path = tmp_path / "start" / "adapter" / "adapter_model.safetensors"
        save_file({k: v + 1 for k, v in load_file(path).items()}, path)
        with pytest.raises(ModelError, match="is not the base model that the run was tuned on"):
            load_start(read_run(tmp_path / "run"), load_tokenizer("tiny"))
        path.write_bytes(b"x")
        with pytest.raises(ModelError, match="does not fit"):
            attach(recipe, load_model(recipe.model), None)
        shutil.rmtree(tmp_path / "start" / "adapter")
        with pytest.raises(ModelError, match="holds no adapter"):
            start_of(recipe.model)


class TestTraps:
    """What TRL would do on its own."""

    def trainer(self, stage, pairs, run, *overrides):
        from curate.tuning.rundir import RunDirectory

        recipe = load(stage, pairs, "lora", *overrides)
        directory = RunDirectory(run, resume=False, overwrite=False)
        prepared = prepare(recipe, run, directory)
        model = attach(recipe, load_model(recipe.model), prepared.encoder.tokenizer)
        return make_trainer(model, prepared, directory), prepared

    @pytest.mark.parametrize("stage", ["dpo", "kto"])
    def test_no_copy_of_anything_is_the_reference(self, stage, pairs, tmp_path):
        trainer, _ = self.trainer(stage, pairs, tmp_path / "run")
        assert trainer.ref_model is None
        assert trainer.precompute_ref_logps
        assert [*trainer.model.peft_config] == ["default"]

    def test_weights_that_init_takes_apart_are_taken_apart_once(self, pairs, tmp_path):
        """A second adapter of PiSSA, as TRL makes one, would take the rest apart again."""
        said = train(load("dpo", pairs, "lora", "backend.init=pissa"), tmp_path / "run")
        first = rows_of(tmp_path / "run" / "training_losses.jsonl")[:4]
        assert [row["loss"] for row in first] == pytest.approx([math.log(2)] * 4, abs=1e-5)
        base = Tuned(
            tmp_path / "run"
        ).base()  # loaded again: without its adapter it is not the base
        found = base.measure(prepare(load("dpo", pairs), None).held_out, generate=0,
                             max_new_tokens=1)  # fmt: skip
        assert found.metrics["loss"] == pytest.approx(said["metrics"]["before"]["loss"], abs=1e-4)

    def test_a_second_checkpoint_holds_the_adapter_alone(self, pairs, tmp_path):
        train(load("dpo", pairs), tmp_path / "run")
        checkpoint = tmp_path / "run" / "checkpoints" / "checkpoint-2"
        assert not [path for path in checkpoint.iterdir() if path.is_dir()]

    def test_the_reference_of_grpo_is_the_start_through_the_same_weights(self, pairs, tmp_path):
        trainer, _ = self.trainer("grpo", pairs, tmp_path / "run", "training.beta=0.1")
        assert isinstance(trainer.ref_model, grpo.Reference)
        assert trainer.beta == 0.1
        assert [*trainer.model.peft_config] == ["default"]
        ids = torch.tensor([[1, 50, 60]])
        model = trainer.model.eval()
        before = model(input_ids=ids).logits.detach().clone()
        with torch.no_grad():
            for parameter in model.parameters():
                if parameter.requires_grad:
                    parameter += 0.1
        moved = model(input_ids=ids).logits.detach().clone()
        assert not torch.allclose(before, moved)
        model.train()
        assert torch.equal(trainer.ref_model(input_ids=ids).logits, before)
        assert model.training
        assert torch.equal(model.eval()(input_ids=ids).logits, moved)

    def test_grpo_asks_with_our_ids_and_stops_where_answers_end(self, pairs, tmp_path):
        trainer, prepared = self.trainer("grpo", pairs, tmp_path / "run")
        ids, _, _ = trainer._tokenize_prompts(["0", "3", "3"])
        records = prepared.rows.records
        assert ids == [prepared.encoder.prompt_ids(records[at]) for at in (0, 3, 3)]
        assert trainer.generation_config.eos_token_id == trainer.eos_token_ids
        assert prepared.encoder.tokenizer.eos_token_id in trainer.eos_token_ids
        assert records[0].output  # what rewards go by, though the model never sees it
        assert prepared.rows.summary(prepared.encoder)["loss_tokens"] == 0

    def test_answers_are_drawn_without_dropout(self, pairs, tmp_path):
        overrides = ["backend.lora_dropout=0.5"]
        trainer, _ = self.trainer("grpo", pairs, tmp_path / "run", *overrides)
        drop = [m.p for m in trainer.model.modules() if isinstance(m, torch.nn.Dropout)]
        assert drop
        assert {*drop} == {0}

    def test_kto_keeps_its_batches(self, pairs, tmp_path):
        trainer, prepared = self.trainer("kto", pairs, tmp_path / "run")
        assert isinstance(trainer._get_train_sampler(), torch.utils.data.SequentialSampler)
        order = kto.mixed(prepared.rows.examples, 0)
        assert order != sorted(order)
        assert [row["records"][0] for row in trainer.train_dataset] == order


def example(id, prompt, answer, label=None):
    return Example(id, "", "", [*prompt, *answer], [IGNORE_INDEX] * len(prompt) + answer,
                   label=label)  # fmt: skip


def test_each_prompt_gets_the_answer_of_its_neighbour():
    some = [example("a", [1], [10, 11]), example("b", [2, 3], [20]), example("c", [4], [30]),
            example("d", [5], [40])]  # fmt: skip
    found = kto._mismatched(some, batch=3, longest=3)
    assert [each.input_ids for each in found] == [[1, 30], [2, 3, 10], [4, 20], [5, 40]]
    assert found[1].labels == [IGNORE_INDEX, IGNORE_INDEX, 10]  # no longer than it may be


def test_the_loss_of_held_out_pairs_by_hand():
    model = load_model(ModelSettings(model_name_or_path="tiny"))
    good, bad = example("a", [1, 50], [60, 2]), example("a", [1, 50], [70, 71, 2])
    pair = Example(**{f: getattr(good, f) for f in ("id", "prompt", "completion", "input_ids",
                                                   "labels")}, rejected=bad)  # fmt: skip
    logps = []
    for side in (good, bad):
        logits = model(input_ids=torch.tensor([side.input_ids])).logits[0].log_softmax(-1)
        logps.append(sum(logits[at - 1, side.input_ids[at]].item()
                         for at in range(2, len(side.input_ids))))  # fmt: skip
    margin = logps[0] - logps[1]
    [loss] = dpo._measure(model, [pair], pad=0, beta=0.5, reference={"a": 1.25})
    assert loss.mean == pytest.approx(math.log1p(math.exp(-0.5 * (margin - 1.25))), abs=1e-4)
    assert pair_loss(-3.0) == pytest.approx(3.0486, abs=1e-4)


def test_held_out_pairs_are_measured_in_training(pairs, tmp_path):
    for stage in ("reward", "dpo"):
        run = tmp_path / stage
        said = train(load(stage, pairs, "lora", "evaluation.every=1"), run)
        lines = [row for row in rows_of(run / "metrics.jsonl") if "held_out_loss" in row]
        assert [row["step"] for row in lines] == [1, 2]
        if stage == "reward":
            assert lines[-1]["held_out_loss"] == said["metrics"]["after"]["loss"]
        else:
            moved = [0.1 * (row["margin_after"] - row["margin_before"])
                     for row in rows_of(run / "losses.jsonl")]  # fmt: skip
            loss = sum(map(pair_loss, moved)) / len(moved)
            assert lines[-1]["held_out_loss"] == pytest.approx(loss, abs=1e-5)


def test_held_out_answers_without_a_worse_one_are_measured_but_not_by_pairs(pairs, tmp_path):
    rows = [{"instruction": "Say four.", "output": "Four."},
            {"prompt": "Say five.", "chosen": "Five.", "rejected": "Six."}]  # fmt: skip
    for name, some in (("both", rows), ("plain", rows[:1])):
        lines = "".join(json.dumps(row) + "\n" for row in some)
        (tmp_path / f"{name}.jsonl").write_text(lines)
    every = "evaluation.every=1", f"evaluation.dataset={tmp_path / 'both.jsonl'}"
    said = train(load("dpo", pairs, "lora", *every), tmp_path / "run")
    assert (said["metrics"]["after"]["records"], said["metrics"]["after"]["pairs"]) == (2, 1)
    plain = f"evaluation.dataset={tmp_path / 'plain.jsonl'}"
    with pytest.raises(DatasetError, match="no record is held out to measure on"):
        train(load("dpo", pairs, "lora", "evaluation.every=1", plain), tmp_path / "other")


def test_answers_drawn_with_chance_are_scored_by_their_own_ids():
    model = load_model(ModelSettings(model_name_or_path="tiny"))
    encoder = Encoder(find_template("alpaca"), load_tokenizer("tiny"))
    records = [Record(id=f"a:{at}", instruction="Name a colour.") for at in range(3)]
    found = sample(model, encoder, records, max_new_tokens=5)
    prompt = encoder.prompt_ids(records[0])
    for each in found:
        assert each.input_ids[: len(prompt)] == prompt
        assert each.labels[len(prompt) :] == each.input_ids[len(prompt) :]
        assert 1 <= len(each.input_ids) - len(prompt) <= 5
        assert 2 not in each.input_ids[len(prompt) : -1]
    assert len({tuple(each.input_ids) for each in found}) > 1
    assert all(loss.tokens for loss in losses_of(model, found, pad=0))


class TestRewards:
    @pytest.fixture
    def file(self, tmp_path):
        def write(text):
            path = tmp_path / "mine.py"
            path.write_text(text)
            return [f"{path}:f"]

        return write

    def records(self):
        return [Record(id="a:1", instruction="Say yes.", output="Yes.", source="s"),
                Record(id="a:2", instruction="Say no.", output="No.", source="s")]  # fmt: skip

    def test_rules_that_ship(self):
        exact, similar = load_rewards(["exact_match", "rouge_l"])
        assert exact(self.records(), ["Yes. ", "no"]) == [1.0, 0.0]
        assert similar(self.records(), ["yes", "so no"]) == [1.0, 0.666667]

    def test_a_function_is_called_with_the_columns_it_takes(self, file):
        [reward] = load_rewards(file("def f(completions, output, id):\n"
                                     "    return [len(c) + len(o) + int(i[-1]) for c, o, i in "
                                     "zip(completions, output, id)]\n"))  # fmt: skip
        assert (reward.name, reward(self.records(), ["ab", ""])) == ("f", [7.0, 5.0])
        [reward] = load_rewards(file("def f(prompts, **more):\n    assert 'source' in more\n"
                                     "    return [len(p) for p in prompts]\n"))  # fmt: skip
        assert reward(self.records(), ["", ""]) == [8.0, 7.0]

    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("def f(completions):\n    return [1.0]\n", "f gave 1 numbers for 2 answers"),
            ("def f(completions):\n    return [float('nan')] * 2\n",
             "f gave nan for the answer to a:1; it has to be a finite number"),
            ("def f(completions):\n    return ['1', '2']\n", "f gave 1 for the answer to a:1"),
            ("def f(completions):\n    return [None, 2]\n", "f gave None for the answer to a:1"),
            ("def f(completions):\n    return 1 / 0\n",
             r"f failed: ZeroDivisionError: division by zero \(mine.py:2\)"),
            ("def f(answers):\n    return 0\n", "f failed: TypeError"),
            ("g = 1\n", "has no function f"),
            ("import nothing_of_the_kind\n", r"cannot be run: ModuleNotFoundError.*mine.py:1"),
        ],
    )  # fmt: skip
    def test_what_a_function_does_wrong_is_said(self, text, why, file):
        with pytest.raises(UsageError, match=why):
            load_rewards(file(text))[0](self.records(), ["x", "y"])

    def test_what_is_no_reward_is_said(self, tmp_path, start):
        for names, why in (
            (["exact"], "is none of exact_match, rouge_l, no FILE.py:FUNCTION and no run"),
            ([f"{tmp_path}/gone.py:f"], "no such file"),
            ([str(start)], "is a run of stage sft, not reward"),
            (["rouge_l", "rouge_l"], "two are called rouge_l"),
        ):
            with pytest.raises(UsageError, match=why):
                load_rewards(names)

    def test_a_reward_model_scores_what_it_was_trained_to_read(self, pairs, tmp_path):
        run = tmp_path / "judge"
        train(load("reward", pairs, "lora", "training.max_steps=6"), run)
        [reward] = load_rewards([str(run)])
        tuned = Tuned(run)
        record = prepare(load("reward", pairs), None).held_out[0]
        example = tuned.encoder.encode(record)
        better, worse = reward([record, record], [record.output, record.rejected])
        assert reward.name == "judge"
        assert [better] == pytest.approx(scores_of(tuned.model, [example], pad=0), abs=1e-5)
        margin = next(row for row in rows_of(run / "losses.jsonl") if row["id"] == record.id)
        assert better - worse == pytest.approx(margin["margin_after"], abs=1e-4)

    def test_a_reward_model_is_no_model_that_answers(self, pairs, tmp_path):
        run = tmp_path / "judge"
        train(load("reward", pairs, "full"), run)
        for words, why in (
            (["generate", run, "--instruction", "hi"], "gives numbers, no answers"),
            (["export", run, "-o", tmp_path / "x"], "made a reward model, which answers nothing"),
            (["evaluate", run, "--reward", "exact_match"], "gives no answers to score"),
        ):
            done = CliRunner().invoke(main, [*map(str, words)])
            assert done.exit_code == 2, done.output
            assert why in done.output
        with pytest.raises(ModelError, match=r"made a reward model.*name it in rewards"):
            start_of(ModelSettings(model_name_or_path=str(run)))
        done = CliRunner().invoke(main, ["evaluate", str(run)])
        assert done.exit_code == 0, done.output
        assert "are told apart" in done.output
        assert json.loads((run / "evaluation.json").read_text())["by_length"] == []


class TestEvaluating:
    @pytest.fixture(scope="class")
    def tuned(self, pairs, start, tmp_path_factory):
        run = tmp_path_factory.mktemp("dpo") / "run"
        train(load("dpo", pairs, "lora", f"model.model_name_or_path={start}",
                   f"rewards={RULE}", "training.max_steps=4"), run)  # fmt: skip
        return run

    def test_who_wins_is_told_with_its_interval(self, tuned):
        done = CliRunner().invoke(main, ["evaluate", str(tuned), "--generate", "6",
                                         "--max-new-tokens", "12"])  # fmt: skip
        assert done.exit_code == 0, done.output
        found = json.loads((tuned / "evaluation.json").read_text())
        lines = [row for row in rows_of(tuned / "evaluation.jsonl") if "expected" in row]
        wins = [(new > old) + (new == old) / 2 for old, new in
                (line["reward:polite"] for line in lines)]  # fmt: skip
        rate, low, high = found["win_rate"]["polite"]
        assert rate == pytest.approx(sum(wins) / len(wins), abs=1e-6)
        assert low <= rate <= high
        assert (found["stage"], found["start"]) == ("dpo", "start")
        page = (tuned / "evaluation.html").read_text()
        assert "By reward polite the tuned model wins" in page
        assert "reward polite" in done.output
        assert found["after"]["kl"] >= 0
        assert found["before"]["kl"] == 0

    def test_runs_are_compared_by_rewards_and_pairs(self, tuned, start, pairs, tmp_path):
        data = shipped("data", "preferences", "heldout.jsonl")
        some = tmp_path / "some.jsonl"
        some.write_text("".join(data.read_text().splitlines(keepends=True)[:12]))
        done = CliRunner().invoke(main, ["compare", str(start), str(tuned), "--data", str(some),
                                         "--reward", RULE, "--generate", "4", "-o",
                                         str(tmp_path / "c")])  # fmt: skip
        assert done.exit_code == 0, done.output
        page = (tmp_path / "c" / "comparison.html").read_text()
        for word in ("pairs told apart", "reward polite", "dpo, lora"):
            assert word in page
        found = json.loads((tmp_path / "c" / "comparison.json").read_text())
        assert {"accuracy", "reward:polite"} <= found["best"].keys()

    def test_reward_models_are_compared_among_themselves(self, tuned, pairs, tmp_path):
        train(load("reward", pairs), tmp_path / "judge")
        words = ["compare", str(tuned), str(tmp_path / "judge"), "-o", str(tmp_path / "c")]
        done = CliRunner().invoke(main, words)
        assert done.exit_code == 2
        assert "can be compared with other reward models alone" in done.output
        train(load("reward", pairs, "full"), tmp_path / "other")
        words[1] = str(tmp_path / "other")
        done = CliRunner().invoke(main, words)
        assert done.exit_code == 0, done.output


class TestWrong:
    @pytest.mark.parametrize(
        ("stage", "overrides", "why"),
        [
            ("dpo", ["data.packing=true"], "data.packing: stage is dpo, which takes one answer"),
            ("kto", ["data.loss=all"], "data.loss: stage is kto, which goes by the answer"),
            ("grpo", ["rewards=[]"], "rewards: stage is grpo, and nothing says"),
            ("grpo", ["evaluation.every=1", "evaluation.patience=1"], "patience: stage is grpo"),
            ("dpo", ["training.num_generations=4"], "no field of DPOConfig; .* of stage grpo"),
            ("sft", ["training.beta=0.1"], "no field of SFTConfig; .* stage dpo, kto, grpo"),
            ("dpo", ["training.loss_type=nll"], "stage is dpo: it has to be a list of texts"),
            ("dpo", ["training.sync_ref_model=true"], "the reference is what the run starts from"),
            ("grpo", ["training.use_vllm=true"], "answers are generated with transformers"),
        ],
    )  # fmt: skip
    def test_what_does_not_go_with_a_stage_is_said(self, stage, overrides, why, pairs):
        with pytest.raises(UsageError, match=why):
            load(stage, pairs, "lora", *overrides)

    def test_a_prefix_makes_no_reward_model(self, pairs):
        with pytest.raises(UsageError, match="stage is reward: a head that gives numbers"):
            load("reward", pairs, "prefix")

    def test_records_that_a_stage_cannot_learn_from(self, start, pairs, tmp_path):
        answers = read_run(start)["recipe"]["data"]["dataset"]
        for stage, why in (("dpo", "has no rejected answer"), ("kto", "has no label")):
            with pytest.raises(DatasetError, match=why):
                train(load(stage, answers), tmp_path / "run")
        assert not (tmp_path / "run").exists()

    def test_what_trl_refuses_is_said(self, pairs, tmp_path):
        with pytest.raises(UsageError, match=r"training: .*num_generations"):
            train(load("grpo", pairs, "lora", "training.num_generations=3"), tmp_path / "run")

    def test_a_reward_that_fails_in_training_ends_it(self, pairs, tmp_path):
        path = tmp_path / "mine.py"
        path.write_text("def f(completions):\n    return [float('inf')] * len(completions)\n")
        with pytest.raises(UsageError, match="f gave inf for the answer to"):
            train(load("grpo", pairs, "lora", f"rewards={path}:f"), tmp_path / "run")

    def test_a_loss_that_is_not_finite_names_the_pairs(self, pairs, tmp_path):
        with pytest.raises(TrainingError, match=r"is not finite; .*rows"):
            train(load("dpo", pairs, "lora", "training.learning_rate=1e30",
                       "training.max_steps=4"), tmp_path / "run")  # fmt: skip

    def test_sharded_weights_are_for_instruction_tuning(self, pairs, monkeypatch):
        monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
        with pytest.raises(UsageError, match="stage is dpo: weights are sharded in stage sft"):
            prepare(load("dpo", pairs), None)


def test_what_a_run_takes_is_foretold(pairs):
    from curate.tuning.forecast import count_steps, forecast

    sizes = {}
    for stage in ("sft", "reward", "dpo", "kto", "grpo"):
        prepared = prepare(load(stage, pairs, "lora", "training.max_steps=-1",
                                "training.num_train_epochs=2"), None)  # fmt: skip
        steps = count_steps(prepared)
        sizes[stage] = forecast(prepared).activations
        count = len(prepared.rows.examples)
        if stage == "grpo":
            assert steps.steps == count * 4 // 4 * 2
        else:
            assert steps.steps == math.ceil(count / 4) * 2
    assert sizes["dpo"] > 1.8 * sizes["sft"]


def test_rewards_are_noted_by_prompt():
    losses = TrainingLosses(["a", "b"], ["s", "s"], of="answers", what="reward")
    from curate.tuning.losses import Loss

    losses.add([Loss(1, 3.0, 4), Loss(0, 1.0, 4)])
    assert losses.take_step(7) == [
        {"step": 7, "id": "b", "answers": 4, "reward": 0.75},
        {"step": 7, "id": "a", "answers": 4, "reward": 0.25},
    ]
    assert losses.take_sources() == {"s": 0.5}


SHARED = shipped("data").parents[1] / "shared" / "datasets" / "dpo_en_demo.json"


@pytest.mark.skipif(not SHARED.is_file(), reason="needs ../shared/datasets")
def test_real_pairs_from_file_to_a_step_of_dpo(tmp_path):
    done = CliRunner().invoke(main, ["clean", str(SHARED), "-o", str(tmp_path / "clean"), "--json"])
    counts = json.loads(done.stdout)["counts"]
    assert counts["read"] == 300 == counts["kept"] + counts["dropped"] + counts["quarantined"]
    recipe = load("dpo", tmp_path / "clean", "lora", "training.max_steps=1", "data.max_length=400")
    said = train(recipe, tmp_path / "run")
    rows = said["encoding"]
    assert rows["examples"] + len(rows["over_length"]) == counts["kept"]
    assert said["training"]["steps"] == 1
