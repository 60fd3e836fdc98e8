import re

from curate.reporting.before_after import Column
from curate.reporting.charts import funnel, histogram, sunburst
from curate.reporting.verbs import Verb


def test_a_step_that_repeats_records_makes_the_widest_bar():
    steps = [{"name": "validate", "in": 8, "kept": 6}, {"name": "mix", "in": 6, "kept": 16}]
    counts = {"read": 8, "kept": 16, "dropped": 2, "quarantined": 0}
    bars = funnel({"counts": counts, "steps": steps})
    assert [(bar["name"], bar["gone"], bar["width"], bar["lost"]) for bar in bars] == [
        ("read", 0, 50.0, 0.0), ("validate", 2, 37.5, 12.5), ("mix", -10, 100.0, 0)
    ]  # fmt: skip


def test_nothing_read_is_one_empty_bar():
    counts = {"read": 0, "kept": 0, "dropped": 0, "quarantined": 0}
    assert [bar["width"] for bar in funnel({"counts": counts, "steps": []})] == [0.0]


def test_an_empty_column_keeps_its_place():
    shown = histogram([Column(1, 1, 2, 0), Column(2, 4, 0, 0), Column(5, 9, 1, 1)])
    assert shown["bars"] == [(0, 0.0), (1, 0.0), (2, 50.0)]
    assert shown["line"] == "0,100 0,0.0 1,0.0 1,100.0 2,100.0 2,50.0 3,50.0 3,100"


def test_over_many_columns_powers_of_ten_alone_are_marked():
    lows = [10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100, 120, 150, 200, 250, 300, 400]
    columns = [Column(low, low, 1, 1) for low in lows]
    assert [mark["label"] for mark in histogram(columns)["marks"]] == ["10", "100"]
    few = histogram(columns[:16])["marks"]
    assert [mark["label"] for mark in few] == ["10", "20", "50", "100", "200"]


def test_the_sectors_go_round_once_and_objects_stand_outside_of_their_verb():
    sectors = sunburst([Verb("write", 3, [("poem", 2)]), Verb("name", 1, [("day", 1)])])
    assert [(s["title"], s["records"], s["class"]) for s in sectors] == [
        ("write", 3, "h0"), ("write poem", 2, "h0 outer"),
        ("name", 1, "h1"), ("name day", 1, "h1 outer"),
    ]  # fmt: skip
    # Write: from the top three quarters round, to the left. Name: the last quarter.
    assert sectors[0]["path"].startswith("M0.00 -150.00A150 150 0 1 1 -150.00 0.00L")
    assert sectors[2]["path"].startswith("M-150.00 0.00A150 150 0 0 1 ")
    assert (sectors[2]["turn"], sectors[2]["x"]) == (-135 + 360 + 180, -101.0)


def test_one_verb_alone_is_a_whole_ring():
    (sector,) = sunburst([Verb("write", 5, [])])
    ends = re.findall(r"-?\d+\.\d\d", sector["path"])
    assert ends[:2] != ends[2:4]  # an arc back to its own start would not be drawn
    assert "A150 150 0 1 1" in sector["path"]


def test_a_label_stands_only_where_there_is_room():
    sectors = sunburst([Verb("write", 999, []), Verb("name", 1, []), Verb("x" * 30, 500, [])])
    assert [s["label"] for s in sectors] == ["write", "", "x" * 12 + "…"]
