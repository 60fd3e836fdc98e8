"""`curate index`."""

from pathlib import Path

import click

from curate.cli.options import check_path, json_flag, layout_options, parse_map, sources


@click.command("index")
@sources
@click.option("-o", "--out", required=True, metavar="INDEX", callback=check_path,
              type=click.Path(path_type=Path), help="Folder to write, or to add to.")  # fmt: skip
@layout_options
@json_flag
def index_command(
    sources: tuple[str, ...],
    out: Path,
    layout: str | None,
    columns: tuple[str, ...],
    as_json: bool,
) -> None:
    """Keep records for `curate clean --against INDEX`.

    An index holds the records with all that a comparison needs of them, so that it is quick. Where
    INDEX is there already it grows: records with an id and a content that it has are not added
    again. It stays as it was until all is written.

    Example: curate index clean -o known
    """
    from curate.indexing.grow import grow_index
    from curate.reporting.terminal import counting, print_json, quiet_libraries, talk
    from curate.sources import resolve

    quiet_libraries()
    found = resolve(sources, layout=layout, mapping=parse_map(columns), leave_out=out)
    with counting("records read") as progress:
        growth = grow_index(found, out, progress=progress, talk=talk)
    if as_json:
        print_json({"added": growth.added, "there": growth.there, "records": growth.records})
        return
    click.echo(f"added {growth.added:,} records; {growth.there:,} were there already")
    click.echo(f"index: {out}, {growth.records:,} records")
