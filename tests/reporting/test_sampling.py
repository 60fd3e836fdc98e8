import random

from curate.reporting.drops import Drops
from curate.reporting.sampling import Smallest


def line(number, reason="echo", **changes):
    record = {"id": f"a:{number}", "instruction": f"Ask {number}.", "context": "", "output": "So.",
              "system": "", "history": [], "source": "a", "origin": f"a.jsonl:{number}",
              "license": "", "meta": {}, **changes}  # fmt: skip
    return {"record": record, "step": "echo", "reason": reason, "evidence": {"field": "output"}}


def test_the_sample_hangs_on_the_keys_and_not_on_their_order():
    keys = [f"a:{number}" for number in range(1000)]
    samples = []
    for seed in range(3):
        random.Random(seed).shuffle(keys)
        sample = Smallest[str](20)
        for key in keys:
            sample.add(key, lambda key=key: key)
        samples.append(set(sample.items()))
    assert samples[0] == samples[1] == samples[2]
    assert len(samples[0]) == 20
    # Among many keys it is no run of neighbours: the mean of 20 of 1,000 is near the middle.
    assert 300 < sum(int(key[2:]) for key in samples[0]) / 20 < 700


def test_what_is_not_taken_is_not_made():
    sample, made = Smallest[int](5), []
    for number in range(5000):
        sample.add(f"a:{number}", lambda number=number: made.append(number))
    assert sample.seen == 5000
    assert len(made) < 100  # of n keys 5 × (1 + ln(n / 5)) are expected: 40


def test_of_each_reason_twenty_are_shown_and_all_counted():
    drops = Drops()
    for number in range(70):
        drops.add(line(number, "echo" if number % 7 else "rare"))
    assert drops.counts == {("echo", "echo"): 60, ("echo", "rare"): 10}
    assert len(drops.sample("echo", "echo")) == 20
    assert len(drops.sample("echo", "rare")) == 10
    assert drops.sample("echo", "other") == []
    assert len(drops.searched.items()) == 70


def test_only_so_much_of_a_text_is_held():
    drops = Drops()
    drops.add(line(1, output="é" * 1_000_000, instruction=["no", "text"]))
    (shown,), (listed,) = drops.sample("echo", "echo"), drops.searched.items()
    assert shown["texts"] == [
        ("instruction", "['no', 'text']"), ("output", f"{'é' * 300} … (1,000,000 characters)")
    ]  # fmt: skip
    assert shown["why"] == "output"
    assert (listed["prompt"], listed["answer"]) == ("['no', 'text']", "é" * 200 + " …")


def test_rows_that_could_not_be_read_are_held_as_they_stood():
    drops = Drops()
    row = {"source": "a", "path": "a.jsonl", "line": 3, "offset": 9, "error": "no", "raw": ""}
    drops.add_unreadable({**row, "raw_base64": "/w=="})
    assert drops.unreadable.items() == [
        {"place": "a.jsonl:3", "error": "no", "raw": "/w==", "is_base64": True}
    ]
