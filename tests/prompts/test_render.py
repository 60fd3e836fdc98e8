import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curate.errors import TemplateError
from curate.prompts.render import render
from curate.prompts.special import SpecialTokens
from curate.prompts.templates import find_template
from curate.records import Record

GENERATION = "{% generation %}{{ output }}{% endgeneration %}"


def pairs(template, record, tokens=None):
    return [(part.text, part.trained) for part in render(template, record, tokens)]


def test_spans_travel_through_loops_macros_and_set_blocks(template, record):
    text = (
        "{% macro turn(x) %}<{% generation %}{{ x }}{% endgeneration %}>{% endmacro %}"
        "{% set early %}{% for x in 'ab' %}{{ turn(x) }}{% endfor %}{% endset %}"
        "{{ early }}." + GENERATION
    )
    assert pairs(template(text), record()) == [
        ("<", False), ("a", True), ("><", False), ("b", True), (">.", False), ("A", True),
    ]  # fmt: skip


def test_an_empty_answer_is_a_segment_and_touching_blocks_are_one(template, record):
    assert pairs(template("P" + GENERATION), record(output="")) == [("P", False), ("", True)]
    text = f"P{GENERATION}{{% generation %}}!{{% endgeneration %}}\nEnd"
    assert pairs(template(text), record()) == [("P", False), ("A!", True), ("End", False)]


def test_comments_and_block_lines_leave_nothing(template, record):
    text = "{#\nhead\n#}\n  {% if context %}\nC\n  {% endif %}\nP\n" + GENERATION + "\n"
    assert pairs(template(text), record()) == [("P\n", False), ("A", True)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\n\n{{ question }}" + GENERATION, r"mine.jinja:3: 'question' is undefined\. .*output"),
        ("a\n{{ history[0].name }}" + GENERATION, r"mine.jinja:2: 'dict object' has no .*'name'"),
        ("{{ ''.__class__.__mro__ }}" + GENERATION, "mine.jinja:1: SecurityError"),
        ("{{ history.append(1) }}" + GENERATION, "SecurityError"),
        ("{% if %}", "mine.jinja:1: Expected an expression"),
        ("{{ instruction }}", "no {% generation %} block, so nothing"),
        ("a\n{{ output }}" + GENERATION, r"mine.jinja:2: `output` stands outside"),
        ("{% if context %}" + GENERATION + "{% endif %}", "reaches no {% generation %} block"),
        ("{% set x %}" + GENERATION + "{% endset %}{{ x | upper }}", "went through a filter"),
        ("{% set x %}" + GENERATION + "{% endset %}{{ 'a' ~ x }}", "went through a filter"),
        ("{% set x %}" + GENERATION + "{% endset %}", "shown twice or never"),
        ("{{ 1 + instruction }}" + GENERATION, "mine.jinja:1: TypeError"),
        ("{{ raise_exception('odd') }}" + GENERATION, "mine.jinja:1: TemplateError: odd"),
        ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}" + GENERATION, "RecursionError"),
        ("{% set ns = namespace() %}{% set ns._x = 1 %}" + GENERATION, "SecurityError"),
        ("{% set ns = namespace(__x=1) %}" + GENERATION, "SecurityError"),
    ],
)
def test_faults_of_a_template_are_errors_with_their_line(template, record, text, message):
    found = record(history=[{"role": "user", "content": "x"}])
    with pytest.raises(TemplateError, match=message):
        render(template(text), found)


