"""`curate train`."""

from pathlib import Path
from typing import Any

import click

from curate.cli.options import check_path, json_flag, overwrite


@click.command("train")
@click.argument("recipe", metavar="RECIPE")
@click.argument("overrides", metavar="[KEY=VALUE]...", nargs=-1)
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), callback=check_path, help="Folder to write."
)
@click.option("--dry-run", is_flag=True, help="Say what would be done and taken; write nothing.")
@click.option("--resume", is_flag=True, help="Go on from the last checkpoint of the run.")
@overwrite
@json_flag
def train_command(
    recipe: str, overrides: tuple[str, ...], out: Path | None, dry_run: bool, resume: bool,
    overwrite: bool, as_json: bool,
) -> None:  # fmt: skip
    """Tune a model as a recipe says.

    RECIPE is a YAML file or the name of a shipped one (lora). KEY=VALUE changes one value of it.
    Writes the adapter, checkpoints, losses, answers before and after, a card and run.json.

    Example: curate train lora data.dataset=split training.max_steps=100 -o run
    """
    from curate.errors import UsageError
    from curate.recipe import find_recipe, load_recipe
    from curate.reporting.terminal import print_json, quiet_libraries

    if dry_run and resume:
        raise UsageError("--dry-run and --resume: choose one")
    if not out and not dry_run:
        raise UsageError("-o RUN is missing: the folder to write")
    quiet_libraries()
    settings = load_recipe(find_recipe(recipe), overrides)
    from curate.tuning import dry_run as dry
    from curate.tuning.ranks import part
    from curate.tuning.training import train

    if dry_run or not out:
        said = dry.dry_run(settings, out, overwrite=overwrite)
        print_json(said) if as_json else _show_forecast(said)
        return
    run = train(settings, out, resume=resume, overwrite=overwrite)
    part()
    if run is None:
        return  # another process of this run tells
    if as_json:
        print_json(run)
    else:
        show_run(run, out)


def _show_forecast(said: dict[str, Any]) -> None:
    """Print what a run would look at and take."""
    from curate.reporting.terminal import print_table

    _show_rows(said["encoding"])
    click.echo(
        f"{said['steps']:,} steps, {said['epochs']:,} epochs: {said['rows_a_step']:,} of "
        f"{said['rows']:,} rows a step, the longest of {said['longest']:,} tokens"
    )
    click.echo(
        f"{said['tokens']:,} tokens in all, {said['loss_tokens']:,} of them take loss; "
        f"{said['held_out']:,} records are held out"
    )
    click.echo(
        f"trains {said['trainable']:,} of {said['parameters']:,} parameters "
        f"({said['trainable'] / said['parameters']:.2%})"
    )
    parts = ["weights", "gradients", "optimizer", "activations", "measuring"]
    rows = [[part, _megabytes(said[part])] for part in parts]
    print_table(
        f"memory on {said['device']}", ["", "MB"],
        [*rows, ["at most at once", _megabytes(said["memory"])],
         ["free", _megabytes(said["free_memory"])]],
    )  # fmt: skip
    click.echo(
        f"disk: at most {_megabytes(said['checkpoints'])} MB, "
        f"{_megabytes(said['free_disk'])} MB are free"
    )
    for lack in said["lacks"]:
        click.echo(f"does not fit: {lack}")


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f}"


def _show_rows(rows: dict[str, Any]) -> None:
    """Print what became of the records that do not go in as they are."""
    if rows["over_length"]:
        click.echo(f"left out, longer than max_length: {len(rows['over_length'])} records")
    if rows["truncated"]:
        click.echo(f"shortened to max_length: {rows['truncated']:,} records")
    if rows["special_tokens"]:
        click.echo(
            f"encoded as plain text: {rows['special_tokens']:,} special-token strings in "
            f"{rows['special_records']:,} records"
        )


def show_run(run: dict[str, Any], directory: Path) -> None:
    """Print what was trained and what came of it."""
    from curate.reporting.evaluation_page import called, shown, told
    from curate.reporting.terminal import print_table

    rows, trained = run["encoding"], run["training"]
    click.echo(
        f"trained {trained['trainable_parameters']:,} of {trained['parameters']:,} parameters "
        f"({trained['trainable_parameters'] / trained['parameters']:.2%}) for "
        f"{trained['steps']} steps on {rows['examples']:,} records "
        f"({rows['loss_tokens']:,} of {rows['tokens']:,} tokens take loss)"
    )
    _show_rows(rows)
    took = run["resources"]
    click.echo(
        f"{took['seconds']:,.1f} s, {took['tokens_per_second']:,.0f} tokens/s, peak memory "
        f"{took['peak_memory_bytes'] / 1e6:,.0f} MB, "
        f"optimizer state {trained['optimizer_bytes'] / 1e6:,.1f} MB"
    )
    click.echo(f"encoding digest: {rows['digest']}")
    before, after = run["metrics"]["before"], run["metrics"]["after"]
    if before:
        figures = [[called(n), shown(n, before[n]), shown(n, after[n])] for n in told(before)]
        print_table(
            f"{before['records']:,} held-out records, {before['over_length']:,} too long, "
            f"{before.get('asked', 0):,} answered",
            ["", "before", "after"],
            figures,
        )
        _show_sources(before["loss_by_source"], after["loss_by_source"])
    click.echo(f"run directory: {directory}")


def _show_sources(before: dict[str, Any], after: dict[str, Any]) -> None:
    """Print the held-out loss of each source, where there are several."""
    from curate.reporting.terminal import print_table

    if len(before) > 1:
        rows = [
            [name, said["records"], said["loss"], after[name]["loss"]]
            for name, said in before.items()
        ]
        print_table("loss by source", ["", "records", "before", "after"], rows)
