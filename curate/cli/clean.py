"""`curate clean`."""

from collections import Counter
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from curate.cli.options import (
    delivery,
    engine_options,
    find_engine,
    json_flag,
    layout_options,
    overwrite,
    parse_map,
)
from curate.errors import UsageError, clip

if TYPE_CHECKING:
    from collections.abc import Sequence

    from curate.references import ReferenceSet
    from curate.steps import Step
    from curate.steps.settings import CleaningSettings


@click.command("clean")
@click.argument("sources", metavar="SOURCE...", nargs=-1)
@delivery
@click.option("--recipe", metavar="RECIPE",
              help="Take sources and steps that a recipe names; options go before it.")  # fmt: skip
@layout_options
@click.option("--set", "settings", multiple=True, metavar="STEP.FIELD=VALUE",
              help="Change an option of a step. Repeatable.")  # fmt: skip
@click.option(
    "--only", multiple=True, metavar="STEP", help="Run this step and no other. Repeatable."
)
@click.option("--skip", multiple=True, metavar="STEP", help="Leave this step out. Repeatable.")
@click.option("--against", multiple=True, metavar="[NAME=]SOURCE",
              help="Drop what a set or an index has already. Repeatable.")  # fmt: skip
@click.option("--against-eval", multiple=True, metavar="[NAME=]SOURCE",
              help="Drop what holds items of an evaluation set. Repeatable.")  # fmt: skip
@click.option("--restore", multiple=True, metavar="STEP|ID",
              help="Bring dropped records of a dataset directory back. Repeatable.")  # fmt: skip
@engine_options
@click.option("--resume", is_flag=True,
              help="Go on with a run that stopped; the result is the same.")  # fmt: skip
