"""Several runs side by side: train what is missing, measure all on the same records, compare."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson

from curate.errors import DatasetError, ModelError, UsageError, clip
from curate.files import replace_file, writing
from curate.prompts.encode import Encoder, Example
from curate.prompts.stages import Stage
from curate.recipe import Recipe, find_recipe, load_recipe
from curate.records import Record
from curate.reporting.comparison_page import compared, comparison_page
from curate.reporting.evaluation_page import LOWER_IS_BETTER
from curate.tuning.encoding import encoder_of
from curate.tuning.evaluating import measure_run, read_data, to_measure_on, trained_on
from curate.tuning.finished import read_run
from curate.tuning.measuring import Measurement
from curate.tuning.names import METRICS, RESOURCES, RUN, STARTED
from curate.tuning.ranks import say
from curate.tuning.rewards import load_rewards
from curate.tuning.scoring import interval

__all__ = ["COMPARISON", "compare"]

COMPARISON = "comparison.json"
_LINES, _PAGE, _RUNS = "comparison.jsonl", "comparison.html", "runs"
_SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Contender:
    """A run, there already or to be made of a recipe.

    Attributes:
        name: what it is called.
        run: its directory.
        recipe: the file that it is made of; None for a run that is there.
        settings: what that file says.

    """

    name: str
    run: Path
    recipe: Path | None = None
    settings: Recipe | None = None


@dataclass(slots=True)
class _Result:
    contender: Contender
    said: dict[str, Any]
    encoder: Encoder
    tuned: Measurement = field(init=False)
    base: Measurement = field(init=False)


def compare(
    arguments: Sequence[str], out: Path, *, data: Sequence[str] = (), layout: str | None = None,
    mapping: Mapping[str, str] | None = None, rewards: Sequence[str] = (), generate: int,
    max_new_tokens: int, overwrite: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """Write comparison.json, comparison.jsonl and comparison.html; return the first.

    Args:
        arguments: run directories, recipes (files, or names of shipped ones), and `KEY=VALUE`
            that is laid over each of the recipes.
        out: folder to write; what recipes make goes into `runs`, and is not made again.
        data: sources to measure on; none: what the runs held out.
        layout: of the sources.
        mapping: of their columns.
        rewards: what scores the answers, as in a recipe.
        generate: records that are answered.
        max_new_tokens: longest answer, in tokens.
        overwrite: train anew what is there.

    Raises:
        UsageError: a recipe is wrong, or the runs held out different records.
        DatasetError: a run is damaged, the folder holds something else, or a run of another recipe.
        ModelError: a training failed, or a model cannot be loaded.
        SourceError: a source cannot be read.
    """
    _check_out(out)
    contenders = _contenders(arguments, out)
    for contender in contenders:
        _make(contender, arguments, overwrite=overwrite)
    results = [
        _Result(each, said := read_run(each.run), encoder_of(each.run, said)) for each in contenders
    ]
    stage = _check_stages(results)
    if stage == "reward" and rewards:
        raise UsageError("--reward: these runs made reward models, which give no answers to score")
    records = read_data(data, layout, mapping, stage) if data else _held_out(results)
    seen = {
        each.contender.name: trained_on(each.contender.run, each.said, records) if data else 0
        for each in results
    }
    fitting = _fitting(records, results)
    asked: dict[str, Any] = {"generate": generate, "max_new_tokens": max_new_tokens,
                             "rewards": load_rewards(rewards)}  # fmt: skip
    bases: dict[bytes, Measurement] = {}
    for result in results:
        key = _base_key(result.said)
        if key not in bases:
            bases[key] = measure_run(result.contender.run, fitting, base=True, **asked)
        result.base = bases[key]
        result.tuned = measure_run(result.contender.run, fitting, base=False, **asked)
    recipe = results[0].said["recipe"]
    figures = {
        "schema_version": _SCHEMA_VERSION,
        "data": ", ".join(data) or recipe["evaluation"]["dataset"] or "the validation split",
        "records": len(fitting),
        "over_length": len(records) - len(fitting),
        "trained_on": seen,
        "asked": len(results[0].tuned.answers),
        "max_new_tokens": max_new_tokens,
        **_compared(results, one_base=len(bases) == 1),
    }
    rows = _lines(results)
    with writing(out):
        lines = (orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows)
        replace_file(out / _LINES, b"".join(lines))
        page = comparison_page(figures, rows)
        replace_file(out / _PAGE, page.encode("utf-8", "backslashreplace"))
        pretty = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
        replace_file(out / COMPARISON, orjson.dumps(figures, option=pretty))
    return figures


def _check_out(out: Path) -> None:
    """Raise DatasetError unless the folder is new, empty or an earlier comparison."""
    with writing(out):
        if out.exists() and not out.is_dir():
            raise DatasetError(f"{out}: is a file; name another folder with -o")
        there = {path.name for path in out.iterdir()} if out.exists() else set()
        if there and not there <= {COMPARISON, _LINES, _PAGE, _RUNS}:
            other = clip(min(there - {COMPARISON, _LINES, _PAGE, _RUNS}))
            raise DatasetError(f"{out}: holds {other}, so it is no comparison; name another folder")
        out.mkdir(parents=True, exist_ok=True)


def _contenders(arguments: Sequence[str], out: Path) -> list[Contender]:
    """Return what is to be compared; every recipe is read before anything is trained."""
    overrides = _overrides(arguments)
    named = [argument for argument in arguments if argument not in overrides]
    if not named:
        raise UsageError("there is nothing to compare: give run directories or recipes")
    found: list[Contender] = []
    for argument in named:
        path = Path(argument)
        if path.is_dir():
            found.append(Contender(path.resolve().name, path))
            continue
        recipe = find_recipe(argument)
        settings = load_recipe(recipe, overrides)
        found.append(Contender(recipe.stem, out / _RUNS / recipe.stem, recipe, settings))
    if overrides and not any(each.recipe for each in found):
        raise UsageError(f"{clip(overrides[0])}: changes recipes, and there are only runs")
    names = [each.name for each in found]
    twice = [
        replace(each, name=argument) if names.count(each.name) > 1 and not each.recipe else each
        for each, argument in zip(found, named, strict=True)
    ]
    names = [each.name for each in twice]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"{clip(name)}: is there twice; give each a name of its own")
    return twice


def _overrides(arguments: Sequence[str]) -> list[str]:
    return [text for text in arguments if "=" in text and not Path(text).exists()]


def _make(contender: Contender, arguments: Sequence[str], *, overwrite: bool) -> None:
    """Train what is not there yet, in a process of its own: peak memory is that of a process."""
    run, settings = contender.run, contender.settings
    if settings is None:
        return
    if (run / RUN).is_file() and not overwrite:
        if read_run(run)["recipe"] != settings.model_dump(mode="json"):
            raise DatasetError(
                f"{run}: holds a run of another recipe; pass --overwrite to train it anew, or name "
                "another folder with -o"
            )
        say(f"{contender.name}: is trained already")
        return
    whole = any(run.glob("checkpoints/checkpoint-*/trainer_state.json"))
    how = "--resume" if whole and (run / STARTED).is_file() and not overwrite else "--overwrite"
    say(f"{contender.name}: {'training goes on' if how == '--resume' else 'training'}")
    words = ["train", str(contender.recipe), *_overrides(arguments), "-o", str(run), how]
    if code := _run([sys.executable, "-m", "curate", *words]):
        raise ModelError(f"{contender.name}: training ended with exit code {code}")


def _run(command: Sequence[str]) -> int:
    """Return the exit code; a Ctrl-C is for the training, which saves and ends."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    interrupted: KeyboardInterrupt | None = None
    while True:
        try:
            code = process.wait()
            break
        except KeyboardInterrupt as error:
            interrupted = error
    if interrupted:
        interrupted.add_note("the same command goes on")
        raise interrupted
    return code


