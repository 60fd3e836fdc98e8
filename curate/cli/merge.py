"""`curate merge`."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import click

from curate.cli.clean import show_account
from curate.cli.options import (
    NumberRange,
    delivery,
    engine_options,
    find_engine,
    json_flag,
    layout_options,
    overwrite,
    parse_map,
    sources,
)
from curate.errors import clip
from curate.text import counted


@click.command("merge")
@sources
@delivery
@click.option("--weight", "weights", multiple=True, metavar="NAME=W",
              help="Share of the output that a source is to make up. Repeatable.")  # fmt: skip
@click.option("--cap", "caps", multiple=True, metavar="NAME=N",
              help="The most records that a source may give. Repeatable.")  # fmt: skip
@click.option("--total", type=click.IntRange(1), metavar="N", help="Records of the output.")
@click.option("--temperature", default=1.0, show_default=True, metavar="T",
              type=NumberRange(1, 1000),
              help="Shares without a weight are as size to the power 1/T.")  # fmt: skip
@click.option("--repeat", is_flag=True,
              help="Let records be there several times where a share asks for more.")  # fmt: skip
@click.option("--prefer", multiple=True, metavar="NAME",
              help="Of duplicates, keep those of this source. Repeatable.")  # fmt: skip
@click.option("--allow-licenses", "allow", multiple=True, metavar="ID[,ID]",
              help="Keep records under these licences alone. Repeatable.")  # fmt: skip
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0, 2**32 - 1),
              help="Another seed draws other records.")  # fmt: skip
@layout_options
@click.option("--set", "settings", multiple=True, metavar="STEP.FIELD=VALUE",
              help="Change an option of a step, which then runs. Repeatable.")  # fmt: skip
@click.option("--skip", multiple=True, metavar="STEP", help="Leave this step out. Repeatable.")
@engine_options
@click.option("--resume", is_flag=True,
              help="Go on with a run that stopped; the result is the same.")  # fmt: skip
@overwrite
@json_flag
def merge_command(
    sources: tuple[str, ...],
    out: str,
    weights: tuple[str, ...],
    caps: tuple[str, ...],
    total: int | None,
    temperature: float,
    repeat: bool,
    prefer: tuple[str, ...],
    allow: tuple[str, ...],
    seed: int,
    layout: str | None,
    columns: tuple[str, ...],
    settings: tuple[str, ...],
    skip: tuple[str, ...],
    workers: int | None,
    engine: Literal["local", "ray"],
    address: str | None,
    resume: bool,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Merge sources into one dataset directory, each with its share.

    Each SOURCE is a part, called by the name of its file or folder, or as NAME=SOURCE says. First
    the steps `validate` and `dedup` run over all of them together, then each part gives its share,
    drawn without repetition by the hash of seed and id.

    --weight NAME=W is the share of the output. If every part has one they count relative to one
    another; if not they come to less than 1, and the rest goes to the others by size. --temperature
    T makes that size to the power 1/T: small parts get more. --cap NAME=N is the most that a part
    gives, and the size of a part is what its cap leaves of it.

    Without --total there are as many records as the shares allow: until the first part has no more.
    With it a part that cannot give its share gives all it has, and the others fill up, those
    without a weight first. --repeat takes records of a part that has too few several times, all
    equally often.

    NAME.license=ID among the sources is the licence of rows that state none.

    Example: curate merge facts=a.jsonl chat=b.json facts.license=mit -o mix --weight chat=0.3
    """
    from curate.cleaning import clean
    from curate.delivering import Delivery, check_resume
    from curate.errors import UsageError
    from curate.merging import find_parts, find_sources, find_steps, numbers
    from curate.reporting.terminal import counting, print_json, quiet_libraries, talk
    from curate.steps.mix import Mix

    quiet_libraries()
    check_resume(out, resume)
    found = find_sources(sources, layout=layout, mapping=parse_map(columns), leave_out=Path(out))
    parts = find_parts(found)
    mix = Mix(
        parts=parts,
        weights=numbers("--weight", weights, parts, whole=False),
        caps=numbers("--cap", caps, parts, whole=True),
        total=total,
        temperature=temperature,
        repeat=repeat,
        seed=seed,
    )
    licenses = [name.strip() for given in allow for name in given.split(",")]
    if "" in licenses:
        raise UsageError("--allow-licenses: a name is empty; `unknown` stands for no licence")
    steps = find_steps(mix, settings=settings, skip=skip, prefer=prefer, allow=licenses)
    with Delivery(out, overwrite=overwrite) as given:
        with counting("rows read") as progress:
            manifest = clean(
                found,
                steps,
                given.folder,
                engine=find_engine(engine, workers, address),
                overwrite=overwrite,
                resume=resume,
                progress=progress,
                talk=talk,
            )
        given.deliver()
        if as_json:
            print_json(manifest)
        else:
            show_account(manifest, given.folder, out, tail=lambda: _show_mix(manifest))


