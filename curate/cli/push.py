"""`curate push`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from curate.cli.options import directory, json_flag

if TYPE_CHECKING:
    from curate.pushing import Parcel, Pushed


@click.command("push")
@directory
@click.argument("target", metavar="hf:OWNER/NAME")
@click.option("--public", is_flag=True, help="Let everybody see it; private without.")
@click.option("--with-ledgers", is_flag=True,
              help="Upload all: what was dropped, quarantined and edited too.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Only list what would be uploaded; no network.")
@json_flag
def push_command(
    directory: Path, target: str, public: bool, with_ledgers: bool, dry_run: bool, as_json: bool
) -> None:
    """Publish a dataset directory on the Hugging Face Hub.

    Uploads the splits, the card and the manifest in one commit, after an audit. The manifest lists
    what is withheld; `curate audit` of a download checks what is there. A repository that is there
    has to be empty or hold an earlier push; nothing in it is deleted. The token is that of
    `hf auth login`, or HF_TOKEN.

    Example: curate push split hf:OWNER/NAME
    """
    from curate.pushing import pack, push, repo_of
    from curate.reporting.terminal import quiet_libraries

    if not sys.stderr.isatty():  # on a terminal the bars show how far a long upload is
        quiet_libraries()
    repo = repo_of(target)
    parcel = pack(directory, with_ledgers=with_ledgers)
    pushed = None if dry_run else push(parcel, repo, private=not public)
    _show(parcel, repo, pushed, public=public, as_json=as_json)


def _show(
    parcel: "Parcel", repo: str, pushed: "Pushed | None", *, public: bool, as_json: bool
) -> None:
    """Print what was uploaded and where it is."""
    from curate.reporting.terminal import print_json, print_table, talk

    private = not public if pushed is None else pushed.private
    sizes = parcel.sizes()
    if as_json:
        printed: dict[str, Any] = {
            "repo": repo,
            "url": pushed and pushed.url,
            "commit": pushed and pushed.commit,
            "private": private,
            "files": [{"path": name, "bytes": size} for name, size in sizes.items()],
            "withheld": list(parcel.withheld),
        }
        print_json(printed)
        return
    print_table("Files", ["file", "bytes"], [[name, size] for name, size in sizes.items()])
    if parcel.withheld:
        click.echo(f"not uploaded: {', '.join(parcel.withheld)}")
    seen = "private" if private else "public"
    if pushed is None:
        click.echo(f"would be uploaded to hf:{repo}, {seen}; nothing was sent")
        return
    if public and private:
        talk(f"hf:{repo} is private and stays so: make it public in its settings on the hub")
    click.echo(f"uploaded to {pushed.url}, {seen}, commit {pushed.commit[:12]}")