def _check_stages(results: Sequence[_Result]) -> Stage:
    """Return `reward` if all made reward models, and `sft` if none did.

    Raises:
        UsageError: some did.
    """
    judges = [r.contender.name for r in results if r.said["recipe"]["stage"] == "reward"]
    if judges and len(judges) < len(results):
        raise UsageError(
            f"{clip(judges[0])}: made a reward model, which gives numbers, no answers: it can be "
            "compared with other reward models alone"
        )
    return "reward" if judges else "sft"


def _held_out(results: Sequence[_Result]) -> list[Record]:
    """Return the records that all runs held out."""
    first, *others = results
    records = to_measure_on(first.said, first.contender.run)
    for other in others:
        if to_measure_on(other.said, other.contender.run) != records:
            raise UsageError(
                f"{clip(first.contender.name)} and {clip(other.contender.name)} held out different "
                "records; give --data SOURCE, with records that none was trained on"
            )
    return records


def _fitting(records: Sequence[Record], results: Sequence[_Result]) -> list[Record]:
    """Return the records that are short enough for every run."""
    encoded = [result.encoder.encode_all(records) for result in results]
    fitting = [
        record
        for record, items in zip(records, zip(*encoded, strict=True), strict=True)
        if all(isinstance(item, Example) for item in items)
    ]
    if not fitting:
        raise DatasetError("no record is short enough for every run (data.max_length)")
    return fitting


