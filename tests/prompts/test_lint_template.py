"""Each rule on a template that breaks it and on one that does not."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curate.prompts.linting.covering import covering
from curate.prompts.linting.findings import RULES, SOURCE_RULES, TEMPLATE_RULES
from curate.prompts.linting.template_lint import lint_template
from curate.prompts.templates import CHAT, Template, list_templates
from curate.prompts.tokenizer import load_tokenizer

HEADER = "{# mine: a test.\n\nOrigin: here. #}\n"
FIELDS = (
    "{{ system }}\n{% for turn in history if not turn.follows_instruction %}{{ turn.content }}\n"
    "{% endfor %}{{ context }}\n{{ instruction }}\n"
    "{% for turn in history if turn.follows_instruction %}{{ turn.content }}\n{% endfor %}"
)
END = "A:{% generation %}{{ output }}{% endgeneration %}"
GOOD = HEADER + FIELDS + END


def lint(text, tokenizer=None, name="mine"):
    return lint_template(Template(name, text, f"{name}.jinja"), tokenizer)


def rules(text, tokenizer=None, name="mine"):
    return [finding.rule for finding in lint(text, tokenizer, name)]


def one(text, tokenizer=None, name="mine"):
    """The only finding."""
    found = lint(text, tokenizer, name)
    assert len(found) == 1, found
    return found[0]


def test_a_good_template_has_no_findings(bpe, chars, metaspace):
    assert [lint(GOOD, tokenizer) for tokenizer in (None, bpe, chars, metaspace)] == [[]] * 4


@pytest.mark.parametrize("template", list_templates(), ids=lambda template: template.name)
def test_shipped_templates_are_clean(template):
    for tokenizer in (None, load_tokenizer("tiny")):
        found = lint_template(template, tokenizer)
        assert [finding for finding in found if finding.severity == "error"] == []


def test_the_tiny_model_has_a_clean_chat_template():
    assert lint_template(Template(CHAT, ""), load_tokenizer("tiny")) == []


def test_rules_have_names_of_their_own():
    assert len(RULES) == len(TEMPLATE_RULES) + len(SOURCE_RULES)


def test_covering_records_differ_and_say_how():
    ids = [record.id for record in covering()]
    assert len({*ids}) == len(ids)
    assert "context + system + earlier tool turns" in ids


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (HEADER + "x{% if %}", 4, "Expected an expression"),
        (HEADER + "\n{{ instruction | nothing }}" + END, 5, "No filter named 'nothing'"),
        ("{{ " + "(" * 9000 + ")" * 9000 + " }}", 0, "nested too deep"),
        (GOOD + "{{ " + " and ".join(["context"] * 9000) + " }}", 0, "nested too deep"),
    ],
)
def test_syntax(text, line, message):
    found = lint(text)[-1]
    assert (found.rule, found.line, found.severity) == ("syntax", line, "error")
    assert message in found.message


def test_no_generation():
    assert one(HEADER + FIELDS).rule == "no-generation"


def test_undeclared_variable_is_told_once_at_its_first_place():
    found = one(f"{HEADER}Hi {{{{ sytem }}}} {{{{ sytem }}}}\n{FIELDS}{END}")
    assert (found.rule, found.line, found.column) == ("undeclared-variable", 4, 7)
    assert found.message.startswith("`sytem` is no variable; a template has instruction,")


def test_a_name_that_is_set_or_has_a_default_is_declared():
    good = "{% set x = 1 %}{{ x }}{{ y | default('') }}{{ namespace(a=1).a }}{{ range(2) | list }}"
    assert rules(HEADER + good + FIELDS + END) == []
    guarded = rules(HEADER + "{% if z is defined %}{{ z }}{% endif %}" + FIELDS + END)
    assert guarded == ["constant-condition"]


def test_output_outside_the_block():
    found = one(f"{HEADER}{FIELDS}{{{{ output }}}}{END}")
    assert (found.rule, found.line, found.column) == ("output-leak", 9, 16)


def test_output_in_an_earlier_block_leaks_into_the_prompt():
    text = HEADER + FIELDS + "{% generation %}{{ output }}{% endgeneration %} then " + END
    assert rules(text) == ["output-leak"]


def test_record_that_fails():
    turn = "{% for turn in history %}{{ {'user': 'U'}[turn.role] }}{{ turn.content }}{% endfor %}"
    shown = "{{ system }}{{ context }}{{ instruction }}"
    found, second = lint(f"{HEADER}{shown}\n{turn}\n{END}")
    assert "no attribute 'tool_call'" in second.message
    assert (found.rule, found.line) == ("render-fails", 5)
    assert found.message.startswith("a record with one exchange and ")
    assert "no attribute 'assistant'" in found.message


@pytest.mark.parametrize(
    ("loop", "why"),
    [
        (
            "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}",
            "loops",
        ),
        ("{{ 'x' * 99999999 }}", "more than 10,000,000 characters"),
        ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", ""),
    ],
)
def test_hostile_templates_end_in_a_finding(loop, why):
    found = [finding for finding in lint(HEADER + loop + FIELDS + END) if finding.line != 3]
    rule = "too-much" if why else "render-fails"
    assert rule in [finding.rule for finding in found]
    assert any(why in finding.message for finding in found)


def test_loss_part_that_is_not_the_answer():
    text = HEADER + FIELDS + END + "\nSo: {% generation %}Bye{% endgeneration %}"
    found = next(finding for finding in lint(text) if finding.rule != "prompt-ends-in-space")
    assert (found.rule, found.line, found.column) == ("loss-not-last", 10, 8)
    assert "loss-not-last" in rules(HEADER + FIELDS + "{% generation %}Bye{% endgeneration %}")


def test_end_of_turn_outside_the_block(bpe):
    text = HEADER + FIELDS + END
    found = one(text + "<|im_end|>\n")
    assert (found.rule, found.severity) == ("eos-outside-loss", "warning")
    found = one(text + "\n<|user|>", bpe)
    assert (found.rule, found.severity) == ("eos-outside-loss", "error")
    assert "`<|user|>` ends the turn" in found.message
    assert rules(text + "{{ eos_token }}\n") == rules(text + "</s>\n", bpe) == []
    inside = HEADER + FIELDS + "{% generation %}{{ output }}<|user|>{% endgeneration %}\n"
    assert rules(inside, bpe) == []


def test_text_after_the_answer():
    found = one(GOOD + "\nThe end")
    assert (found.rule, found.severity) == ("text-after-answer", "warning")
    assert "`The end` stands behind the answer" in found.message
    assert rules(GOOD + "\n \n") == []


def test_prompt_that_ends_in_a_space(chars):
    text = HEADER + FIELDS + END.replace("A:", "A: ")
    found = one(text)
    assert (found.rule, found.line, found.column) == ("prompt-ends-in-space", 9, 19)
    assert rules(text, chars) == []  # a character a token: nothing can be joined


def test_the_tokenizer_that_would_join_the_space(merging):
    text = HEADER + FIELDS + END.replace("A:", "A: ")
    assert "one token of it and the answer, ` Ax`" in one(text, merging).message
    assert rules(GOOD, merging) == []


@pytest.fixture(scope="session")
def merging():
    """A byte-level BPE that knows ` Ax`."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocab = {token: at for at, token in enumerate(["</s>", *letters, "ĠA", "ĠAx"])}
    raw = Tokenizer(models.BPE(vocab=vocab, merges=[("Ġ", "A"), ("ĠA", "x")]))
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=raw, eos_token="</s>")