@pytest.mark.parametrize(
    "text",
    [
        "{% for i in range(1000000000) %}{% endfor %}",
        "{% set s = 'x' * 99999 %}{% for a in s %}{% for b in s %}{% endfor %}{% endfor %}",
        "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
        "{% for i in range(99999) %}{{ instruction * 999 }}{% endfor %}",
        "{{ 'x' * 10000000000 }}",
        "{{ 10 * [instruction] * 100000000 }}",
        "{{ 9 ** 9 ** 9 ** 9 }}",
        "{{ '%1000000000d'|format(1) }}",
        "{{ '%*d'|format(1000000000, 1) }}",
        "{{ '%(n)1000000000d'|format(n=1) }}",
        "{{ '%((n))1000000000d'|format(n=1) }}",
        "{{ '%.1000000000f' % 1.5 }}",
        "{{ ('%9999999d' * 200) % ((1,) * 200) }}",
        "{{ ('%(a)s' * 99999) % {'a': 'x' * 9999999} }}",
        "{{ '{:1000000000d}'.format(1) }}",
        "{{ '{:{w}d}'.format(1, w=1000000000) }}",
        "{{ '{:{a}000000000d}'.format(1, a=1) }}",
        "{{ '{n:1000000000d}'.format_map({'n': 1}) }}",
        "{{ ('{:>1000000000}'|safe).format('a') }}",
        "{{ ('{0}' * 99999).format('x' * 9999999) }}",
        "{{ 'a'.ljust(1000000000) }}",
        "{{ 'a'.rjust(1000000000) }}",
        "{{ 'a'.center(1000000000) }}",
        "{{ '1'.zfill(1000000000) }}",
        "{{ ('\t' * 999).expandtabs(9999999) }}",
        "{{ ('a' * 99999).replace('a', 'b' * 99999) }}",
        "{{ ('a' * 99999).translate({97: 'b' * 99999}) }}",
        "{{ ('b' * 99999).join('a' * 99999) }}",
        "{{ ''.join(['b' * 9999999] * 999) }}",
        "{{ ''.join(([0] * 99999)|map('default', 'b' * 9999999, true)) }}",
        "{{ (1).to_bytes(1000000000, 'big') }}",
        "{{ 'a'.encode().ljust(1000000000) }}",
        "{{ 'a'|center(1000000000) }}",
        "{{ 'a\nb'|indent(1000000000) }}",
        "{{ 'a\nb'|indent('x' * 9999999, true) * 99 }}",
        "{{ ('a ' * 99999)|wordwrap(1, wrapstring='b' * 99999) }}",
        "{{ ('a' * 99999)|replace('a', 'b' * 99999) }}",
        "{{ ('a' * 99999)|join('b' * 99999) }}",
        "{{ ['b' * 9999999] * 999 ~ '' }}",
        "{{ (['b' * 9999999] * 999)|string }}",
        "{{ [1]|batch(1000000000, 'x')|list }}",
        "{{ [1]|slice(1000000000, 'x')|list }}",
        "{{ [1]|tojson(indent=1000000000) }}",
        "{{ 1|round(-1000000000) }}",
        "{{ ['a']|map('center', 1000000000)|list }}",
        "{{ range(999)|map('center', 9999999)|list|length }}",
        "{% set n = namespace(s='ab') %}{% for i in range(99) %}{% set n.s = n.s + n.s %}"
        "{% endfor %}",
        "{% set n = namespace(s='ab') %}{% for i in range(99) %}{% set n.s = n.s ~ n.s %}"
        "{% endfor %}",
        "{% set n = namespace(s='ab') %}{% for i in range(99) %}{% set s %}{{ n.s }}{{ n.s }}"
        "{% endset %}{% set n.s = s %}{% endfor %}",
        "{% set n = namespace(s=[1]) %}{% for i in range(99) %}{% set n.s = n.s + n.s %}"
        "{% endfor %}",
        "{% set n = namespace(s=9) %}{% for i in range(99) %}{% set n.s = n.s * n.s %}{% endfor %}",
        "{{ ('1' * 9999999)|int(0, 2) }}",
        "{% macro m(n) %}{% if n %}{% set a, b = m(n - 1), m(n - 1) %}{% endif %}{% endmacro %}"
        "{{ m(60) }}",
        "{% macro m(n) %}{{ m(n - 1) ~ m(n - 1) if n }}{% endmacro %}{{ m(60) }}",
        "{% macro m(n) %}{{ m(1, varargs, varargs) if n }}{% endmacro %}{{ m(1, 1) }}",
        "{% for a in [1, 1] recursive %}{% if loop.depth < 60 %}{{ loop([1, 1]) }}{% endif %}"
        "{% endfor %}",
        "{% set l = range(99999)|list %}{% for a in l %}{% set x = l|sum %}{% endfor %}",
        "{% set l = range(99999)|list %}{% for a in l %}{% set x = l|sort %}{% endfor %}",
        "{% set l = range(99999)|list %}{% for a in l %}{% set x = -1 in l %}{% endfor %}",
        "{% set l = range(99999)|list %}{% for a in l %}{% set x = l|select('odd') %}{% endfor %}",
        "{% set l = range(99999)|list %}{% for a in l %}{% set x = 0 is in l %}{% endfor %}",
        "{% set s = 'ab' * 4999999 %}{% for a in range(9999) %}{% set x = s.count('b') %}"
        "{% endfor %}",
        "{% set s = 'a ' * 4999999 %}{% for a in range(99) %}{% set x = s|wordcount %}{% endfor %}",
        "{{ ('a ' * 4999999).split()|length }}",
        "{{ ('a' * 9999999)|sort|length }}",
        "{{ [['b' * 9999999] * 999] }}",
        "{% set n = namespace(l=[]) %}{% for i in range(99) %}{% set n.l = [n.l, n.l] %}"
        "{% endfor %}{{ n.l }}",
        "{% set n = namespace(l=1) %}{% for i in range(99) %}{% set n.l = {i: n.l, '': n.l} %}"
        "{% endfor %}",
        "{% set n = namespace(l=1, m=1) %}{% for i in range(99) %}{% set n.l = n.l, n.l %}"
        "{% set n.m = n.m, n.m %}{% endfor %}{{ n.l == n.m }}",
    ],
)
def test_loops_and_texts_without_end_are_stopped(template, record, text):
    """Each says how much is too much, and no name of a class of Python."""
    with pytest.raises(TemplateError) as caught:
        render(template(text + GENERATION), record())
    assert re.match(r"record r: template mine\.jinja(:\d)?: ", str(caught.value))
    assert re.search(
        r"mak(e|es) more than |take more than |renders to more than |too large|cannot be told$",
        str(caught.value),
    )
    assert "Error" not in str(caught.value)


