"""`curate recipe`."""

from pathlib import Path

import click

from curate.cli.options import check_path, json_flag


@click.command("recipe")
@click.argument("name", metavar="[NAME]", required=False)
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), callback=check_path, help="File to write."
)
@click.option("--fields", is_flag=True, help="Every field, with its default and what it is.")
@click.option("--schema", is_flag=True, help="The JSON schema, for editors.")
@json_flag
def recipe_command(
    name: str | None, out: Path | None, fields: bool, schema: bool, as_json: bool
) -> None:
    """Show the shipped recipes, or copy one.

    Without NAME they are listed. With NAME, of a shipped one or a file, it is printed; -o writes it
    to a file of your own, to be changed. --fields tells every key of a recipe, and every field of
    TRL's SFTConfig that `training:` takes.

    An editor that knows YAML completes and checks a recipe whose first line is
    `# yaml-language-server: $schema=recipe.schema.json`, beside what --schema -o writes.

    Example: curate recipe lora -o mine.yaml
    """
    from curate.errors import UsageError
    from curate.recipe import recipe_schema

    if sum([bool(name), fields, schema]) > 1:
        raise UsageError("NAME, --fields and --schema: choose one")
    if out and not (name or schema):
        raise UsageError("-o FILE: goes with NAME or --schema")
    if schema:
        _give(_json(recipe_schema()), out)
    elif fields:
        _show_fields(as_json)
    elif name:
        _give(_text(name), out)
    else:
        _show_all(as_json)


def _give(text: str, out: Path | None) -> None:
    """Print a text, or write it to a new file."""
    from curate.errors import UsageError, clip
    from curate.files import replace_file, writing

    if out is None:
        click.echo(text, nl=False)
        return
    if out.exists():
        raise UsageError(f"-o {clip(str(out))}: is there already; name a new file")
    with writing(out):
        replace_file(out, text.encode())
    click.echo(f"written: {out}")


def _text(name: str) -> str:
    """Return a recipe as it stands, but for what it extends: that is found from anywhere."""
    from curate.recipe import find_recipe, load_recipe

    path = find_recipe(name)
    load_recipe(path)  # says what is wrong with a file of one's own
    return path.read_text(encoding="utf-8")


def _show_all(as_json: bool) -> None:
    """Print the shipped recipes, a line each: what the first comment says."""
    from curate.recipe import find_recipe, load_recipe, shipped_recipes
    from curate.reporting.terminal import print_json, print_table

    rows = []
    for name in shipped_recipes():
        path = find_recipe(name)
        recipe = load_recipe(path)
        first = path.read_text(encoding="utf-8").partition("\n")[0].lstrip("# ")
        what = first.partition(". For a real one")[0].rstrip(".:")
        rows.append({"name": name, "method": recipe.backend.method,
                     "model": recipe.model.model_name_or_path, "what": what})  # fmt: skip
    if as_json:
        print_json(rows)
        return
    print_table("", ["recipe", "method", "model", ""], [[*row.values()] for row in rows])
    click.echo(
        "curate recipe NAME -o mine.yaml copies one; curate train NAME data.dataset=DIR -o RUN"
    )


def _show_fields(as_json: bool) -> None:
    from curate.recipe_fields import recipe_fields
    from curate.reporting.terminal import print_json, print_table

    rows = recipe_fields()
    if as_json:
        print_json(rows)
        return
    cells = [[row["key"], row["default"], row["what"]] for row in rows]
    print_table("", ["field", "default", "what it is"], cells)


def _json(value: object) -> str:
    import json

    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