@pytest.mark.parametrize(
    ("without", "message"),
    [
        ("{{ system }}", "system changes nothing"),
        ("{{ context }}", "context changes nothing"),
        ("{{ instruction }}", "instruction changes nothing"),
    ],
)
def test_ignored_field(without, message):
    found = one(GOOD.replace(without, ""))
    assert (found.rule, found.severity) == ("ignored-field", "error")
    assert found.message.startswith(message)


def test_ignored_turns():
    text = GOOD.replace(
        "not turn.follows_instruction", "not turn.follows_instruction and turn.role != 'tool'"
    )
    assert one(text).message.startswith("a tool turn in the history changes nothing")
    before, _, after = GOOD.rpartition("{% for")
    text = before + after.partition("{% endfor %}")[2]
    assert {finding.message[:20] for finding in lint(text)} == {
        "a tool_call turn aft", "a tool turn after th",
    }  # fmt: skip


def test_double_bos(bpe):
    for text in ("{{ bos_token }}{{ bos_token }}", "Hi {{ bos_token }}"):
        assert rules(HEADER + text + FIELDS + END) == ["double-bos"]
        assert rules(HEADER + text + FIELDS + END, bpe) == ["double-bos"]
    for tokenizer in (None, bpe):
        assert rules(HEADER + "{{ bos_token }}" + FIELDS + END, tokenizer) == []


def test_constant_condition():
    found = one(f"{HEADER}x{{% if true %}}a{{% endif %}}{FIELDS}{END}")
    assert (found.rule, found.line, found.column) == ("constant-condition", 4, 5)
    assert found.message == "this condition is always true here"
    for test in ("context and not context", "1 > 2", "not meta is defined", "x is defined"):
        found = one(f"{HEADER}{{% if {test} %}}a{{% else %}}b{{% endif %}}{FIELDS}{END}")
        assert found.message == "this condition is never true here"
    assert one(f"{HEADER}{{{{ 'a' if 1 else 'b' }}}}{FIELDS}{END}").rule == "constant-condition"


def test_repeated_test():
    ask = "{% if context %}a{% elif context %}b{% endif %}"
    found = one(HEADER + ask + FIELDS + END)
    assert (found.rule, found.line, found.column) == ("repeated-test", 4, 21)
    assert found.message == "this condition is never true here, because it was decided before"
    nested = "{% if context %}a{% if context and true %}b{% endif %}{% endif %}"
    assert "always true" in one(HEADER + nested + FIELDS + END).message


