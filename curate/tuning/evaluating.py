"""Measure a finished run, and its base beside it, on held-out records."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from curate.dataset import read_manifest, read_records
from curate.errors import CurateError, DatasetError, SourceError, UsageError, clip
from curate.files import replace_file, writing
from curate.prompts.stages import Stage, for_measuring, for_stage
from curate.recipe import Recipe
from curate.records import Record
from curate.reporting.evaluation_page import evaluation_page
from curate.sources import Reader, resolve
from curate.tuning.finished import read_run
from curate.tuning.generate import Tuned
from curate.tuning.measuring import REWARD, Measurement, held_out
from curate.tuning.names import EVALUATION, EVALUATION_LINES, EVALUATION_PAGE
from curate.tuning.ranks import say
from curate.tuning.rewards import Reward, load_rewards
from curate.tuning.scoring import draws, interval, rouge_l

if TYPE_CHECKING:
    from transformers import PreTrainedModel

__all__ = ["evaluate_run", "figures", "lines", "measure_run", "read_data", "to_measure_on",
           "trained_on"]  # fmt: skip

SCHEMA_VERSION = 1
_LENGTHS = (16, 64, 256, 1024)
"""Where the groups of lengths end, in loss-bearing tokens."""


def evaluate_run(
    run: Path, data: Sequence[str] = (), *, layout: str | None = None,
    mapping: Mapping[str, str] | None = None, rewards: Sequence[str] = (), generate: int,
    max_new_tokens: int,
) -> dict[str, Any]:  # fmt: skip
    """Write evaluation.json, evaluation.jsonl and evaluation.html, and return the first.

    Args:
        run: a finished run.
        data: sources to measure on; none: what the run held out.
        layout: of the sources.
        mapping: of their columns.
        rewards: what scores the answers, as in a recipe; none: what the recipe of the run names.
        generate: records that are answered.
        max_new_tokens: longest answer, in tokens.

    Raises:
        UsageError: there is no such reward, or the run made a reward model, whose answers are none.
        DatasetError: there is no finished run, it is damaged, or there is nothing to measure on.
        ModelError: the base model cannot be loaded, or is not that of the run.
        SourceError: a source cannot be read.
    """
    said = read_run(run)
    recipe = said["recipe"]
    stage: Stage = recipe["stage"]
    if stage == "reward" and rewards:
        raise UsageError(f"--reward: {run} made a reward model, which gives no answers to score")
    records = read_data(data, layout, mapping, stage) if data else to_measure_on(said, run)
    seen = trained_on(run, said, records) if data else 0
    scorers = [] if stage == "reward" else load_rewards(rewards or recipe["rewards"])
    pair = [
        measure_run(
            run, records, base=base, rewards=scorers, generate=generate,
            max_new_tokens=max_new_tokens,
        )
        for base in (True, False)
    ]  # fmt: skip
    found = {
        "schema_version": SCHEMA_VERSION,
        "run": run.resolve().name,
        "base_model": recipe["model"]["model_name_or_path"],
        "method": recipe["backend"]["method"],
        "stage": stage,
        "start": "start" if "start" in said["base_model"] else "base",
        "data": ", ".join(data) or recipe["evaluation"]["dataset"] or "the validation split",
        "trained_on": seen,
        "max_new_tokens": max_new_tokens,
        **figures(*pair),
    }
    rows = lines(*pair)
    with writing(run):
        replace_file(run / EVALUATION_LINES, b"".join(
            orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows
        ))  # fmt: skip
        page = evaluation_page(found, rows)
        replace_file(run / EVALUATION_PAGE, page.encode("utf-8", "backslashreplace"))
        pretty = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
        replace_file(run / EVALUATION, orjson.dumps(found, option=pretty))
    return found


def read_data(
    data: Sequence[str], layout: str | None, mapping: Mapping[str, str] | None, stage: Stage
) -> list[Record]:
    """Return the records of sources that have an answer to measure by; in stage reward, two.

    Raises:
        SourceError: a source cannot be read, or holds no such record.
    """
    found = resolve([*data], layout=layout, mapping=mapping)
    rows = (row for source in found for row in Reader(source))
    records = [
        r for r in rows if isinstance(r, Record) and isinstance(r.output, str) and r.output.strip()
    ]
    records = list(for_measuring(stage, records, clip(", ".join(data))))
    if not records:
        raise SourceError(f"--data {clip(', '.join(data))}: no record with an answer")
    return records


def trained_on(run: Path, said: Mapping[str, Any], records: Sequence[Record]) -> int:
    """Return how many of the records a run was trained on, and say so; 0 if that is not known.

    It is known where its dataset is still there.
    """
    dataset = said["dataset"]
    try:
        is_there = read_manifest(Path(dataset["path"]))["digest"] == dataset["digest"]
    except CurateError:
        is_there = False
    if not is_there:
        return 0
    keys = {record.key for record in records}
    read = (record for _, record in read_records(Path(dataset["path"]), ["train"]))
    stage = said["recipe"]["stage"]
    seen = {r.key for r in for_stage(stage, read, dataset["path"])} & keys
    count = sum(record.key in seen for record in records)
    if count:
        say(
            f"warning: {run} was trained on {count:,} of these {len(records):,} records; what is "
            "measured on them flatters it"
        )
    return count


def to_measure_on(said: dict[str, Any], run: Path) -> list[Record]:
    """Return the held-out records of a run; `said` is run.json.

    Raises:
        DatasetError: there are none, or they are no longer there.
    """
    recipe = Recipe.model_validate(said["recipe"])
    if records := held_out(recipe):
        return records
    raise DatasetError(f"{run}: nothing was held out from its training; give --data SOURCE")


def measure_run(
    run: Path, records: Sequence[Record], *, base: bool, rewards: Sequence[Reward] = (),
    generate: int, max_new_tokens: int,
) -> Measurement:  # fmt: skip
    """Return what a run started from, or what was tuned, does on the records.

    Raises:
        DatasetError: there is no finished run, it is damaged, or no record fits into it.
        ModelError: the base model cannot be loaded, or is not that of the run.
    """
    what = "the start" if base else "what was tuned"
    say(f"{run}: measuring {what} on {len(records):,} records")
    model = Tuned(run, base=base)
    other = None
    if model.stage not in ("sft", "reward"):
        other = partial(_beside, model if base else model.base())
    measured = model.measure(
        records, generate=generate, max_new_tokens=max_new_tokens, rewards=rewards, other=other
    )
    if not measured.losses:
        raise DatasetError(f"{run}: every record is longer than its data.max_length")
    return measured


@contextmanager
def _beside(start: Tuned) -> Iterator["PreTrainedModel"]:
    """Yield what a run started from."""
    with start.switched():
        yield start.model


def figures(before: Measurement, after: Measurement) -> dict[str, Any]:
    """Return metrics before and after, what changed with its interval, by source and by length."""
    import numpy as np

    old, new = before.drawn(), after.drawn()
    rows = lines(before, after)
    with np.errstate(invalid="ignore"):  # infinite before and after
        moved = {name: new[name] - old[name] for name in new}
    return {
        "before": before.metrics,
        "after": after.metrics,
        "change": {
            name: [round(after.metrics[name] - before.metrics[name], 6),
                   *interval(moved[name])]
            for name in moved
        },
        "win_rate": {
            name: _win_rate(scores, after.scores[name]) for name, scores in before.scores.items()
        },
        "by_source": _groups(rows, lambda row: row["source"]),
        "by_length": _groups(rows, lambda row: _length(row["tokens"]), _lengths())
        if "perplexity" in after.metrics  # else the loss is one of pairs
        else [],
    }  # fmt: skip


def _win_rate(before: Sequence[float], after: Sequence[float]) -> list[float]:
    """Return in which share of the answers the tuned model gets more, with its interval.

    As much as before counts a half.
    """
    wins = [0.5 if new == old else float(new > old) for old, new in zip(before, after, strict=True)]
    return [round(sum(wins) / len(wins), 6), *interval(draws(wins))]


def lines(before: Measurement, after: Measurement) -> list[dict[str, Any]]:
    """Return a line for each record: its losses, and the answers where it was asked."""
    answered = {
        old.id: {
            "prompt": prompt, "expected": old.expected, "before": old.text, "after": new.text,
            "exact_before": old.is_exact, "exact_after": new.is_exact,
            "rouge_l_before": rouge_l(old.expected, old.text),
            "rouge_l_after": rouge_l(new.expected, new.text),
        }
        for prompt, old, new in zip(before.prompts, before.answers, after.answers, strict=True)
    }  # fmt: skip
    for name in before.scores:
        scores = zip(before.answers, before.scores[name], after.scores[name], strict=True)
        for said, old_score, new_score in scores:
            answered[said.id][f"{REWARD}{name}"] = [old_score, new_score]
    return [
        {**{key: old[key] for key in ("id", "source", "tokens")}, "loss_before": old["loss"],
         "loss_after": new["loss"],
         **({"margin_before": old["margin"], "margin_after": new["margin"]}
            if "margin" in old else {}),
         **answered.get(old["id"], {})}
        for old, new in zip(before.losses, after.losses, strict=True)
    ]  # fmt: skip


def _groups(
    rows: Iterable[dict[str, Any]], key: Callable[[dict[str, Any]], str], order: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Return the means of each group; every token weighs the same, and so does every answer."""
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in order}
    for row in rows:
        found.setdefault(key(row), []).append(row)
    names = order or sorted(found)
    return [_group(name, found[name]) for name in names if found[name]]