def _base_key(said: Mapping[str, Any]) -> bytes:
    """Return what decides how the base of a run does."""
    import torch

    recipe = said["recipe"]
    data = {k: v for k, v in recipe["data"].items() if k not in ("dataset", "packing", "digest")}
    whole = recipe["backend"]["method"] == "full" and torch.cuda.is_available()  # then in float32
    parts = [said["base_model"], said["template"]["hash"], recipe["model"], data, whole]
    return orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)


def _compared(results: Sequence[_Result], *, one_base: bool) -> dict[str, Any]:
    """Return the figures of each run, and for each metric the best one."""
    sizes = [[line["tokens"] for line in result.tuned.losses] for result in results]
    alike = all(each == sizes[0] for each in sizes)
    drawn = {result.contender.name: result.tuned.drawn() for result in results}
    best = {}
    for metric in compared(results[0].tuned.metrics):
        there = all(metric in each for each in drawn.values())
        if there and (alike or metric not in LOWER_IS_BETTER):
            values = {r.contender.name: r.tuned.metrics[metric] for r in results}
            best[metric] = _best(metric, values, {name: of[metric] for name, of in drawn.items()})
    return {
        "same_tokens": alike,
        "base": results[0].base.metrics if one_base else None,
        "runs": [_figures(result) for result in results],
        "best": best,
    }


def _best(metric: str, values: Mapping[str, float], drawn: Mapping[str, Any]) -> dict[str, Any]:
    """Return which run is best, and how far the others are behind, each with an interval.

    It is `sure` if none of those holds 0; they are so wide that all of them together are right in
    95 of 100 cases (Bonferroni).
    """
    sign = -1 if metric in LOWER_IS_BETTER else 1
    name = max(values, key=lambda each: sign * values[each])
    others = [each for each in values if each != name]
    level = 1 - 0.05 / max(len(others), 1)
    behind = {
        each: [round(values[name] - values[each], 6),
               *interval(drawn[name] - drawn[each], level=level)]
        for each in others
    }  # fmt: skip
    sure = bool(others) and all(low * high > 0 for _, low, high in behind.values())
    return {"name": name, "sure": sure, "ahead_of": behind}


def _figures(result: _Result) -> dict[str, Any]:
    said, run = result.said, result.contender.run
    recipe = said["recipe"]
    took = _read(run / RESOURCES, {})
    curve = [
        [row["step"], round(row["loss"], 6)]
        for line in _bytes(run / METRICS).splitlines()
        if "loss" in (row := orjson.loads(line)) and recipe["stage"] in ("sft", "reward")
    ]
    keys = ("device", "processes", "seconds", "tokens_per_second", "peak_memory_bytes")
    return {
        "name": result.contender.name,
        "method": recipe["backend"]["method"],
        "stage": recipe["stage"],
        "base_model": recipe["model"]["model_name_or_path"],
        **said["training"],
        **{key: took.get(key) for key in keys},
        "metrics": result.tuned.metrics,
        "curve": curve,
    }


def _bytes(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def _read(path: Path, default: dict[str, Any]) -> dict[str, Any]:
    try:
        found = orjson.loads(_bytes(path))
    except ValueError:
        return default
    return found if isinstance(found, dict) else default


def _lines(results: Sequence[_Result]) -> list[dict[str, Any]]:
    """Return a line for each record: the loss of each run, and the answers where it was asked."""
    first = results[0].tuned
    prompts = {a.id: prompt for a, prompt in zip(first.answers, first.prompts, strict=True)}
    expected = {answer.id: answer.expected for answer in first.answers}
    texts: dict[str, dict[str, str]] = {}
    for result in results:
        for answer in result.tuned.answers:
            texts.setdefault(answer.id, {})[result.contender.name] = answer.text
    base = {answer.id: answer.text for answer in results[0].base.answers}
    rows = []
    for at, line in enumerate(first.losses):
        losses = {result.contender.name: result.tuned.losses[at]["loss"] for result in results}
        row = {"id": line["id"], "source": line["source"], "losses": losses}
        if line["id"] in expected:
            id = line["id"]
            row |= {"prompt": prompts[id], "expected": expected[id], "base": base[id],
                    "answers": texts[id]}  # fmt: skip
        rows.append(row)
    return rows
