import itertools

import pytest

from curate.account import Account, StepCount
from curate.errors import AccountError
from curate.pipeline import run_pipeline
from curate.records import Dropped
from curate.sources import resolve
from curate.steps import STEPS, SetStep, select_steps


class Collector:
    def __init__(self):
        self.kept, self.dropped, self.quarantined, self.edits = [], [], [], []
        self.keep, self.drop = self.kept.append, self.dropped.append
        self.quarantine = self.quarantined.append
        self.edited = []

    def cluster(self, step, row):
        pass

    def edit(self, edit, record):
        self.edits.append(edit)
        self.edited.append(record)


def test_every_row_has_its_fate(messy):
    sink = Collector()
    account = run_pipeline(resolve([str(messy)]), select_steps(STEPS), sink)
    assert [r.id for r in sink.kept] == ["messy:1", "messy:2", "messy:7"]
    assert [(d.record.id, d.step, d.reason) for d in sink.dropped] == [
        ("messy:3", "validate", "empty_output"),
        ("messy:4", "validate", "wrong_type"),
        ("messy:5", "dedup", "normalised_duplicate"),
    ]
    assert [q.line for q in sink.quarantined] == [6]
    assert {(e.id, e.field, e.removed, e.inserted) for e in sink.edits} == {
        ("messy:2", "instruction", "\r\n", ""),
        ("messy:2", "output", "Ã©<|endoftext|>", "é"),
        ("messy:3", "output", "  ", ""),
    }
    assert [r.id for r in sink.edited] == ["messy:2", "messy:2", "messy:3"]
    assert sink.edited[0] == sink.kept[1]
    assert account.counts() == {"read": 7, "kept": 3, "dropped": 3, "quarantined": 1}
    assert account.steps[0].to_dict() | {"settings": 0} == {
        "name": "normalise", "settings": 0, "in": 6, "kept": 6, "edited": 2, "dropped": {},
    }  # fmt: skip


def test_a_step_that_loses_a_record_stops_the_run(messy):
    class Leaky(SetStep):
        name = "leaky"

        def run(self, records, note=None, references=(), noted=None, spread=map):
            yield from list(records)[1:]

    with pytest.raises(AccountError, match="does not add up"):
        run_pipeline(resolve([str(messy)]), [Leaky()], Collector())


def test_a_step_that_makes_one_up_stops_the_run(messy):
    class Doubling(SetStep):
        name = "doubling"

        def run(self, records, note=None, references=(), noted=None, spread=map):
            for record in records:
                yield record
                yield record

    with pytest.raises(AccountError, match="does not add up"):
        run_pipeline(resolve([str(messy)]), [Doubling()], Collector())


@pytest.mark.parametrize("taken", [0, 2, 99])
def test_a_set_step_goes_through_its_records_more_than_once(messy, taken):
    class Longest(SetStep):
        name = "longest"

        def run(self, records, note=None, references=(), noted=None, spread=map):
            begun = list(itertools.islice(records, taken))
            longest = max(records, key=lambda record: len(record.output))
            assert begun == list(itertools.islice(records, taken))
            for record in records:
                yield Dropped(record, self.name, "short") if record != longest else record

    sink = Collector()
    steps = [*select_steps(STEPS, only=["normalise", "validate"]), Longest()]
    account = run_pipeline(resolve([str(messy)]), steps, sink)
    assert [record.output for record in sink.kept] == ["A cat."]
    assert account.steps[-1].to_dict()["in"] == 4


def test_the_flow_between_steps_is_checked():
    account = Account(
        read=2, kept=2, steps=[StepCount("a", {}, seen=2), StepCount("b", {}, seen=1)]
    )
    with pytest.raises(AccountError, match="step b saw 1 of 2 records"):
        account.check()
