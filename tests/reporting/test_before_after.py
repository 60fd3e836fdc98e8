from hypothesis import given
from hypothesis import strategies as st

from curate.reporting.before_after import Column, LengthChange, Spread


def row(id, instruction="", output=""):
    return {"id": id, "instruction": instruction, "context": "", "output": output}


def edit(id, field, removed, inserted):
    return {"id": id, "field": field, "removed": removed, "inserted": inserted}


def test_before_undoes_the_edits_and_has_what_was_dropped():
    change = LengthChange()
    change.keep(row("a:1", "abc", "yes"))
    change.keep(row("a:2", "", "no"))
    change.drop(row("a:3", "x" * 20, 7))
    change.edit(edit("a:1", "instruction", "12345", ""))
    change.edit(edit("a:1", "instruction", "", "c"))
    change.edit(edit("a:3", "instruction", "é", "e\u0301"))
    change.edit(edit("a:2", "history[0].content", "1234", ""))
    found = change.figures()
    # Before: 3 + 5 - 1 = 7, none, 20 - 1 = 19. After: 3, none.
    assert found["instruction"].before == Spread(2, 7, 19, 19)
    assert found["instruction"].after == Spread(1, 3, 3, 3)
    columns = found["instruction"].columns
    assert [column.low for column in columns] == [3, 4, 5, 6, 8, 10, 12, 15]
    assert [column for column in columns if column.before or column.after] == [
        Column(3, 3, 0, 1), Column(6, 7, 1, 0), Column(15, 19, 1, 0)
    ]  # fmt: skip
    assert found["output"].before == found["output"].after == Spread(2, 2, 3, 3)
    assert found["context"].columns == []


def test_a_copy_is_there_after_and_was_not_read():
    change = LengthChange()
    change.keep(row("a:1", "abc"))
    change.keep(row("a:1#2", "abc"), is_copy=True)
    found = change.figures()["instruction"]
    assert (found.before.filled, found.after.filled) == (1, 2)


def test_without_a_record_there_is_nothing():
    assert LengthChange().figures()["output"].before == Spread(0, 0, 0, 0)


@given(st.lists(st.integers(0, 3000), max_size=60), st.data())
def test_the_columns_hold_every_text_that_is_not_empty(lengths, data):
    change, before, after = LengthChange(), [], []
    for number, length in enumerate(lengths):
        kept, put_in = data.draw(st.booleans()), data.draw(st.integers(0, length))
        (change.keep if kept else change.drop)(row(f"a:{number}", "x" * length))
        change.edit(edit(f"a:{number}", "instruction", "", "x" * put_in))
        before += [length - put_in] if length - put_in else []
        after += [length] if kept and length else []
    found = change.figures()["instruction"]
    for place, expected in ((2, before), (3, after)):
        held = [column[place] for column in found.columns]
        assert held == [
            sum(column.low <= length <= column.high for length in expected)
            for column in found.columns
        ]
        assert sum(held) == len(expected)
    assert found.before.median == (sorted(before)[(len(before) - 1) // 2] if before else 0)
