import pytest

from curate.errors import UsageError
from curate.steps import STEPS, select_steps


def names(steps):
    return [step.name for step in steps]


def test_all_steps_in_their_order():
    assert names(select_steps(STEPS)) == ["normalise", "validate", "dedup"]


def test_only_and_skip():
    assert names(select_steps(STEPS, only=["dedup", "normalise"])) == ["normalise", "dedup"]
    assert names(select_steps(STEPS, skip=["dedup"])) == ["normalise", "validate"]


def test_set_reads_yaml():
    steps = select_steps(STEPS, settings=["validate.max_chars=5", "normalise.closing_tokens=[X]"])
    assert steps[1].max_chars == 5
    assert steps[0].closing_tokens == ("X",)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"only": ["dedupe"]}, r"no step is called 'dedupe' \(did you mean 'dedup'\?\)"),
        ({"settings": ["validate.max_char=5"]}, r"has no option 'max_char' \(did you mean"),
        ({"settings": ["validate.max_chars=many"]}, r"validate.max_chars=many: Input should be"),
        ({"settings": ["validate.max_chars=0"]}, r"greater than 0"),
        ({"settings": ["validate.max_chars=2001-99-99"]}, r"not valid YAML: month must be"),
        ({"settings": ["validate.max_chars=5"], "skip": ["validate"]}, r"the step does not run"),
        ({"only": ["dedup"], "skip": ["dedup"]}, r"leave no step to run"),
        ({"settings": ["max_chars"]}, r"expected STEP.FIELD=VALUE"),
        ({"settings": ["validate.max_chars=[1"]}, r"not valid YAML"),
    ],
)
def test_faults_say_what_is_allowed(arguments, message):
    with pytest.raises(UsageError, match=message):
        select_steps(STEPS, **arguments)
