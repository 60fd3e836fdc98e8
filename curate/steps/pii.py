"""Redact personal data and secrets."""

import ipaddress
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import ClassVar, Literal, Self, get_args

from pydantic import Field, model_validator

from curate.records import Dropped, Record
from curate.steps.base import RecordStep, edit_texts

__all__ = ["Pii"]

Kind = Literal["key", "email", "iban", "card", "ip", "phone"]
KINDS: tuple[Kind, ...] = get_args(Kind)

# As their issuers document them: AWS, GitHub, GitLab, Hugging Face, OpenAI and Anthropic, Slack,
# Google, Stripe, npm; then JSON web tokens (RFC 7519) and PEM private keys (RFC 7468).
_KEY = re.compile(
    r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36,}|\bgithub_pat_\w{50,}"
    r"|\bglpat-[\w-]{20,}|\bhf_[A-Za-z0-9]{30,}\b|\bsk-(?:[a-z]+-)?[\w-]{20,}"
    r"|\bxox[abeoprs]-[\w-]{10,}|\bAIza[\w-]{35}|\b[rs]k_live_[A-Za-z0-9]{16,}|\bnpm_[A-Za-z0-9]{36}\b"
    r"|\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}"
    r"|-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----.+?-----END (?:[A-Z]+ )*PRIVATE KEY-----",
    re.DOTALL,
)
_EMAIL = re.compile(
    r"(?<![\w.%+/-])[A-Za-z0-9_%+-]+(?:\.[\w%+-]+)*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+"
    r"[A-Za-z]{2,24}\b"
)
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b")
# In one piece, in fours, or as American Express has it: 4-6-5.
_CARD = re.compile(
    r"(?<![\d.-])(?:\d{13,19}|\d{4}(?P<gap>[ -])\d{4}(?P=gap)\d{4}(?P=gap)\d{1,7}|"
    r"3[47]\d{2}(?P<gap2>[ -])\d{6}(?P=gap2)\d{5})(?![\d.]|[ -]\d)"
)
_IP4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]*\d)")
_IP6 = re.compile(r"(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){3,7}[0-9A-Fa-f]{1,4}(?![\w:])")
# RFC 2606: names that belong to nobody.
_NOBODY = re.compile(
    r"@(?:[\w-]+\.)*(?:example\.(?:com|org|net|edu)|example|test|invalid|localhost|domain\.com|"
    r"email\.com)$",
    re.IGNORECASE,
)
_RESOLVERS = frozenset(("8.8.8.8", "8.8.4.4", "1.1.1.1", "1.0.0.1", "9.9.9.9"))


Finder = tuple[Callable[[str], object], re.Pattern[str], Callable[[str], bool]]


