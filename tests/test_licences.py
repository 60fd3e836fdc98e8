"""Which licences go together, after the chart of Creative Commons and the list of the FSF."""

import pytest

from curate.licences import LICENCES, canonical, terms_of, warnings

# The chart of the Creative Commons FAQ, for those that allow remixing: does one cover both?
CHART = {
    ("cc0-1.0", "cc-by-4.0"): True,
    ("cc0-1.0", "cc-by-nc-sa-4.0"): True,
    ("cc-by-4.0", "cc-by-sa-4.0"): True,
    ("cc-by-4.0", "cc-by-nc-4.0"): True,
    ("cc-by-4.0", "cc-by-nc-sa-4.0"): True,
    ("cc-by-sa-4.0", "cc-by-sa-3.0"): True,
    ("cc-by-sa-4.0", "cc-by-nc-4.0"): False,
    ("cc-by-sa-4.0", "cc-by-nc-sa-4.0"): False,
    ("cc-by-nc-4.0", "cc-by-nc-sa-4.0"): True,
    ("gpl-3.0", "cc-by-sa-4.0"): True,
    ("gpl-2.0", "cc-by-sa-4.0"): False,
    ("gpl-2.0", "gpl-3.0"): False,
    ("gpl-3.0", "agpl-3.0"): True,
    ("gpl-3.0", "cc-by-nc-4.0"): False,
    ("gpl-3.0", "mit"): True,
    ("odbl", "cc-by-sa-4.0"): False,
    ("lgpl-2.1", "gpl-2.0"): True,
}


@pytest.mark.parametrize(("pair", "together"), CHART.items())
def test_the_chart(pair, together):
    said = [line for line in warnings(dict.fromkeys(pair, 1)) if "do not go together" in line]
    assert bool(said) is not together


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("cc-by-4.0", "cc-by-4.0"),
        ("CC-BY-SA", "cc-by-sa-4.0"),
        ("CC BY NC ND 3.0", "cc-by-nc-nd-3.0"),
        ("cc by-nc-sa 4.0 international", "cc-by-nc-sa-4.0"),
        ("Creative Commons BY 2.0", "cc-by-2.0"),
        ("https://creativecommons.org/licenses/by-nc/4.0/", "cc-by-nc-4.0"),
        ("GNU AGPL v3", "agpl-3.0"),
        ("Apache-2.0", "apache-2.0"),
        ("apache 2", "apache-2.0"),
        ("n/a", "unknown"),
        ("My Licence", "my-licence"),
    ],
)
def test_names_are_those_of_the_hub(text, name):
    assert canonical(text) == name


def test_every_name_is_its_own():
    assert [name for name in LICENCES if canonical(name) != name] == []


def test_one_licence_that_asks_for_nothing_says_nothing():
    assert warnings({"mit": 5, "Apache 2.0": 2, "cc-by-4.0": 1}) == []
    assert warnings({"cc-by-nc-4.0": 5}) == []  # alone it says what it is


def test_what_is_said_of_each():
    said = warnings({"cc-by-nc-4.0": 1200, "mit": 1, "": 2, "N/A": 1, "cc-by-nd-4.0": 1,
                     "my own": 1, "llama3": 1})  # fmt: skip
    assert said == [
        "cc-by-nc-4.0 (1,200 records): non-commercial, so the whole set is",
        "cc-by-nd-4.0 (1 record): what was changed may not be shared, a cleaned or merged set too",
        "llama3 (1 record): has rules of its own; read them before use",
        "my-own (1 record): is not in the table of licences; read its terms",
        "unknown (3 records): no licence is stated, so nobody has said that it may be used",
    ]


def test_terms_of_a_licence():
    assert terms_of("CC BY-NC-SA 4.0").share_alike == "cc-by-nc-sa"
    assert terms_of("CC BY-NC-SA 4.0").non_commercial
    assert terms_of("never heard of") is None
