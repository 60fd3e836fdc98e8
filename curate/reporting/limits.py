"""What a dataset does not hold, or was not looked at for: true by the steps that ran."""

from collections.abc import Iterator, Mapping
from typing import Any

from curate.licences import UNKNOWN, canonical
from curate.text import counted

__all__ = ["limits"]

Entry = Mapping[str, Any]

_RULES = ("placeholders", "merged_instructions", "template_residue", "echo", "refusals",
          "unanswerable", "truncated_output", "repetition")  # fmt: skip
_MISSING = {
    "normalise": "Texts are as they were read: broken encodings and stray tokens are still there.",
    "validate": "Empty records, and values that are no text, are still there.",
    "dedup": "Duplicates were not looked for.",
    "decontaminate": "Items of evaluation sets were not looked for: a benchmark may be among the "
    "records.",
    "pii": "Personal data and secrets were not looked for.",
    "language": "No record was dropped for its language.",
}
"""What it means that a step did not run."""


def limits(manifest: Entry) -> list[str]:
    """Return what has to be known before the dataset is used, a sentence or two each."""
    settings = {step["name"]: step["settings"] for step in manifest["steps"]}
    found = ["Whether an answer is true, helpful or harmless was not judged."]
    found += [text for name, text in _MISSING.items() if name not in settings]
    found += _alike(settings)
    found += _compared(manifest, settings)
    found += _judged(settings)
    found += _languages(manifest["languages"])
    restored = [o["rows"] for o in manifest["outputs"] if o["path"] == "restored.jsonl"]
    if restored:
        found.append(f"{restored[0]:,} verdicts of the steps were set aside by `--restore`.")
    unknown = sum(n for name, n in manifest["licenses"].items() if canonical(name) == UNKNOWN)
    if unknown:
        found.append(f"{_records(unknown)} no licence that is known.")
    if lost := manifest["counts"]["quarantined"]:
        were = counted(lost, "row could not be read and is", "rows could not be read and are")
        found.append(f"{were} not part of it.")
    if any(source["path"] == "-" for source in manifest["sources"]):
        found.append("A source was read from standard input, and is needed to make it again.")
    return found


def _records(number: int) -> str:
    return counted(number, "record has", "records have")


def _alike(settings: Mapping[str, Entry]) -> Iterator[str]:
    dedup, semantic = settings.get("dedup"), settings.get("semantic_dedup")
    if dedup:
        own = {name: dedup.get(f"{name}_threshold") for name in ("prompt", "answer")}
        least = {name: dedup["threshold"] if t is None else t for name, t in own.items()}
        where = {"both": "its prompt or its answer", "prompt": "its prompt", "answer": "its answer"}
        named = [t for name, t in least.items() if dedup["scope"] in ("both", name)]
        below = " and ".join(str(t) for t in dict.fromkeys(named))
        yield (
            f"A near-duplicate stays if {where[dedup['scope']]} is less similar than {below} "
            "(Jaccard over 3 words), or if a number, a name or a negation is another one."
        )
        if dedup["scope"] != "both":
            yield "Only that part was compared: records that differ in the other one went as well."
    if semantic:
        yield (
            "Records that say the same in other words were found by a model: those below a cosine "
            f"of {semantic['threshold']} stay."
        )
    elif dedup:
        yield "Records that say the same in other words were not looked for."


def _compared(manifest: Entry, settings: Mapping[str, Entry]) -> Iterator[str]:
    decontaminate = settings.get("decontaminate")
    if decontaminate:
        sets = dict.fromkeys(e["set"] for e in manifest.get("references") or ()
                             if e["step"] == "decontaminate")  # fmt: skip
        yield (
            f"Of evaluation sets only those under “Compared with” were looked for "
            f"({len(sets)}), word by word or edited: an item in wholly other words is not found."
        )
        if decontaminate["mode"] == "report":
            yield "Records that hold items of them were noted and kept."
    if pii := settings.get("pii"):
        kinds = ", ".join(pii["kinds"])
        yield (
            f"Of personal data and secrets only these kinds were looked for, by their form: "
            f"{kinds}. Names and postal addresses are not among them."
        )


def _judged(settings: Mapping[str, Entry]) -> Iterator[str]:
    if ran := [f"`{name}`" for name in _RULES if name in settings]:
        what = ", ".join(ran)
        yield f"Rules on the wording decide in {what}: some cases they miss, and some they mistake."
    if language := settings.get("language"):
        kept = ", ".join(language["keep"])
        yield (
            f"Records in other languages than {kept} were dropped where the identifier was sure; "
            "records with little text were kept."
        )


def _languages(judged: Entry) -> Iterator[str]:
    if judged["sample"] == 0:
        return
    if not judged["languages"]:
        yield "Its languages are not known: no record of the sample has enough text to tell."
    else:
        yield (
            f"Languages were judged by an identifier on {judged['sample']:,} of the records, "
            "not on each by a reader."
        )
