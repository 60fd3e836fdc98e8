import json

import pytest

from curate.records import Record
from curate.steps.pii import KINDS, Pii

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA3Tz2\n-----END RSA PRIVATE KEY-----"


def record(text, **fields):
    return Record(id="a:1", instruction=text, output="Done.", **fields)


@pytest.mark.parametrize(("text", "redacted"), [
    ("Mail jane.doe+x@mail.firm.co.uk!", "Mail [EMAIL]!"),
    ("<jane@doe.io>, joe@doe.io", "<[EMAIL]>, [EMAIL]"),
    ("Call +49 30 901820 now", "Call [PHONE] now"),
    ("Call +1 (212) 456-7890 now", "Call [PHONE] now"),
    ("IBAN DE89 3704 0044 0532 0130 00.", "IBAN [IBAN]."),
    ("GB29NWBK60161331926819", "[IBAN]"),
    ("Card 4111 1111 1111 1111", "Card [CARD]"),
    ("Card 5500-0000-0000-0004", "Card [CARD]"),
    ("Card 378282246310005", "Card [CARD]"),
    ("Amex 3782 822463 10005", "Amex [CARD]"),
    ("from 93.184.216.34 to 2606:4700:4700::1001", "from [IP] to [IP]"),
    ("AKIAIOSFODNN7ABCDEFG", "[KEY]"),
    ("ghp_abcdefghijklmnopqrstuvwxyz0123456789", "[KEY]"),
    ("hf_abcdefghijklmnopqrstuvwxyzABCDEFGH", "[KEY]"),
    ("key=sk-proj-abcdEFGH1234567890abcd", "key=[KEY]"),
    (f"Bearer {JWT}", "Bearer [KEY]"),
    (PEM, "[KEY]"),
])  # fmt: skip
def test_redacts(text, redacted):
    assert Pii().apply(record(text)).instruction == redacted


@pytest.mark.parametrize("text", [
    "Mail to someone@example.com or a@b.test, not to @jane or jane@localhost.",
    "Card 4111 1111 1111 1112",  # fails Luhn's check
    "goals is 4 27 6 11 2 3 0 0 25 13 4 1 33 0",
    "1234567890123456789012345",
    "IBAN DE88 3704 0044 0532 0130 00",  # fails the check digits
    "ping 127.0.0.1, 10.0.0.7, 192.168.1.1, 8.8.8.8, ::1 and fe80::1",
    "version 1.2.3.4.5, section 300.1.2.3, 12:30:45",
    "3600000000000 + 62426244000",
    "AKIAIOSFODNN7EXAMPLE",  # the key of AWS's own documentation
    "sk-" + "x" * 40,
    "call 604-457-4895",  # a national number: no region is set
    "2147483648 seconds",
])  # fmt: skip
def test_keeps(text):
    good = record(text)
    assert Pii().apply(good) is good


def test_national_numbers_count_in_their_region():
    text = "call 212-456-7890 by 2026-11-24, not 2147483648"
    redacted = "call [PHONE] by 2026-11-24, not 2147483648"
    assert Pii(region="US").apply(record(text)).instruction == redacted


def test_every_text_and_turn_is_redacted_and_meta_is_not():
    call = json.dumps({"name": "send", "arguments": {"to": "jane@doe.io"}})
    before = record(
        "a", context="joe@doe.io", system="jim@doe.io",
        history=[{"role": "tool_call", "content": call}], meta={"by": "ann@doe.io"},
    )  # fmt: skip
    after = Pii().apply(before)
    assert (after.context, after.system) == ("[EMAIL]", "[EMAIL]")
    assert json.loads(after.history[0]["content"])["arguments"] == {"to": "[EMAIL]"}
    assert after.meta == {"by": "ann@doe.io"}


def test_drop_names_the_kinds_and_not_the_values():
    dropped = Pii(action="drop").apply(record("jane@doe.io joe@doe.io 4111 1111 1111 1111"))
    assert (dropped.step, dropped.reason) == ("pii", "pii")
    assert dropped.evidence == {"found": {"card": 1, "email": 2}}
    assert dropped.record.instruction.startswith("jane@doe.io")


def test_kinds_can_be_chosen():
    assert KINDS == ("key", "email", "iban", "card", "ip", "phone")
    text = "jane@doe.io 4111 1111 1111 1111"
    assert Pii(kinds=("card",)).apply(record(text)).instruction == "jane@doe.io [CARD]"