def _group(name: str, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    asked = [row for row in rows if "expected" in row]
    tokens = sum(row["tokens"] for row in rows)
    said: dict[str, Any] = {"name": name, "records": len(rows), "tokens": tokens}
    for when in ("before", "after"):
        total = sum(row[f"loss_{when}"] * row["tokens"] for row in rows)
        said[f"loss_{when}"] = round(total / max(tokens, 1), 6)
    said["asked"] = len(asked)
    for metric in ("exact", "rouge_l") if asked else ():
        for when in ("before", "after"):
            mean = sum(row[f"{metric}_{when}"] for row in asked) / len(asked)
            said[f"{metric}_{when}"] = round(mean, 6)
    return said


def _length(tokens: int) -> str:
    """Return the group of an answer of so many tokens.

    >>> _length(16), _length(17), _length(5000)
    ('1–16 tokens', '17–64 tokens', 'over 1,024 tokens')
    """
    return next(
        (name for end, name in zip(_LENGTHS, _lengths(), strict=False) if tokens <= end),
        _lengths()[-1],
    )


def _lengths() -> list[str]:
    starts = [1, *(end + 1 for end in _LENGTHS[:-1])]
    names = [f"{low:,}–{high:,} tokens" for low, high in zip(starts, _LENGTHS, strict=True)]
    return [*names, f"over {_LENGTHS[-1]:,} tokens"]