@overwrite
@json_flag
def clean_command(
    sources: tuple[str, ...],
    out: str,
    recipe: str | None,
    layout: str | None,
    columns: tuple[str, ...],
    settings: tuple[str, ...],
    only: tuple[str, ...],
    skip: tuple[str, ...],
    against: tuple[str, ...],
    against_eval: tuple[str, ...],
    restore: tuple[str, ...],
    workers: int | None,
    engine: Literal["local", "ray"],
    address: str | None,
    resume: bool,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Clean sources into one dataset directory.

    Writes train.jsonl, and beside it dropped.jsonl (each dropped record with its reason),
    quarantine.jsonl (rows that could not be read), edits.jsonl (each change), a manifest, a
    card and a report. A run that stopped, whatever stopped it, goes on with --resume.

    With --against, a record that is a duplicate of one in another set goes too, says the step
    `dedup`: a dataset directory, any other SOURCE, or what `curate index` wrote.

    With --against-eval, a record that holds the question or the answer of an item of an evaluation
    set goes, says the step `decontaminate`. The items may be questions alone.

    With --recipe, the sources are data.sources of a recipe, and data.steps and data.skip say what
    is done with them. What training needs beside them may be missing there.

    With --restore, SOURCE is a dataset directory, and what it dropped comes back without the
    original files: all that a STEP dropped, or the record with an ID. Later steps look at it.

    With one dataset directory as SOURCE and only options of `dedup` to --set, what that step
    dropped comes back and it decides anew, by the pairs that the directory holds.

    Example: curate clean data/sample -o clean
    """
    others: dict[str, object] = {"--only": only, "--skip": skip, "--against": against,
                                 "--against-eval": against_eval, "--layout": layout,
                                 "--map": columns, "--resume": resume,
                                 "--recipe": recipe}  # fmt: skip
    from curate.cleaning import clean
    from curate.delivering import Delivery, check_resume
    from curate.reporting.terminal import counting, quiet_libraries, talk
    from curate.sources import resolve
    from curate.steps import STEPS, select_steps
    from curate.steps.decontaminate import Decontaminate

    check_resume(out, resume)
    with Delivery(out, overwrite=overwrite) as given:
        folder = given.folder
        if restore:
            others["--set"] = settings
            manifest = _restore(sources, restore, folder, out, others=others, overwrite=overwrite)
        elif _is_of_dedup(sources, settings) and not any(others.values()):
            manifest = _rededuplicate(Path(sources[0]), settings, folder, overwrite=overwrite)
        else:
            quiet_libraries()
            said = _said(recipe)
            steps = select_steps(
                STEPS,
                settings=settings,
                only=only,
                skip=(*skip, *said.skip),
                needed=[Decontaminate.name] if against_eval else [],
                given=said.options(),
            )
            if not (sources or said.sources):
                raise UsageError("nothing to clean: name a SOURCE, or a recipe with data.sources")
            found = resolve(
                sources or said.sources, layout=layout, mapping=parse_map(columns), leave_out=folder
            )
            with counting("rows read") as progress:
                manifest = clean(
                    found,
                    steps,
                    folder,
                    compared=_compared(against, against_eval, steps, folder),
                    engine=find_engine(engine, workers, address),
                    overwrite=overwrite,
                    resume=resume,
                    progress=progress,
                    talk=talk,
                )
        given.deliver()
        _show(manifest, folder, out, as_json)


def _said(recipe: str | None) -> "CleaningSettings":
    """Return what a recipe says of cleaning; nothing without one."""
    from curate.steps.settings import CleaningSettings

    if recipe is None:
        return CleaningSettings()
    from curate.recipe import find_recipe, load_cleaning

    return load_cleaning(find_recipe(recipe))


def _compared(
    against: tuple[str, ...], against_eval: tuple[str, ...], steps: "Sequence[Step]", out: Path
) -> "dict[str, list[ReferenceSet]]":
    """Return the sets that steps, by name, compare with."""
    from curate.references import open_set
    from curate.steps.decontaminate import Decontaminate
    from curate.steps.dedup import Dedup

    names = [step.name for step in steps]
    if Decontaminate.name in names and not against_eval:
        raise UsageError(f"the step {Decontaminate.name} has nothing to compare with: name an "
                         "evaluation set, --against-eval [NAME=]SOURCE")  # fmt: skip
    given = {
        Dedup.name: ("--against", against),
        Decontaminate.name: ("--against-eval", against_eval),
    }
    compared: dict[str, list[ReferenceSet]] = {}
    for step, (option, arguments) in given.items():
        if arguments and step not in names:
            raise UsageError(
                f"{option} {clip(arguments[0])}: the step {step} compares with it, and does not "
                f"run: leave {option} out, or let it run"
            )
        unanswered = step == Decontaminate.name
        sets = [open_set(each, leave_out=out, unanswered=unanswered) for each in arguments]
        compared |= {step: sets} if sets else {}
    return compared


def _restore(
    sources: tuple[str, ...],
    wanted: tuple[str, ...],
    folder: Path,
    out: str,
    *,
    others: dict[str, object],
    overwrite: bool,
) -> dict[str, Any]:
    """Return the manifest of the directory written, after telling on stderr what came back."""
    from curate.reporting.terminal import talk
    from curate.restoring import restore

    if len(sources) != 1:
        raise UsageError(f"--restore takes one dataset directory, found {len(sources)} sources")
    if given := [name for name, value in others.items() if value]:
        raise UsageError(
            f"--restore with {given[0]}: it has no meaning there, as the records, the steps and "
            "their settings are those of the dataset directory; leave it out"
        )
    outcome = restore(Path(sources[0]), wanted, folder, overwrite=overwrite)
    talk(f"restored: {_tally(outcome.restored)}")
    if outcome.again:
        talk(f"of these dropped by later steps: {_tally(outcome.again)}")
    if sets := dict.fromkeys(e["set"] for e in outcome.manifest.get("references", ())):
        talk(
            f"compared with the records of {', '.join(sets)} that the directory holds, not with "
            "all: clean the original files again where that matters"
        )
    if outcome.others:
        talk(
            f"beside them {outcome.others:,} fared otherwise, compared with what came back: "
            f"`curate diff {sources[0]} {out}` names them"
        )
    return outcome.manifest


def _is_of_dedup(sources: tuple[str, ...], settings: tuple[str, ...]) -> bool:
    """Return whether `dedup` is to decide anew on the records of a dataset directory."""
    if len(sources) != 1 or not settings:
        return False
    if not all(setting.startswith("dedup.") for setting in settings):
        return False
    from curate.rededuplicating import is_deduplicated

    return is_deduplicated(Path(sources[0]))


def _rededuplicate(
    source: Path, settings: tuple[str, ...], out: Path, *, overwrite: bool
) -> dict[str, Any]:
    """Return the manifest of the directory written, after telling what was compared again."""
    from curate.rededuplicating import rededuplicate
    from curate.reporting.terminal import talk
    from curate.steps import STEPS, select_steps

    (step,) = select_steps(STEPS, settings=settings, only=["dedup"])
    options = step.model_dump(include=step.model_fields_set)
    return rededuplicate(source, options, out, overwrite=overwrite, talk=talk)


def _tally(tally: Counter[tuple[str, str]]) -> str:
    """Return the parts of a tally.

    >>> _tally(Counter({("validate", "too_long"): 2, ("dedup", "exact_duplicate"): 1}))
    '2 validate/too_long, 1 dedup/exact_duplicate'
    """
    return ", ".join(f"{number:,} {'/'.join(step)}" for step, number in tally.items())


def _show(manifest: dict[str, Any], folder: Path, out: str, as_json: bool) -> None:
    if as_json:
        from curate.reporting.terminal import print_json

        print_json(manifest)
    else:
        show_account(manifest, folder, out)


def _found(step: str, name: str, records: int, lines: list[dict[str, Any]]) -> str:
    """Return what the comparison with a set came to."""
    for line in lines:
        if (line["step"], line["kind"], line.get("set")) == (step, "eval_set", name):
            idle = f", {line['unusable']:,} cannot be looked for" if line["unusable"] else ""
            return f"{records:,} records hold one of its {line['items']:,} items{idle}"
    return f"{records:,} records went"


def show_account(
    manifest: dict[str, Any], directory: Path, out: str, tail: Callable[[], None] = lambda: None
) -> None:
    """Print what each step did, the balance, what `tail` prints, and where it is."""
    from curate.dataset import CLUSTERS, read_ledger
    from curate.reporting.terminal import print_table

    rows: list[list[object]] = []
    for step in manifest["steps"]:
        why = [f"{number:,} {reason}" for reason, number in step["dropped"].items()] or [""]
        rows.append([step["name"], step["in"], step["edited"], step["in"] - step["kept"], why[0]])
        rows += [["", "", "", "", reason] for reason in why[1:]]
    print_table("Steps", ["step", "records in", "edited", "dropped", "why"], rows)
    counts = {name: f"{number:,}" for name, number in manifest["counts"].items()}
    balance = "read {read} = kept {kept} + dropped {dropped} + quarantined {quarantined}"
    if "repeated" in counts:
        balance += ", and {repeated} lines more repeat some of those kept"
    click.echo(balance.format(**counts))
    lines = [
        row
        for row in read_ledger(directory / CLUSTERS)
        if row["kind"] in ("conflict", "eval_set", "contamination")
    ]
    if references := manifest.get("references"):
        went = Counter(
            (row["step"], row["evidence"].get("set"))
            for row in chain(read_ledger(directory / "dropped.jsonl"), lines)
            if "evidence" in row
        )
        for step, name in dict.fromkeys((entry["step"], entry["set"]) for entry in references):
            click.echo(f"compared with {name}: {_found(step, name, went[step, name], lines)}")
    conflicts = sum(row["kind"] == "conflict" for row in lines)
    if conflicts:
        click.echo(
            f"{conflicts:,} prompts have several answers, none similar: {CLUSTERS} lists them"
        )
    tail()
    click.echo(f"dataset directory: {out}")
