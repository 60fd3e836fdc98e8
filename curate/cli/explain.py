"""`curate explain`."""

from pathlib import Path
from typing import Any

import click

from curate.cli.options import directory, json_flag
from curate.errors import clip
from curate.reporting.beside import differences, text_rows


@click.command("explain")
@directory
@click.argument("id", metavar="ID")
@json_flag
def explain_command(directory: Path, id: str, as_json: bool) -> None:
    """Tell all that happened to one record.

    How it was read, what each step changed, and how it ended, with the evidence. Beside the record
    that stayed in its place, what differs stands between ⟦ and ⟧. Below stands its cluster: the
    records that are like it, down to scores of 0.5. ID is the record's `id`,
    SOURCE:POSITION, as the files of the dataset directory have it.

    Example: curate explain clean facts:12
    """
    from curate.dataset import explain
    from curate.reporting.terminal import print_json

    story = explain(directory, id)
    if as_json:
        print_json(story)
    elif story["fate"] == "quarantined":
        row = story["row"]
        click.echo(f"{story['id']}  from {row['path']}:{row['line']}, byte {row['offset']}")
        click.echo(f"quarantined: {row['error']}\n{clip(row['raw'] or row['raw_base64'], 2000)}")
    else:
        _show(story)


def _show(story: dict[str, Any]) -> None:
    from curate.reporting.terminal import print_table

    record, edits = story["record"], story["edits"]
    copy = f", a copy of {story['copy_of']}" if "copy_of" in story else ""
    click.echo(f"{story['id']}  from {record['origin']}{copy}")
    if not edits:
        rows = [[name, *texts] for name, texts in text_rows([record])]
        print_table("Record", ["field", "as it was read"], rows)
    else:
        rows = [
            [name, one, "(the same)" if one == other else other]
            for name, (one, other) in text_rows([story["as_read"], record])
        ]
        print_table("Record", ["field", "as it was read", "as it left"], rows)
        names = ("step", "field", "before", "after")
        print_table("Edits", names, [[edit[name] for name in names] for edit in edits])
    for verdict in story.get("restored", []):
        click.echo(f"restored: {_verdict(verdict)}; that was set aside")
    if story["fate"] == "kept":
        click.echo(f"kept, in split {story['split']}")
    else:
        click.echo(f"dropped: {_verdict(story)}")
    if survivor := story.get("survivor"):
        of = f" of {story['evidence']['set']}" if "set" in story["evidence"] else ""
        header = ["field", story["id"], survivor["id"] + of]
        rows = [[name, *_marked(*texts)] for name, texts in text_rows([record, survivor])]
        other = "item that is in it" if "part" in story["evidence"] else "record that stayed"
        print_table(f"Beside the {other}", header, rows)
    if story["stands_for"]:
        click.echo(f"stands for: {', '.join(story['stands_for'])}")
    if similar := story["similar"]:
        rows = [[row["step"], f"{row['id']} of {row['set']}" if "set" in row else row["id"],
                 row["prompt"], row["answer"]] for row in similar[:_SHOWN]]  # fmt: skip
        print_table("Its cluster", ["step", "record", "prompt", "answer"], rows)
        if len(similar) > _SHOWN:
            click.echo(f"and {len(similar) - _SHOWN:,} more, with --json")
    for conflict in story["conflicts"]:
        others = f"{', '.join(conflict['ids'][:_SHOWN])}" or "records of other sets"
        click.echo(f"other answers to its prompt: {others}")


_SHOWN = 20
"""Records of a cluster that are shown, most similar first."""
_WORDS = {
    "field": "in {}",
    "found": "found {!r}",
    "value": "value {!r}",
    "at": "at character {}",
    "kept": "{} stayed in its place",
    "item": "{} is in it",
    "limit": "the limit is {:,}",
    "times": "{} times",
    "score": "score {}",
    **{unit: f"{{:,}} {unit}" for unit in ("chars", "words", "sentences", "tokens")},
}


def _verdict(verdict: dict[str, Any]) -> str:
    """Return step, reason and evidence in words.

    >>> _verdict({"step": "validate", "reason": "too_long",
    ...           "evidence": {"field": "output", "chars": 1200, "limit": 900}})
    'too_long, says step validate: in output, 1,200 chars, the limit is 900'
    """
    evidence = dict(verdict["evidence"])
    if evidence.get("field") == "both":
        evidence["field"] = "prompt and answer"
    if "part" in evidence:
        item = f"the {evidence.pop('part')} of {evidence.pop('kept')}, an item of"
        evidence = {"item": f"{item} {evidence.pop('set')}", **evidence}
    if "set" in evidence:
        evidence["kept"] = f"{evidence['kept']} of {evidence.pop('set')}"
    words = []
    for key, value in evidence.items():
        shown = clip(value) if isinstance(value, str | dict | list) else value
        try:
            words.append(_WORDS.get(key, f"{key} {{}}").format(shown))
        except ValueError:  # not the kind of value that goes there
            words.append(f"{key} {clip(value)}")
    said = f"{verdict['reason']}, says step {verdict['step']}"
    return f"{said}: {', '.join(words)}" if words else said


def _marked(one: str, other: str) -> tuple[str, str]:
    """Return two texts with what differs between ⟦ and ⟧; what is long and equal is cut.

    >>> _marked("Name a  colour.", "Name a colour!")
    ('Name a⟦  ⟧colour⟦.⟧', 'Name a⟦ ⟧colour⟦!⟧')
    """
    if one == other:
        return one, "(the same)"
    left, right = (
        "".join(f"⟦{part.text}⟧" if part.differs else part.text for part in parts)
        for parts in differences(one, other)
    )
    return left, right
