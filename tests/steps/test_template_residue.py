import pytest

from curate.records import Record
from curate.steps.template_residue import TemplateResidue

END = "Write a response that appropriately completes the request."
ALONE = f"Below is an instruction that describes a task. {END}"
PAIRED = (
    "Below is an instruction that describes a task, paired with an input that provides further "
    f"context. {END}"
)


def record(instruction, output, context="", **fields):
    return Record(id="a:1", instruction=instruction, output=output, context=context, **fields)


@pytest.mark.parametrize(
    "good",
    [
        record("Write a README section", "## Usage\n\n### Response format\n\nJSON"),
        record("Write API docs", "### Response:\n\n200 OK"),
        record("Write bash heredoc", "cat <<EOF\nx\nEOF"),
        record("C++ shift", "cout << a << endl;"),
        record("Explain the [INST] token", "It starts an instruction: `[INST]`."),
        record("Strike it", "<s>old</s> new"),
        record("Python list", "a = [BOS for BOS in x]"),
        record("F# pipe", "xs |> List.map f <| ys"),
        record("Write code using ChatML", "prompt = '<|im_start|>user'"),
        record("Write Markdown headings", "### Input:\nfoo\n### Output:\nbar"),
        record("What is ### in markdown?", "A heading."),
        record("How do I write a prompt for Alpaca?", "### Instruction:\nAdd.\n\n### Response:\n"),
        record("What does a prompt of Vicuna look like?", "### Human: Hi\n### Assistant: Hello"),
        record("Show me Mistral's instruct format.", "[INST] Hi [/INST] Hello [INST] Bye"),
        record("Write prompts that suit an LLM.", "### Instruction:\nAdd.\n### Response:"),
    ],
)
def test_keeps(good):
    assert TemplateResidue().apply(good) is good


@pytest.mark.parametrize(
    ("bad", "reason", "found"),
    [
        (
            record("<s>[INST] <<SYS>>\nBe kind\n<</SYS>>\n\nName a colour. [/INST]", "Red"),
            "template_residue",
            "<s>[INST] <<SYS>>\nBe kind\n<</",
        ),
        (
            record("Name a colour", "Red<|im_end|>\n<|im_start|>user\nNext<|im_end|>"),
            "template_residue",
            "Red<|im_end|>\n<|im_start|>user\nNe",
        ),
        (
            record("Name", "Red <|end_of_text|> and more"),
            "template_residue",
            "Red <|end_of_text|> and more",
        ),
    ],
)
def test_drops_with_reason_and_evidence(bad, reason, found):
    dropped = TemplateResidue().apply(bad)
    assert (dropped.step, dropped.reason) == ("template_residue", reason)
    assert dropped.evidence["found"] == found


@pytest.mark.parametrize(
    ("before", "field", "after"),
    [
        (
            record(
                f"{ALONE}\n\n### Instruction:\nName a colour.\n\n### Response:",
                "Red",
            ),
            "instruction",
            "Name a colour.",
        ),
        (
            record(
                f"{PAIRED}\n\n### Instruction:\nAdd.\n\n### Input:\n2 2\n\n### Response:\n",
                "4",
            ),
            "instruction",
            "Add.",
        ),
        (
            record(
                f"{PAIRED}\n\n### Instruction:\nAdd.\n\n### Input:\n2 2\n\n### Response:\n",
                "4",
            ),
            "context",
            "2 2",
        ),
        (record("[INST] Name a colour. [/INST]", "Red"), "instruction", "Name a colour."),
        (record("Name a colour", "<|im_start|>assistant\nRed<|im_end|>"), "output", "Red"),
        (record("Name a colour", "<|assistant|>\nRed"), "output", "Red"),
        (record("Name a colour", "### Assistant: Red"), "output", "Red"),
        (record("Describe an alpaca.", "### Response:\nIt is woolly."), "output", "It is woolly."),
        (record("Answer the prompt promptly.", "### Response: Yes"), "output", "Yes"),
        (record("### Human: Name a colour", "Red"), "instruction", "Name a colour"),
        (record("Name", "<start_of_turn>model\nRed<end_of_turn>"), "output", "Red"),
        (
            record("Name", "<|start_header_id|>assistant<|end_header_id|>\n\nRed<|eot_id|>"),
            "output",
            "Red",
        ),
    ],
)
def test_edits(before, field, after):
    assert getattr(TemplateResidue().apply(before), field) == after