def _show_mix(manifest: Mapping[str, Any]) -> None:
    """Print what each part was to give and gave, the licences, and what is odd about either."""
    from curate.licences import UNKNOWN, warnings
    from curate.reporting.terminal import print_table

    mixing = manifest["mixing"]
    sources, whole = mixing["sources"], sum(row["realised"] for row in mixing["sources"])
    header = ["source", "there", "weight", "cap", "planned", "realised", "share", "times each"]
    rows = [
        [
            row["name"],
            row["available"],
            "by size" if row["weight"] is None else row["weight"],
            "" if row["cap"] is None else row["cap"],
            row["planned"],
            row["realised"],
            f"{row['realised'] / whole:.1%}" if whole else "",
            _times(row),
        ]
        for row in sources
    ]
    print_table("Mix", header, rows)
    for line in _remarks(mixing):
        click.echo(line)
    counts: Counter[str] = Counter()
    for name, number in manifest["licenses"].items():
        counts[clip(name or UNKNOWN)] += number
    held = ", ".join(f"{name} {number:,}" for name, number in counts.items())
    click.echo(f"licences: {held}")
    for warning in warnings(manifest["licenses"]):
        click.echo(f"  {clip(warning, 300)}")


def _times(row: Mapping[str, Any]) -> str:
    """Return how often the records of a part are there.

    >>> _times({"realised": 25, "available": 10}), _times({"realised": 20, "available": 10})
    ('2 or 3', '2')
    >>> _times({"realised": 5, "available": 10}), _times({"realised": 0, "available": 0})
    ('0 or 1', '')
    """
    if not row["available"]:
        return ""
    times, more = divmod(row["realised"], row["available"])
    return f"{times} or {times + 1}" if more else str(times)


def _remarks(mixing: Mapping[str, Any]) -> Iterator[str]:
    """Yield in plain words where what was asked could not be met, and what stays out for it."""
    sources, total, repeat = mixing["sources"], mixing["total"], mixing["repeat"]
    for row in sources:
        name, missing = _name(row), row["planned"] - row["realised"]
        if missing > 0:
            capped = row["cap"] is not None and row["cap"] <= row["realised"]
            why = f"its cap is {row['cap']:,}" if capped else "it has no more"
            more = "" if capped or repeat or not row["available"] else " (--repeat would)"
            yield f"{name}: {missing:,} of {row['planned']:,} planned are missing: {why}{more}"
        elif row["weight"] and not row["available"]:
            yield f"{name}: has a weight and no record"
    over = {_name(row): row["realised"] - row["planned"] for row in sources}
    if filled := ", ".join(f"{name} {number:,}" for name, number in over.items() if number > 0):
        yield f"in their place are more than planned: {filled}"
    whole = sum(row["realised"] for row in sources)
    if total is not None and whole < total:
        records = counted(whole, "record", "records")
        yield f"{records} and not {total:,}: all the sources together have no more to give"
    out = sum(max(0, row["available"] - row["realised"]) for row in sources if row["weight"] != 0)
    shaped = mixing["temperature"] != 1 or any(row["weight"] is not None for row in sources)
    if total is None and out and shaped:
        tight = max(sources, key=lambda row: row["realised"] / (_size(row) or math.inf))
        capped = _size(tight) < tight["available"]
        why = "its cap" if capped else "all it has"
        if tight["realised"] < _size(tight):
            why = f"{tight['realised']:,} of {_size(tight):,}, one more would be too much"
        more = "" if capped or repeat else "; --repeat, or a larger --total, takes more"
        stay = counted(out, "record stays", "records stay")
        yield f"{stay} out so that the shares hold: {_name(tight)} gives {why}{more}"


def _name(row: Mapping[str, Any]) -> str:
    """Return the name of a part as a terminal may show it."""
    return clip(row["name"])


def _size(row: Mapping[str, Any]) -> int:
    cap = row["cap"]
    return int(row["available"] if cap is None else min(row["available"], cap))
