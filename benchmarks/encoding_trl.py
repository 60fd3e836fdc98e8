"""Count records whose prompt ids in training are not those at inference: TRL beside Curate.

    python benchmarks/encoding_trl.py SOURCE... [--tokenizer NAME=FOLDER]... [--most 5000]

The same rendered texts go both ways. TRL: columns `prompt` and `completion`, as its documentation
has it, through SFTTrainer; in training the prompt is what stands before the first label, at
inference it is the tokenizer's ids of `prompt`. Curate: the ids before the loss part, and what
`generate` feeds.

Templates: `alpaca`, and questions and answers whose prompt ends in a blank, as people write them.
"""

import argparse
import itertools
import tempfile
from collections.abc import Iterator
from typing import Any

import datasets
import transformers
from trl import SFTConfig, SFTTrainer

from curate.prompts.encode import IGNORE_INDEX, Encoder, EncodeSettings, Example, load_tokenizer
from curate.prompts.templates import Template, find_template
from curate.records import Record
from curate.sources import Reader, resolve

BLANK = Template(
    "ends in a blank",
    "{% if context %}{{ context }}\n{% endif %}Question: {{ instruction }}\nAnswer: "
    "{% generation %}{{ output }}{% endgeneration %}",
    "blank.jinja",
)
_LONGEST = 10**6


def records_of(sources: list[str], most: int) -> list[Record]:
    """Return at most so many records, evenly from all of them."""
    read = itertools.chain.from_iterable(map(Reader, resolve(sources)))
    found = [r for r in read if isinstance(r, Record) and is_text(r)]
    return found[:: -(-len(found) // most)]


def is_text(record: Record) -> bool:
    """Return whether the record is one that `curate clean` could keep."""
    fields = record.instruction, record.context, record.output
    return all(isinstance(field, str) for field in fields) and bool(record.output.strip())


def before_loss(ids: list[int], labels: list[int]) -> list[int]:
    """Return the ids in front of the first that takes loss."""
    return ids[: next((at for at, x in enumerate(labels) if x != IGNORE_INDEX), len(ids))]


def of_trl(tokenizer: Any, examples: list[Example]) -> Iterator[tuple[list[int], list[int]]]:  # noqa: ANN401
    """Yield ids and labels of each example, as SFTTrainer prepares them."""
    config = transformers.LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=8, intermediate_size=8, num_hidden_layers=1,
        num_attention_heads=1,
    )  # fmt: skip
    rows = datasets.Dataset.from_list(
        [{"prompt": example.prompt, "completion": example.completion} for example in examples]
    )
    with tempfile.TemporaryDirectory() as folder:
        trainer = SFTTrainer(
            model=transformers.LlamaForCausalLM(config),
            args=SFTConfig(output_dir=folder, max_length=None, report_to="none", bf16=False,
                           use_cpu=True, disable_tqdm=True),
            train_dataset=rows,
            processing_class=tokenizer,
        )  # fmt: skip
        for row in trainer.train_dataset:
            yield row["input_ids"], row["labels"]


def compare(name: str, folder: str, template: Template, records: list[Record]) -> str:
    """Return the row of a table."""
    tokenizer: Any = load_tokenizer(folder)
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    encoder = Encoder(template, tokenizer, EncodeSettings(max_length=_LONGEST))
    examples = [each for each in encoder.encode_all(records) if isinstance(each, Example)]
    ours = theirs = 0
    prepared = of_trl(tokenizer, examples)
    for record, example, (ids, labels) in zip(records, examples, prepared, strict=True):
        theirs += before_loss(ids, labels) != tokenizer(example.prompt)["input_ids"]
        asked = encoder.prompt_ids(record.with_fields(output=""))
        ours += before_loss(example.input_ids, example.labels) != asked
    return f"| {name} | {template.name} | {len(examples):,} | {theirs:,} | {ours:,} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sources", nargs="+")
    parser.add_argument("--tokenizer", action="append", default=[], metavar="NAME=FOLDER")
    parser.add_argument("--most", type=int, default=5000)
    options = parser.parse_args()
    transformers.logging.set_verbosity_error()
    datasets.disable_progress_bars()
    records = records_of(options.sources, options.most)
    print("| tokenizer | template | records | differ in TRL | differ here |")
    print("| --- | --- | --- | --- | --- |")
    for entry in ["tiny=tiny", *options.tokenizer]:
        name, _, folder = entry.partition("=")
        for template in (find_template("alpaca"), BLANK):
            print(compare(name, folder, template, records), flush=True)


if __name__ == "__main__":
    main()
