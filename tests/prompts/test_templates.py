import pytest

from curate.errors import TemplateError
from curate.prompts.render import render
from curate.prompts.templates import Header, Template, find_template, list_templates

WITH = (
    "Below is an instruction that describes a task, paired with an input that provides further "
    "context. Write a response that appropriately completes the request.\n\n### Instruction:\nQ"
    "\n\n### Input:\nC\n\n### Response:"
)
WITHOUT = (
    "Below is an instruction that describes a task. Write a response that appropriately completes "
    "the request.\n\n### Instruction:\nQ\n\n### Response:"
)


def shown(template, record):
    """The rendered text, what takes loss in brackets."""
    found = render(template, record)
    return "".join(f"[{part.text}]" if part.trained else part.text for part in found)


def test_alpaca_is_the_wording_of_stanford(record):
    alpaca = find_template("alpaca")
    assert shown(alpaca, record()) == f"{WITHOUT}[A]"
    assert shown(alpaca, record(context="C")) == f"{WITH}[A]"


def test_alpaca_keeps_the_whitespace_of_fields(record):
    text = shown(find_template("alpaca"), record(" Q\n", "\n A \n", context="\tC\n\n"))
    assert "### Instruction:\n Q\n\n\n### Input:\n\tC\n\n\n\n### Response:[\n A \n]" in text


def test_alpaca_renders_system_history_and_tools(record, conversation):
    found = record("Q3", "A3", system="S", history=conversation)
    preamble = WITHOUT.split("###")[0]
    assert shown(find_template("alpaca"), found) == (
        f"S\n\n{preamble}"
        "### Instruction:\nQ1\n\n### Response:[A1]\n\n"
        "### Instruction:\nQ2\n\n### Response:[A2]\n\n"
        "### Instruction:\nQ3\n\n"
        '### Response:[{"arguments":{"x":1},"name":"f"}]\n\n### Tool result:\n42\n\n'
        "### Response:[A3]"
    )


def test_every_shipped_template_says_where_its_wording_comes_from(record, conversation):
    found = list_templates()
    assert "alpaca" in [template.name for template in found]
    for template in found:
        assert template.text.startswith("{#\n" + template.name + ":")
        assert render(template, record(system="S", context="C", history=conversation))


def test_working_directory_comes_first(tmp_path, monkeypatch):
    shipped = find_template("alpaca")
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "alpaca.jinja").write_text("mine")
    monkeypatch.chdir(tmp_path)
    assert find_template("alpaca").text == "mine"
    assert find_template("alpaca").identity == "alpaca@3fd30542fe3f61b1"
    assert find_template("alpaca").hash != shipped.hash
    assert [t.text for t in list_templates() if t.name == "alpaca"] == ["mine"]


def test_path_with_windows_line_ends_and_a_byte_order_mark(tmp_path):
    path = tmp_path / "x.jinja"
    path.write_bytes(b"\xef\xbb\xbfa\r\nb")
    assert find_template(str(path)).text == "a\nb"
    assert find_template(str(path)).name == "x"


def test_unknown_names_say_what_is_near_and_where_it_looked(tmp_path):
    with pytest.raises(
        TemplateError, match=r"'alpacca' not found; did you mean alpaca or alpaca-lora\?.*templates"
    ):
        find_template("alpacca")
    with pytest.raises(TemplateError, match="known: alpaca, alpaca-lora, chat, chatml, dolly"):
        find_template("zzz")
    with pytest.raises(TemplateError, match="no such file"):
        find_template("nowhere/x.jinja")
    with pytest.raises(TemplateError, match="not found"):
        find_template("../templates/alpaca")
    (tmp_path / "x.jinja").write_bytes(b"a\xff")
    with pytest.raises(TemplateError, match="byte 1 is not UTF-8"):
        find_template(str(tmp_path / "x.jinja"))


@pytest.mark.parametrize(
    ("source", "header"),
    [
        ("Q: {{ instruction }}", Header()),
        ("{# qa: one question. #}Q", Header("one question.", text="qa: one question.")),
        ("{#- a note -#}Q{# Origin: no #}", Header("a note", text="a note")),
        (
            "{#\nx-1: what: it is for.\nmore\n \nOrigin: a file\nof ours.\n\nOther: no.\n\n"
            "Namesakes: none.\n#}\nQ",
            Header(
                "what: it is for.", "a file of ours.", "none.",
                "x-1: what: it is for.\nmore\n \nOrigin: a file\nof ours.\n\nOther: no.\n\n"
                "Namesakes: none.",
            ),
        ),
        ("{# never closed", Header()),
    ],
)  # fmt: skip
def test_header_is_the_first_comment(source, header):
    assert Template("x", source, "x.jinja").header == header
