"""`curate split`."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from curate.cli.options import delivery, directory, json_flag, overwrite
from curate.text import counted

_ROWS = 20  # sources that are shown
_ASKED = ("validation", "test")


@click.command("split")
@directory
@delivery
@click.option(
    "--validation", default=0.05, show_default=True, help="Share for validation, 0.05 for 5%."
)
@click.option("--test", default=0.05, show_default=True, help="Share for the test.")
@click.option(
    "--seed",
    default=0,
    show_default=True,
    type=click.IntRange(0, 2**32 - 1),
    help="Another seed, another split.",
)
@click.option(
    "--stratify",
    type=click.Choice(["source"]),
    help="Each source gets its share of each split, as near as whole groups allow.",
)
@overwrite
@json_flag
def split_command(
    directory: Path,
    out: str,
    validation: float,
    test: float,
    seed: int,
    stratify: str | None,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Split a dataset directory by groups.

    Records go together that are near-duplicates, or share a context, a prompt, the beginning of a
    conversation or a passage: 13 words in a row, wherever they stand in the prompt, that are not
    the wording of many prompts. The hash of the content decides where a group goes. Source by
    source: a source that is added behind the others moves no record; what then belongs to two
    splits is dropped, with the reason. No two splits share anything: the manifest says what was
    looked for, and `curate audit` looks again.

    Example: curate split clean -o split --validation 0.1 --test 0
    """
    from curate.dataset import SPLITS, read_manifest
    from curate.delivering import Delivery
    from curate.reporting.terminal import print_json, print_table, talk
    from curate.splitting import split_dataset

    options = {"validation": validation, "test": test, "seed": seed, "stratify": stratify}
    with Delivery(out, overwrite=overwrite) as given:
        counts = split_dataset(directory, given.folder, **options, overwrite=overwrite)  # type: ignore[arg-type]
        given.deliver()
        manifest = read_manifest(given.folder)
    step = manifest["steps"][-1]
    for line in _remarks(counts, step):
        talk(line)
    if as_json:
        print_json(dict(sorted(counts.items())), indent=False)
        return
    rows = [[name, counts[name], _share(counts, name)] for name in SPLITS if name in counts]
    print_table("Splits", ["split", "records", "share"], rows)
    if len(step["shares"]) > 1:
        _print_sources(step)
    if repeated := manifest["counts"].get("repeated"):
        click.echo(f"{repeated:,} lines more repeat some of these records, in the same split")
    proof = step["proof"]
    click.echo(
        f"{counted(proof['groups'], 'group', 'groups')}, the largest of "
        f"{counted(proof['largest_group'], 'record', 'records')}; "
        "across splits: " + ", ".join(f"{n} × {kind}" for kind, n in proof["across"].items())
    )
    click.echo(f"dataset directory: {out}")


def _share(counts: Mapping[str, int], name: str) -> str:
    return f"{counts.get(name, 0) / sum(counts.values()):.1%}"


def _print_sources(step: Mapping[str, Any]) -> None:
    """Print the shares of the sources that are farthest from what was asked."""
    from curate.dataset import SPLITS
    from curate.reporting.terminal import print_table

    asked = step["settings"]

    def off(counts: Mapping[str, int]) -> float:
        total = sum(counts.values())
        return float(sum(abs(counts.get(s, 0) - asked[s] * total) for s in _ASKED))

    shares = step["shares"]
    chosen = sorted(shares, key=lambda name: -off(shares[name]))[:_ROWS]
    rows = [
        [name, sum(shares[name].values()), *(_share(shares[name], split) for split in SPLITS)]
        for name in shares
        if name in chosen
    ]
    some = (
        f", the {_ROWS} of {len(shares)} farthest from their share" if len(shares) > _ROWS else ""
    )
    print_table(f"Sources{some}", ["source", "records", *SPLITS], rows)


def _remarks(counts: Mapping[str, int], step: Mapping[str, Any]) -> Iterator[str]:
    """Yield what has to be said: splits far from their share, and what was dropped."""
    asked, total = step["settings"], sum(counts.values())
    groups, largest = step["proof"]["groups"], step["proof"]["largest_group"]
    rest = sum(asked[name] for name in _ASKED) * total
    fits = not asked["stratify"] and total - largest >= rest
    hint = "; `--stratify source` fits them to the shares" if fits else ""
    for name in _ASKED:
        found = counts.get(name, 0)
        if abs(found - asked[name] * total) > max(asked[name] * total / 5, 1):
            yield (
                f"{name}: {found:,} of {total:,} records, {found / total:.1%} and not "
                f"{asked[name]:.1%}: groups stay whole, of {groups:,} the largest has "
                f"{counted(largest, 'record', 'records')}{hint}"
            )
    for reason, number in step["dropped"].items():
        gone = f"{counted(number, 'record', 'records')} dropped ({reason})"
        yield f"{gone}: each belongs with records of two splits"
