import pytest

from curate.records import Record
from curate.steps.language import Language, language_of

ENGLISH = ("What is the capital of France?", "The capital of France is Paris.")
GERMAN = ("Was ist die Hauptstadt von Frankreich?", "Die Hauptstadt von Frankreich ist Paris.")


def record(texts, context=""):
    return Record(id="a:1", instruction=texts[0], output=texts[1], context=context)


@pytest.mark.parametrize(("texts", "language"), [
    (GERMAN, "de"),
    (("Qual é a capital da França?", "A capital da França é Paris."), "pt"),
    (("法国的首都是哪里？请回答。", "法国的首都是巴黎，它是一座美丽的城市。"), "zh"),
    (("Какой город столица Франции?", "Столица Франции — Париж."), "ru"),
])  # fmt: skip
def test_drops_other_languages(texts, language):
    dropped = Language(keep=("en",)).apply(record(texts))
    assert (dropped.step, dropped.reason) == ("language", "other_language")
    assert dropped.evidence["language"] == language
    assert dropped.evidence["probability"] >= 0.5


@pytest.mark.parametrize(("texts", "context"), [
    (ENGLISH, ""),
    (("Translate to German.", GERMAN[1]), ENGLISH[1]),  # the instruction is English
    (("Add.", "4"), "2, 2"),  # too little to tell
    (("Écris du code.", "```python\nprint('the quick brown fox')\n```"), ""),
])  # fmt: skip
def test_keeps(texts, context):
    good = record(texts, context)
    assert Language(keep=("en",)).apply(good) is good


def test_several_languages_may_stay():
    good = record(GERMAN)
    assert Language(keep=("en", "de")).apply(good) is good


def test_a_higher_bound_keeps_what_is_less_sure():
    text = "Construct a program to convert a Celsius temperature to Fahrenheit."
    language, probability = language_of(text)
    assert probability < 1
    assert Language(keep=("fi",), min_probability=1).apply(record((text, ""))).output == ""
    assert language in ("en", "la")