def test_long_records_take_no_more_than_they_may(record):
    """Twenty thousand turns, or ten million characters, are no endless loop."""
    turns = [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}] * 10_000
    for name in ("alpaca", "chatml", "gemma"):
        assert len(render(find_template(name), record(history=turns))) > 20_000
    found = render(find_template("gemma"), record(" x" * 4_999_000, system="S", context="C"))
    assert len(found[0].text) > 9_998_000


def test_nothing_is_drawn_by_lot(template, record):
    with pytest.raises(TemplateError, match="No filter named 'random'"):
        render(template("{{ [1, 2]|random }}" + GENERATION), record())


def test_a_record_too_long_is_named(template, record):
    with pytest.raises(TemplateError) as caught:
        render(template("{{ instruction }}" + GENERATION), record(instruction="x" * 10_000_001))
    assert str(caught.value) == (
        "record r: template mine.jinja: it renders to more than 10,000,000 characters"
    )


def test_texts_are_still_made(template, record):
    made = {
        "'%05.1f|%-4s|%%' % (2.5, 'ab')": "002.5|ab  |%",
        "'%s of %d'|format('one', 1234567890)": "one of 1234567890",
        "'{:>4}{n:,}'.format('ab', n=123456789)": "  ab123,456,789",
        "'{a}'.format_map({'a': 1})": "1",
        "('<{}>'|safe).format('<')": "<&lt;>",
        "'a'.center(3) ~ 1 ~ none ~ ['b']": " a 1None['b']",
        "', '.join(['a', 'b']) + 'c'.zfill(2)": "a, b0c",
        "[1, 2]|join('-')": "1-2",
        "range(3)|map('string')|join": "012",
        "('x' * 200000)|replace('x', 'yz')|length": "400000",
        "'a b'|wordwrap(1)|indent(2)": "a\n  b",
        "[1, 2, 3]|batch(2, 0)|list": "[[1, 2], [3, 0]]",
        "2.567|round(2)": "2.57",
        "[[1], [2]]|sum(start=[])": "[1, 2]",
        "{'a': [1]}|tojson(indent=1)": '{\n "a": [\n  1\n ]\n}',
    }
    for expression, text in made.items():
        assert pairs(template(f"{{{{ {expression} }}}}{GENERATION}"), record())[0] == (text, False)


def test_arithmetic_still_works(template, record):
    assert pairs(template("{{ 6 * 7 }}{{ 2 ** 8 }}{{ '-' * 3 }}" + GENERATION), record()) == [
        ("42256---", False), ("A", True),
    ]  # fmt: skip


