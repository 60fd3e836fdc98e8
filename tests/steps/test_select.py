import pytest

from curate.errors import UsageError
from curate.steps import STEPS, select_steps


def names(steps):
    return [step.name for step in steps]


ON = [
    "normalise", "validate", "placeholders", "merged_instructions", "template_residue", "echo",
    "refusals", "unanswerable", "truncated_output", "repetition", "preferences", "dedup",
]  # fmt: skip


def test_the_steps_that_are_on_in_their_order():
    assert names(select_steps(STEPS)) == ON


def test_a_step_that_is_off_runs_where_an_option_of_it_is_set():
    steps = select_steps(STEPS, settings=["length.max_words=5"])
    assert [name for name in names(steps) if name not in ON] == ["length"]
    assert names(steps).index("length") == names(steps).index("preferences") - 1


def test_a_step_that_is_off_runs_where_it_is_named():
    assert names(select_steps(STEPS, only=["pii"])) == ["pii"]


def test_only_and_skip():
    assert names(select_steps(STEPS, only=["dedup", "normalise"])) == ["normalise", "dedup"]
    assert names(select_steps(STEPS, skip=["dedup"])) == ON[:-1]


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
        ({"only": ["length"]}, r"length: no bound is set, for example --set length.max_words"),
        ({"only": ["language"]}, r"keep names no language, for example --set"),
        ({"settings": ["language.keep=[english]"]}, r"'english' is no language code such as"),
        ({"settings": ["length.max_tokens=9"]}, r"max_tokens and tokenizer go together"),
        (
            {"settings": ["validate.max_chars=99999999999999999999999"]},
            r"^--set validate.max_chars=99999999999999999999999: JSON holds whole numbers of at "
            r"most 18446744073709551615$",
        ),
        ({"settings": ["validate.max_chars='99999999999999999999999'"]}, r"JSON holds whole num"),
        (
            {"settings": [r'refusals.phrases=[a, "\ud800"]']},
            r'^--set refusals.phrases=\[a, "\\ud800"\]: .* is half a character, which UTF-8',
        ),
        ({"settings": ["validate.max_chars=true"]}, r"max_chars=true: true and false are no numb"),
        ({"settings": ["normalise.mojibake=1"]}, r"^--set normalise.mojibake=1: give true or fals"),
        ({"settings": ["validate.max_chars="]}, r"^--set validate.max_chars=: Input should be a"),
        (
            {"settings": ["length.min_words=2024-01-01"]},
            r"^--set length.min_words=2024-01-01: Input should be a valid integer",
        ),
        ({"settings": ["language.keep=[en, 3]"]}, r"language.keep=\[en, 3\]: item 2: Input should"),
        ({"settings": ["language.keep=en"]}, r"keep=en: give a list: 'language.keep=\[en\]'$"),
        (
            {"settings": ["pii.kinds=phone"]},
            r"^--set pii.kinds=phone: give a list: 'pii.kinds=\[phone\]'; allowed: key, email, ",
        ),
        (
            {"settings": ["validate.max_chars=5", "validate.max_chars=6"]},
            r"^--set validate.max_chars: is given twice, '5' and '6'; give it once$",
        ),
        ({"settings": ["pii.region=Germany"]}, r"'Germany' is no country code such as US"),
    ],
)
def test_faults_say_what_is_allowed(arguments, message):
    with pytest.raises(UsageError, match=message):
        select_steps(STEPS, **arguments)
