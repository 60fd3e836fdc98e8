"""A template file as the chat template of a tokenizer, so that others render the same prompt."""

import re
from itertools import product

from curate.prompts.encode import Encoder
from curate.prompts.templates import Template
from curate.records import Record

__all__ = ["PROBES", "as_chat_template", "messages_of", "same_prompts"]

_VARIABLES = """\
{%- set curate = namespace(system='', history=[], instruction='', context='', output='') -%}
{%- set curate.asked = -1 -%}
{%- for message in messages -%}
{%- if message['role'] == 'user' -%}{%- set curate.asked = loop.index0 -%}{%- endif -%}
{%- endfor -%}
{%- for message in messages -%}
{%- if message['content'] is string -%}
{%- set content = message['content'] -%}
{%- else -%}
{%- set content = (message['content'] or []) | map(attribute='text') | join -%}
{%- endif -%}
{%- if loop.first and message['role'] == 'system' -%}
{%- set curate.system = content -%}
{%- elif loop.index0 == curate.asked -%}
{%- set curate.instruction = content -%}
{%- set curate.context = message['context'] or '' -%}
{%- elif loop.last and message['role'] == 'assistant' and not add_generation_prompt -%}
{%- set curate.output = content -%}
{%- else -%}
{%- set curate.history = curate.history + [{'role': message['role'], 'content': content,
    'follows_instruction': loop.index0 > curate.asked}] -%}
{%- endif -%}
{%- endfor -%}
{%- set system = curate.system -%}
{%- set history = curate.history -%}
{%- set instruction = curate.instruction -%}
{%- set context = curate.context -%}
{%- set output = curate.output -%}
"""
"""Makes the variables of a template file out of messages; a user's message may have a context."""

_BLOCK = re.compile(
    r"\{#.*?#\}|(\{%-?\s*generation\s*-?%\})(.*?)(\{%-?\s*endgeneration\s*-?%\})", re.DOTALL
)

_TURNS = [{"role": "user", "content": "Name a sound."}, {"role": "assistant", "content": "Moo."}]
PROBES = (
    Record(id="probe:1", instruction="What is the opposite of hot?"),
    Record(id="probe:2", instruction="Who has it?\nSay – why!", context="  Mia has a lamp.\n"),
    Record(id="probe:3", instruction="Name a colour.", system="Answer in one word."),
    Record(id="probe:4", instruction="And another.", system="Be kind.", history=[*_TURNS, *_TURNS]),
)
"""What the prompts of a chat template are compared on: each thing that a record can have."""


def as_chat_template(encoder: Encoder) -> tuple[str, int] | None:
    """Return the chat template that renders the encoder's prompts, and of how many probes it does.

    The prompts of single turns, with system and context, are the encoder's ids exactly. Earlier
    turns are too, if all probes are: a chat template is tokenised in one piece, the encoder closes
    each answer, and a tokenizer can see a difference. None if no single turn can be rendered.
    """
    if encoder.template.is_chat:
        return encoder.template.text, len(PROBES)
    best: tuple[str, int] | None = None
    for opens, closes in product(("", "{{- bos_token -}}"), ("", "{{ eos_token }}")):
        text = opens + _VARIABLES + _without_answer(encoder.template, closes)
        same = same_prompts(encoder, text)
        single = sum(not probe.history for probe in PROBES)
        if same >= single and (best is None or same > best[1]):
            best = text, same
    return best


def _without_answer(template: Template, closes: str) -> str:
    """Return the template's text, its answer left out where a prompt is asked for."""

    def change(block: re.Match[str]) -> str:
        if block[1] is None:  # a comment
            return block[0]
        if re.search(r"\boutput\b", block[2]):
            whole = f"{block[1]}{block[2]}{{{{ eos_token }}}}{block[3]}"
            return f"{{% if not add_generation_prompt %}}{whole}{{% endif %}}"
        return f"{block[1]}{block[2]}{closes}{block[3]}"

    return _BLOCK.sub(change, template.text)


def messages_of(record: Record) -> list[dict[str, str]]:
    """Return a record's prompt as messages; the context is a key of the last one."""
    system = [{"role": "system", "content": record.system}] if record.system else []
    asked = {"role": "user", "content": record.instruction}
    if record.context:
        asked["context"] = record.context
    return [*system, *record.history, asked]


def same_prompts(encoder: Encoder, chat_template: str) -> int:
    """Return how many probes, from the first on, have the encoder's ids in a chat template."""
    for number, probe in enumerate(PROBES):
        try:
            ids = encoder.tokenizer.apply_chat_template(  # type: ignore[union-attr]
                messages_of(probe), chat_template=chat_template, add_generation_prompt=True,
                tokenize=True, return_dict=False,
            )  # fmt: skip
        except Exception:  # whatever another environment makes of a template
            return number
        if list(ids) != encoder.prompt_ids(probe):
            return number
    return len(PROBES)