class Pii(RecordStep):
    """E-mail addresses, phone numbers, IP addresses, IBANs, payment cards, keys and tokens.

    Runs where an option of it is set, for whether such data belongs in a dataset is yours to say:
    `--set pii.action=redact` puts `[EMAIL]` and the like in its place, in every text and turn;
    `drop` takes the record out, with the kinds but not the values as evidence. Cards must pass
    Luhn's check, IBANs that of ISO 7064, phone numbers the numbering plans of libphonenumber, IP
    addresses must be public. Addresses at example.com and keys that say EXAMPLE are nobody's.
    `meta` is not looked at. The ledgers of the dataset directory still hold what was redacted:
    publish the splits alone.

    >>> step = Pii()
    >>> step.apply(Record(id="a:1", instruction="Mail to jane@doe.io, not to a@example.com.",
    ...                   output="Done.")).instruction
    'Mail to [EMAIL], not to a@example.com.'
    >>> kept = Record(id="a:2", instruction="Is 4111 1111 1111 1112 a card?", output="No.")
    >>> step.apply(kept) is kept
    True
    """

    name: ClassVar[str] = "pii"
    on: ClassVar[bool] = False

    action: Literal["redact", "drop"] = Field("redact", description="What happens to a find.")
    kinds: tuple[Kind, ...] = Field(KINDS, description="What is looked for.")
    region: str | None = Field(
        None,
        description="Country whose national phone numbers count too, as ISO 3166 has it: US, DE. "
        "Without it only numbers with a + are found.",
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.region is not None:
            from phonenumbers import SUPPORTED_REGIONS

            if self.region not in SUPPORTED_REGIONS:
                raise ValueError(f"region {self.region!r} is no country code such as US, DE, IN")
        return self

    def apply(self, record: Record) -> Record | Dropped:
        """Return the record, redacted where something was found, or dropped."""
        found: Counter[str] = Counter()

        def redact(field: str, text: str) -> str:
            for kind in self.kinds:
                for start, end in reversed(list(self._find(kind, text))):
                    text = f"{text[:start]}[{kind.upper()}]{text[end:]}"
                    found[kind] += 1
            return text

        redacted = edit_texts(record, redact)
        if found and self.action == "drop":
            return self.drop(record, "pii", found=dict(sorted(found.items())))
        return redacted

    def _find(self, kind: Kind, text: str) -> Iterator[tuple[int, int]]:
        """Yield start and end of each find, in order and apart from one another."""
        if kind == "phone":
            yield from _phones(text, self.region)
            return
        for sign, pattern, is_one in _FINDERS[kind]:
            for match in pattern.finditer(text) if sign(text) else ():
                if is_one(match.group()):
                    yield match.span()


def _phones(text: str, region: str | None) -> Iterator[tuple[int, int]]:
    """Yield phone numbers: with a + right before the digits, or grouped as the country does."""
    if (region is None and "+" not in text) or sum(map(str.isdigit, text)) < 7:
        return
    from phonenumbers import Leniency, PhoneNumberMatcher

    for match in PhoneNumberMatcher(text, region, leniency=Leniency.STRICT_GROUPING):
        found = match.raw_string
        if found[1:2].isdigit() if found.startswith("+") else re.search(r"\d\D", found):
            yield match.start, match.end


def _is_key(text: str) -> bool:
    return "EXAMPLE" not in text.upper() and len(set(text)) > 8


def _is_somebody(text: str) -> bool:
    return _NOBODY.search(text) is None


def _is_iban(text: str) -> bool:
    """Return whether the check digits are right (ISO 7064, MOD 97-10).

    >>> _is_iban("DE89 3704 0044 0532 0130 00"), _is_iban("DE88 3704 0044 0532 0130 00")
    (True, False)
    """
    bare = text.replace(" ", "")
    if not 15 <= len(bare) <= 34:
        return False
    return int("".join(str(int(c, 36)) for c in bare[4:] + bare[:4])) % 97 == 1


def _is_card(text: str) -> bool:
    """Return whether 13 to 19 digits pass Luhn's check (ISO/IEC 7812-1).

    >>> _is_card("4111 1111 1111 1111"), _is_card("4111 1111 1111 1112")
    (True, False)
    """
    digits = [int(c) for c in text if c.isdigit()]
    if digits[0] not in (2, 3, 4, 5, 6) or not 13 <= len(digits) <= 19:
        return False
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(doubled) + sum(digits[-1::-2])) % 10 == 0


def _is_public(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return address.is_global and not address.is_multicast and text not in _RESOLVERS


_KEY_SIGNS = ("AKIA", "ASIA", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-",
              "hf_", "sk-", "xox", "AIza", "k_live_", "npm_", "eyJ", "PRIVATE KEY")  # fmt: skip
# What every find holds. They begin with what is rare, so that a search for them is quick.
_IBAN_SIGN = re.compile(r"[A-Z]{2}\d\d ?[A-Z0-9]{4}")
_CARD_SIGN = re.compile(r"\d{4}[ -]?\d{4,6}[ -]?\d{3}")
_IP4_SIGN = re.compile(r"\d\.\d{1,3}\.\d")
_IP6_SIGN = re.compile(r":[0-9A-Fa-f]{0,4}:[0-9A-Fa-f]{0,4}:")

# The first of each: whether the search is worth while, for most texts hold nothing.
_FINDERS: dict[str, tuple[Finder, ...]] = {
    "key": ((lambda text: any(sign in text for sign in _KEY_SIGNS), _KEY, _is_key),),
    "email": ((lambda text: "@" in text, _EMAIL, _is_somebody),),
    "iban": ((_IBAN_SIGN.search, _IBAN, _is_iban),),
    "card": ((_CARD_SIGN.search, _CARD, _is_card),),
    "ip": (
        (_IP4_SIGN.search, _IP4, _is_public),
        (_IP6_SIGN.search, _IP6, _is_public),
    ),
}
