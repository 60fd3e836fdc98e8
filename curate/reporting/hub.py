"""The words that the Hugging Face Hub takes in the front matter of a dataset card.

Source: the answer of the Hub's `/api/validate-yaml` to a licence that it does not know, as quoted
in huggingface_hub issue 4218 (May 2026), and the docstring of `DatasetCardData` in huggingface_hub.
"""

import re
from collections.abc import Mapping
from typing import Any

from curate.licences import UNKNOWN, canonical

__all__ = ["LICENSES", "SIZES", "languages", "license_entry", "size_category"]

LICENSES = frozenset(
    """apache-2.0 mit openrail bigscience-openrail-m creativeml-openrail-m bigscience-bloom-rail-1.0
    bigcode-openrail-m afl-3.0 artistic-2.0 bsl-1.0 bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear
    c-uda cc cc0-1.0 cc-by-2.0 cc-by-2.5 cc-by-3.0 cc-by-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc-by-nc-2.0
    cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nd-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-2.0
    cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cdla-sharing-1.0 cdla-permissive-1.0 cdla-permissive-2.0 wtfpl
    ecl-2.0 epl-1.0 epl-2.0 etalab-2.0 eupl-1.1 eupl-1.2 agpl-3.0 gfdl gpl gpl-2.0 gpl-3.0 lgpl
    lgpl-2.1 lgpl-3.0 isc h-research intel-research lppl-1.3c ms-pl apple-ascl apple-amlr mpl-2.0
    odc-by odbl openmdw-1.0 openrail++ osl-3.0 postgresql ofl-1.1 ncsa unlicense zlib pddl lgpl-lr
    deepfloyd-if-license fair-noncommercial-research-license llama2 llama3 llama3.1 llama3.2
    llama3.3 llama4 grok2-community gemma unknown other""".split()
)
SIZES = (
    (10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"),
    (10**7, "1M<n<10M"), (10**8, "10M<n<100M"), (10**9, "100M<n<1B"), (10**10, "1B<n<10B"),
)  # fmt: skip
_LEAST = 0.01  # of the records judged: below it the identifier's own mistakes are as many


def size_category(records: int) -> str:
    """Return the size category of so many records.

    >>> size_category(999), size_category(1000), size_category(2_000_000)
    ('n<1K', '1K<n<10K', '1M<n<10M')
    """
    return next((name for limit, name in SIZES if records < limit), "10B<n<100B")


def license_entry(counts: Mapping[str, int]) -> dict[str, Any]:
    """Return the entries of the front matter that tell the licence of a set.

    One licence is named as the Hub names it, or as `other` with a name of its own; several are a
    list, in the order of the alphabet.

    Args:
        counts: records by licence, as they state it.

    >>> license_entry({"Apache License 2.0": 3}), license_entry({"MIT": 2, "": 1})
    ({'license': 'apache-2.0'}, {'license': ['mit', 'unknown']})
    >>> license_entry({"My terms, v1": 1}), license_entry({})
    ({'license': 'other', 'license_name': 'my-terms-v1'}, {'license': 'unknown'})
    """
    names = sorted({canonical(text) for text in counts}) or [UNKNOWN]
    words = sorted({name if name in LICENSES else "other" for name in names})
    if len(names) > 1:
        return {"license": words}
    slug = re.sub(r"[^a-z0-9.]+", "-", names[0])[:60].strip("-.")
    named = {"license_name": slug} if words == ["other"] and slug not in ("", "other") else {}
    return {"license": words[0], **named}


def languages(judged: Mapping[str, Any]) -> list[str]:
    """Return the languages of a judged sample that are worth naming: of 1% of it or more.

    >>> languages({"sample": 500, "languages": {"en": 450, "de": 5, "nl": 4}, "unclear": 41})
    ['en', 'de']
    """
    least = _LEAST * judged["sample"]
    return [name for name, number in judged["languages"].items() if number >= least]
