"""What lint finds, and the rules by which it does."""

from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["RULES", "SOURCE_RULES", "TEMPLATE_RULES", "Finding", "Rule", "Severity"]

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that lint looks for.

    Attributes:
        name: its code name.
        severity: how bad it is.
        finds: what it finds.
        todo: what to do about it.

    """

    name: str
    severity: Severity
    finds: str
    todo: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        rule: code name of the rule.
        message: what was found.
        line: 1-based line of the template; 0 where it cannot be told.
        column: 1-based column in that line; 0 where it cannot be told.
        count: how many records it befalls; 0 for a template.
        records: those records, each with its `id` and what belongs to it.
        softened: whether it is a warning here though the rule's is an error.

    """

    rule: str
    message: str
    line: int = 0
    column: int = 0
    count: int = 0
    records: list[dict[str, Any]] = field(default_factory=list)
    softened: bool = False

    @property
    def severity(self) -> Severity:
        """How bad it is."""
        return "warning" if self.softened else RULES[self.rule].severity

    def to_dict(self) -> dict[str, Any]:
        """Return the finding for `lint --json`."""
        row: dict[str, Any] = {
            "rule": self.rule,
            "severity": self.severity,
            "message": self.message,
            "todo": RULES[self.rule].todo,
        }
        if self.count:
            return row | {"count": self.count, "records": self.records}
        return row | {"line": self.line or None, "column": self.column or None}


TEMPLATE_RULES = (
    Rule("syntax", "error", "Jinja cannot read the template.", "Mend the line that is named."),
    Rule("no-generation", "error",
         "No `{% generation %}` block, so nothing would take loss. Of `chat` a warning: the answer "
         "is found by comparison, earlier turns may not be.",
         "Put the answer between {% generation %} and {% endgeneration %}."),
    Rule("undeclared-variable", "error",
         "A name that no record has and the template does not set; rendering stops there.",
         "Use a name that a template has, or set it."),
    Rule("output-leak", "error",
         "The answer stands in the prompt, or changes it: at inference there is none yet.",
         "Use `output` inside the last {% generation %} block only."),
    Rule("render-fails", "error",
         "A record that the schema allows cannot be rendered. Of `chat` a warning: the model may "
         "not know such conversations.",
         "Give every kind of record a branch."),
    Rule("too-much", "error", "Loops without end, or more text than a record may make.",
         "Loop over the record's own turns only."),
    Rule("loss-not-last", "error",
         "The last `{% generation %}` block does not hold the answer, or the answer shows nowhere.",
         "Put `output` into a {% generation %} block at the end."),
    Rule("eos-outside-loss", "error",
         "The token that ends the turn stands behind the loss part, so it is never learned. "
         "A warning without a model, which alone knows its tokens.",
         "Move it into the {% generation %} block, or leave it out: EOS is added."),
    Rule("ignored-field", "error",
         "Instruction, context, system prompt or a turn of the history changes nothing.",
         "Show the field, or keep such records away from the template."),
    Rule("double-bos", "error",
         "BOS stands twice in the ids, or would with a tokenizer that adds its own: the template "
         "writes it more than once, or not at the very start.",
         "Leave bos_token out: it is added once, at the start."),
    Rule("text-after-answer", "warning",
         "Text behind the answer: EOS stands before it, and it is never learned.",
         "End the template with the answer."),
    Rule("prompt-ends-in-space", "warning",
         "The prompt ends in a space, which most tokenizers would join with the next word: the "
         "model meets a lone one. With a model only if its tokenizer does so.",
         "Move the space into the {% generation %} block, or drop it."),
    Rule("constant-condition", "warning", "A condition that is always true, or never.",
         "Remove the condition, or what it hides."),
    Rule("repeated-test", "warning", "A condition that was decided before it is asked again.",
         "Remove the second one, or ask what was meant."),
    Rule("unreached-branch", "warning",
         "A branch that no record takes of a set with and without every field, long and short. "
         "Conditions on `meta` are left out.",
         "Remove the branch, or its condition is not what was meant."),
    Rule("differs-from-own", "warning",
         "The text is not what the model's own chat template makes, though the template is named "
         "after its family or writes its special tokens.",
         "Compare with -t chat; rename the template if it is meant."),
    Rule("no-header", "warning", "The file does not begin with a comment that says what it is for.",
         "Begin the file with {# NAME: what it is for. #}"),
    Rule("no-origin", "warning", "The header does not say where the wording comes from.",
         "Add a paragraph `Origin: …` to the header."),
)  # fmt: skip
"""What is looked for in a template."""

SOURCE_RULES = (
    Rule("record-fails", "error", "Records that the template cannot render.",
         "Clean the source, or give the template a branch for them."),
    Rule("empty-answer", "error", "Records whose answer is empty or blank.",
         "Drop them: curate clean does."),
    Rule("no-loss-token", "error",
         "Records of whose answer the tokenizer makes no token: only EOS is learned.",
         "Drop them, or use a model that knows their script."),
    Rule("over-length", "warning",
         "Records with more tokens than --max-length; training drops, cuts or refuses them.",
         "Raise max_length, or set over_length to truncate."),
    Rule("special-tokens", "warning",
         "Records with special-token strings in their fields; they are encoded as plain text.",
         "Look whether they are residue of another template."),
    Rule("unreadable", "warning", "Rows that are no record.", "curate inspect tells why."),
)  # fmt: skip
"""What is looked for in a source."""

RULES = {rule.name: rule for rule in (*TEMPLATE_RULES, *SOURCE_RULES)}
