"""What licences ask for, and which of them do not go together in one set.

The terms of the Creative Commons licences and which of them can be combined: Creative Commons, "Can
I combine material under different Creative Commons licenses in my work?" (FAQ). Of the GNU licences
and those that go into them: Free Software Foundation, "Various licenses and comments about them";
of CC BY-SA 4.0 into GPL 3: Creative Commons, "Compatible licenses". No legal advice.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

from curate.text import counted

__all__ = ["LICENCES", "TOGETHER", "UNKNOWN", "Terms", "canonical", "terms_of", "warnings"]

UNKNOWN = "unknown"
"""What a record without a licence is said to have."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a licence asks for.

    Attributes:
        non_commercial: no commercial use.
        no_derivatives: what was changed may not be shared.
        share_alike: the family of licences under which what was changed has to be shared; empty
            for none.
        own: rules of use that are its own, to be read before use.

    """

    non_commercial: bool = False
    no_derivatives: bool = False
    share_alike: str = ""
    own: bool = False


_FREE = """mit apache-2.0 bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear isc unlicense zlib wtfpl
cc0-1.0 pddl odc-by cdla-permissive-1.0 cdla-permissive-2.0 cc-by-2.0 cc-by-2.5 cc-by-3.0 cc-by-4.0
cc afl-3.0 artistic-2.0 ecl-2.0 ms-pl ncsa postgresql bsl-1.0"""
_SHARE_ALIKE = {
    "cc-by-sa": ["cc-by-sa-3.0", "cc-by-sa-4.0"],
    "cc-by-nc-sa": ["cc-by-nc-sa-2.0", "cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0"],
    "odbl": ["odbl"],
    "cdla-sharing": ["cdla-sharing-1.0"],
    "gpl-2.0": ["gpl", "gpl-2.0"],
    "gpl-3.0": ["gpl-3.0"],
    "agpl-3.0": ["agpl-3.0"],
    "lgpl": ["lgpl", "lgpl-2.1", "lgpl-3.0"],
    "mpl-2.0": ["mpl-2.0"],
    "eupl": ["eupl-1.1", "eupl-1.2"],
    "gfdl": ["gfdl"],
}
TOGETHER = {
    frozenset(pair)
    for pair in (
        ("cc-by-sa", "gpl-3.0"),
        ("gpl-3.0", "agpl-3.0"),
        *(("lgpl", other) for other in ("gpl-2.0", "gpl-3.0", "agpl-3.0")),
        *(("mpl-2.0", other) for other in ("gpl-2.0", "gpl-3.0", "agpl-3.0", "lgpl")),
    )
}
"""Families of which one licence covers what comes from both."""
_OWN = """openrail bigscience-openrail-m creativeml-openrail-m bigscience-bloom-rail-1.0
bigcode-openrail-m openrail++ llama2 llama3 llama3.1 llama3.2 llama3.3 gemma apple-ascl
deepfloyd-if-license c-uda other"""

LICENCES: dict[str, Terms] = {
    **{name: Terms() for name in _FREE.split()},
    **{
        name: Terms(non_commercial="nc" in name.split("-"), share_alike=family)
        for family, names in _SHARE_ALIKE.items()
        for name in names
    },
    **{f"cc-by-nc-{version}": Terms(non_commercial=True) for version in ("2.0", "3.0", "4.0")},
    **{f"cc-by-nd-{version}": Terms(no_derivatives=True) for version in ("3.0", "4.0")},
    **{
        f"cc-by-nc-nd-{version}": Terms(non_commercial=True, no_derivatives=True)
        for version in ("3.0", "4.0")
    },
    **{name: Terms(own=True) for name in _OWN.split()},
}
"""The licences that are known, by the names that the Hugging Face Hub has for them."""

_ALIASES = {
    **dict.fromkeys(
        ("apache", "apache-2", "apache2", "apache2.0", "apache-license", "apache-license-2.0",
         "apache-license-version-2.0"), "apache-2.0",
    ),
    **dict.fromkeys(("cc0", "cc-0", "public-domain"), "cc0-1.0"),
    **dict.fromkeys(("odc-odbl", "odbl-1.0"), "odbl"),
    **dict.fromkeys(("", "none", "null", "n/a", "unspecified"), UNKNOWN),
    "mit-license": "mit",
    "odc-by-1.0": "odc-by",
}  # fmt: skip
_CC = re.compile(
    r"(?:cc|creative-commons)-?(by(?:-?(?:nc|sa|nd))*)(?:-(?:v)?(\d)(?:\.(\d))?)?(?:-\w+)*"
)
_GNU = re.compile(r"(?:gnu-)?(a|l)?gpl-?v?(\d)(?:\.(\d))?(?:-(?:only|or-later|\+))?\+?")


def canonical(text: str) -> str:
    """Return the name of a licence as the Hub writes it; of one that is not known, in lower case.

    >>> canonical("CC BY-NC 4.0"), canonical("Apache License 2.0"), canonical(" "), canonical("MIT")
    ('cc-by-nc-4.0', 'apache-2.0', 'unknown', 'mit')
    >>> canonical("GPL-3.0-or-later"), canonical("https://creativecommons.org/licenses/by-sa/4.0/")
    ('gpl-3.0', 'cc-by-sa-4.0')
    """
    name = re.sub(r"[\s_]+", "-", text.strip().lower())
    if found := re.search(r"creativecommons\.org/licenses/([\w-]+)/(\d\.\d)", name):
        name = f"cc-{found[1]}-{found[2]}"
    if name in LICENCES or name in _ALIASES:
        return _ALIASES.get(name, name)
    if found := _CC.fullmatch(name):
        parts = "-".join(re.findall("by|nc|sa|nd", found[1]))
        return f"cc-{parts}-{found[2] or 4}.{found[3] or 0}"
    if found := _GNU.fullmatch(name):
        return f"{found[1] or ''}gpl-{found[2]}.{found[3] or 0}"
    return name


def terms_of(name: str) -> Terms | None:
    """Return what a licence asks for, None where that is not known."""
    return LICENCES.get(canonical(name))


def warnings(counts: Mapping[str, int]) -> list[str]:
    """Return what to know before a set with these licences is used or shared.

    Args:
        counts: records by licence, as they state it.

    >>> warnings({"mit": 3, "": 1})
    ['unknown (1 record): no licence is stated, so nobody has said that it may be used']
    """
    found: dict[str, int] = {}
    for text, number in counts.items():
        found[canonical(text)] = found.get(canonical(text), 0) + number
    said: list[str] = []
    for name, number in sorted(found.items()):
        many = f"{name} ({counted(number, 'record', 'records')})"
        terms = LICENCES.get(name)
        if name == UNKNOWN:
            said.append(f"{many}: no licence is stated, so nobody has said that it may be used")
        elif terms is None:
            said.append(f"{many}: is not in the table of licences; read its terms")
        elif terms.own:
            said.append(f"{many}: has rules of its own; read them before use")
        elif terms.no_derivatives:
            said.append(f"{many}: what was changed may not be shared, a cleaned or merged set too")
        elif terms.non_commercial and len(found) > 1:
            said.append(f"{many}: non-commercial, so the whole set is")
    for one, other in combinations(sorted(found), 2):
        if why := _clash(LICENCES.get(one), LICENCES.get(other)):
            said.append(f"{one} and {other} do not go together: {why}")
    return said


def _clash(one: Terms | None, other: Terms | None) -> str:
    """Return why no licence covers what comes from both; empty if there is one."""
    if one is None or other is None or one.no_derivatives or other.no_derivatives:
        return ""
    families = {terms.share_alike for terms in (one, other)} - {""}
    if len(families) == 2 and families not in TOGETHER:
        return "each asks that the whole is shared under itself"
    free = [terms for terms in (one, other) if terms.share_alike and not terms.non_commercial]
    if free and (one.non_commercial or other.non_commercial):
        return "one asks that the whole is shared with commercial use allowed, the other forbids it"
    return ""