def test_a_test_of_what_changes_is_no_repetition():
    changing = (
        "{% set n = namespace(on=true) %}{% for turn in history %}{% if n.on %}a"
        "{% set n.on = false %}{% if n.on %}b{{ raise_exception('') }}{% endif %}{% endif %}"
        "{% endfor %}"
    )
    assert rules(HEADER + changing + FIELDS + END) == []


def test_unreached_branch():
    ask = "{% for turn in history %}\n{% if turn.role == 'human' %}a{% endif %}{% endfor %}"
    found = one(HEADER + ask + FIELDS + END)
    assert (found.rule, found.line) == ("unreached-branch", 5)
    assert "takes this branch: if" in found.message
    assert rules(HEADER + "{% macro f() %}a{% endmacro %}" + FIELDS + END) == ["unreached-branch"]


def test_branches_that_may_stay_unreached():
    for text in (
        "{% if meta.get('x') %}a{% endif %}",
        "{% set x = meta.get('x') %}{% for y in x or [] %}{{ y }}{% endfor %}",
        "{% for turn in history if turn.role == 'x' %}{{ raise_exception('no') }}{% endfor %}",
        "{% if context | length > 5000 %}long{% endif %}",
        "{{ 'a' if context and system and history else 'b' }}",
    ):
        assert rules(HEADER + text + FIELDS + END) == []


def test_differs_from_own():
    tiny = load_tokenizer("tiny")
    own = (
        HEADER + "{% if system %}<|system|>\n{{ system }}\n{% endif %}"
        "{% for turn in history if not turn.follows_instruction %}"
        "<|{{ turn.role }}|>\n{{ turn.content }}{{ '</s>' if turn.role == 'assistant' else '' }}\n"
        "{% endfor %}<|user|>\n{{ instruction }}{{ '\\n\\n' + context if context else '' }}\n"
        "<|assistant|>\n{% generation %}{{ output }}{% endgeneration %}"
    )
    found = [f for f in lint(own, tiny) if f.rule == "differs-from-own"]
    # Three kinds of history have tool turns, which the model has as calls; each in four records.
    assert [f.message.partition(" kinds")[0] for f in found] == ["12 of 29"]
    other = one(GOOD, tiny, name="tiny")
    assert (other.rule, other.severity) == ("differs-from-own", "warning")
    assert "at character 0: `\\n\\nQx1\\nA:Ax1`, the model's own has `<|user|>" in other.message
    assert rules(GOOD, tiny) == []


def test_header():
    assert one(FIELDS + END).rule == "no-header"
    assert one("{# mine: a test. #}" + FIELDS + END).rule == "no-origin"


def chat(tokenizer, text):
    """The same tokenizer with another chat template."""
    from copy import copy

    changed = copy(tokenizer)
    changed.chat_template = text
    return [(f.rule, f.severity) for f in lint_template(Template(CHAT, ""), changed)]


def test_chat_template(bpe):
    head = "{% for m in messages %}<|user|>{{ m.role }}{{ m.content }}{{ m.tool_calls }}"
    ends = "</s>{% endfor %}{% if add_generation_prompt %}<|user|>assistant{% endif %}"
    assert chat(bpe, head + ends) == [("no-generation", "warning")]
    turn = (
        "{% for m in messages %}<|user|>{{ m.role }}{% generation %}{{ m.content }}"
        "{{ m.tool_calls }}{% endgeneration %}"
    )
    outside = turn + ends.replace("</s>", "<|system|>")
    assert chat(bpe, outside) == [("eos-outside-loss", "error")]
    assert chat(bpe, turn + ends) == []


CODE = st.lists(
    st.sampled_from(
        [*(HEADER, FIELDS, END, "{% endif %}", "{% else %}", "{% endfor %}", "{% endmacro %}"),
         *("{% if context %}", "{% elif not system %}", "{% if x and (y or not x) %}", "\r\n"),
         *("{% for t in history %}", "{{ t.role }}", "{% macro f(a=1) %}", "{{ f() }}", "{{", "}}"),
         *("{% generation %}", "{% endgeneration %}", "{{ output | upper }}", "{# ", " #}", "x "),
         *("{{ bos_token }}", "{% set context = output %}", "{{ 1 / 0 }}", "{% break %}", "{%- "),
         *("{{ meta.a.b }}", "{% include 'x' %}", "{% call f() %}", "{% endcall %}", "{% raw %}"),
         *("{{ self.x() }}", "{% block b %}", "{% endblock %}", "{{ 'a' if x else 1 }}", "</s>")]
    ) | st.text(max_size=9),
    max_size=14,
)  # fmt: skip


@settings(max_examples=150, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(parts=CODE)
def test_lint_never_crashes(parts, chars):
    text = "".join(parts)
    for tokenizer in (None, chars):
        for finding in lint(text, tokenizer):
            assert finding.rule in RULES
            assert finding.to_dict()["message"]
            assert 0 <= finding.line <= text.count("\n") + text.count("\r") + 1