def test_meta_is_plain_data(template, record):
    class Thing:
        def __str__(self):
            return "thing"

        def write(self):
            raise AssertionError

    text = "{{ meta.n + 1 }} {{ meta.list[0] }} {{ meta.thing }}" + GENERATION
    found = record(meta={"n": 1, "list": ["a"], "thing": Thing()})
    assert pairs(template(text), found)[0] == ("2 a thing", False)
    with pytest.raises(TemplateError, match="no attribute 'write'"):
        render(template("{{ meta.thing.write() }}" + GENERATION), found)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"instruction": None}, r"record r: instruction is NoneType \(None\), not text.*clean"),
        ({"output": 4}, "output is int"),
        ({"history": [{"role": "user", "content": ["x"]}]}, r"history\[0\].content is list"),
        ({"context": "x\ud800"}, "context holds half of a surrogate pair"),
        ({"meta": {"x": "\ud800"}}, "meta holds half of a surrogate pair"),
    ],
)
def test_fields_that_are_no_text_are_refused(template, record, fields, message):
    text = "{{ instruction }}{{ meta.get('x') }}" + GENERATION
    with pytest.raises(TemplateError, match=message):
        render(template(text), record(**fields))


def test_variables_without_a_tokenizer_are_empty(template, record):
    text = "[{{ bos_token }}{{ eos_token }}{{ system }}{{ context }}]" + GENERATION
    assert pairs(template(text), record())[0] == ("[]", False)


TRICKY = st.text(
    st.one_of(
        st.sampled_from(list("</s>a \n\U000f0000\U000f0001\U0010fffd")),
        st.characters(exclude_categories=("Cs",)),
    ),
    max_size=12,
)


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(TRICKY, TRICKY, TRICKY)
def test_no_field_can_imitate_a_mark(template, chars, instruction, context, output):
    """Spans and special tokens are where the template has them, whatever the fields hold."""
    text = (
        "{{ bos_token }}<{{ instruction }}{{ context | trim }}>|{% generation %}"
        "{{ output }}{{ eos_token }}{% endgeneration %}"
    )
    found = Record(id="r", instruction=instruction, context=context, output=output)
    special = SpecialTokens.of(chars)
    prompt, answer = render(template(text), found, special)
    assert (prompt.text, prompt.trained) == (f"<s><{instruction}{context.strip()}>|", False)
    assert (answer.text, answer.trained) == (f"{output}</s>", True)
    # What is left of special tokens, the record's characters blotted out, is the template's.
    assert list(special.spans(prompt.masked)) == [(0, 3)]
    assert list(special.spans(answer.masked)) == [(len(output), len(output) + 4)]


def test_a_template_that_looks_into_special_tokens_is_refused(template, record, chars):
    text = "{% if '</s>' in instruction %}!{% endif %}{{ eos_token }}" + GENERATION
    with pytest.raises(TemplateError, match=r"record r: .*cannot be kept apart"):
        render(template(text), record("a</s>"), SpecialTokens.of(chars))
    text = "{% if instruction == 's' %}!{% endif %}{{ eos_token }}" + GENERATION
    assert pairs(template(text), record("s"), SpecialTokens.of(chars))[0] == ("!</s>", False)


def test_meta_can_be_asked_for_keys_that_are_pieces_of_special_tokens(template, chars):
    text = "{{ meta.s }}{{ meta['a</s>'] if meta.x }}{{ eos_token }}" + GENERATION
    found = Record(id="r", instruction="", meta={"s": "1</s>", "x": ""})
    prompt, _ = render(template(text), found, SpecialTokens.of(chars))
    assert prompt.text == "1</s></s>"
    assert [*SpecialTokens.of(chars).spans(prompt.masked)] == [(5, 9)]


def test_whitespace_that_is_a_special_token_is_still_stripped(template, record, chars):
    chars.all_special_tokens = ("<s>", "</s>", "\n")
    text = "{{ instruction | trim }}{{ eos_token }}" + GENERATION
    found = record("</s>\n")
    assert pairs(template(text), found, SpecialTokens.of(chars))[0] == ("</s></s>", False)
