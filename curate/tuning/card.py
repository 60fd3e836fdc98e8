"""The model card: what was trained, on what, how, and what came of it."""

import re
from typing import Any

import yaml

from curate.reporting.evaluation_page import called, told, with_interval

__all__ = ["model_card"]


def model_card(run: dict[str, Any], *, exported: bool = False, whole: bool = False) -> str:
    """Return README.md of a run, or of what was exported of it, made from run.json alone.

    `whole` says that the export is a model and no adapter.
    """
    recipe, base = run["recipe"], run["base_model"]["name"]
    method, stage = recipe["backend"]["method"], recipe["stage"]
    whole = whole or method == "full"
    front: dict[str, Any] = {
        "library_name": "transformers" if whole else "peft",
        "pipeline_tag": "text-classification" if stage == "reward" else "text-generation",
        "tags": ["curate", stage, method],
    }
    if re.fullmatch(r"[\w.-]+/[\w.-]+", base) and not base.startswith("."):
        front = {"base_model": base, **front}
    counts, dataset = run["dataset"]["counts"], run["dataset"]
    trained, rows = run["training"], run["encoding"]
    dropped = [
        f"- {step['name']}: {number} {reason}"
        for step in dataset["steps"]
        for reason, number in step["dropped"].items()
    ]
    parts = [
        f"---\n{yaml.safe_dump(front, sort_keys=False)}---",
        f"# {base}, {_MADE[stage]} with {method}",
        f"`{base}`{_start(run['base_model'])} {_MADE[stage]} for {trained['steps']} steps on "
        f"{rows['examples']} {_LEARNT_FROM[stage]} ({_looked_at(stage, rows)}); "
        f"{trained['trainable_parameters']:,} of {trained['parameters']:,} parameters trained "
        f"({trained['trainable_parameters'] / trained['parameters']:.2%}).",
        "## Data",
        f"Dataset digest `{dataset['digest']}`: {counts['read']} rows read = {counts['kept']} kept "
        f"+ {counts['dropped']} dropped + {counts['quarantined']} quarantined.",
        "\n".join(dropped) or "Nothing was dropped.",
        "Sources: "
        + ", ".join(
            f"{s['name']} ({s['rows']} rows, licence {s['license'] or 'unknown'})"
            for s in dataset["sources"]
        )
        + ".",
        f"Template `{run['template']['name']}@{run['template']['hash']}`, encoding digest "
        f"`{rows['digest']}`.",
        "## Held-out records, before and after",
        _metrics(run["metrics"]),
        "## Use",
        _use_export(recipe["model"], method, whole)
        if exported
        else _use(recipe["model"] | {"model_name_or_path": base}, method, stage),
        "## How to reproduce",
        f"With the dataset of that digest, whose own card says how it is made, in "
        f"`{recipe['data']['dataset']}`, and the recipe below as `recipe.yaml`: "
        "`curate train recipe.yaml -o RUN`. On one machine it comes to the same bytes; "
        "`curate verify RUN` computes the digests anew.",
        f"```yaml\n{yaml.safe_dump(recipe, sort_keys=False)}```",
        "Versions: " + ", ".join(f"{name} {v}" for name, v in run["versions"].items()) + ".",
    ]
    return "\n\n".join(parts) + "\n"


_MADE = {
    "sft": "tuned", "reward": "made a reward model", "dpo": "tuned to preferences (DPO)",
    "kto": "tuned to preferences (KTO)", "grpo": "tuned to rewards (GRPO)",
}  # fmt: skip
_LEARNT_FROM = {"sft": "records", "reward": "pairs", "dpo": "pairs", "kto": "labelled answers",
                "grpo": "prompts"}  # fmt: skip


def _start(base: dict[str, Any]) -> str:
    start = base.get("start")
    return f" with the adapter of {start['run']} (`{start['sha256'][:12]}`)" if start else ""


def _looked_at(stage: str, rows: dict[str, Any]) -> str:
    if stage == "grpo":
        return f"{rows['tokens']:,} tokens"
    return f"{rows['loss_tokens']:,} of {rows['tokens']:,} tokens take loss"


def _use(model: dict[str, Any], method: str, stage: str) -> str:
    if stage == "reward":
        return (
            "`curate evaluate RUN_TO_SCORE --reward RUN` scores the answers of another run, and "
            "`rewards: RUN` in a recipe of stage grpo trains one by it. From Python: "
            '`curate.tuning.rewards.load_rewards(["RUN"])`.'
        )
    base = model["model_name_or_path"]
    revision = f", revision={model['model_revision']!r}" if model["model_revision"] else ""
    where = "  # the folder data/tiny of Curate" if base == "tiny" else ""
    asked = '`curate generate RUN --instruction "…"` uses the template of the training. '
    if method == "full":
        return (
            f"{asked}Without Curate:\n\n```python\n"
            "from transformers import AutoModelForCausalLM, AutoTokenizer\n\n"
            'model = AutoModelForCausalLM.from_pretrained("RUN/model")\n'
            'tokenizer = AutoTokenizer.from_pretrained("RUN/model")\n```'
        )
    ours = "import curate.tuning.bottleneck  # the method is Curate's, not PEFT's\n"
    return (
        f"{asked}{'With PEFT' if method == 'adapter' else 'Without Curate'}:\n\n```python\n"
        f"{ours if method == 'adapter' else ''}from peft import PeftModel\n"
        "from transformers import AutoModelForCausalLM\n\n"
        f"base = AutoModelForCausalLM.from_pretrained({base!r}{revision}){where}\n"
        'model = PeftModel.from_pretrained(base, "RUN/adapter")\n```'
    )


def _use_export(model: dict[str, Any], method: str, whole: bool) -> str:
    """Return how an export is loaded: the folder is the working directory."""
    ours = "import curate.tuning.bottleneck  # the method is Curate's, not PEFT's\n"
    asked = (
        'messages = [{"role": "user", "content": "…"}]  # with "context": "…" where there is one\n'
    )
    if whole:
        return (
            "```python\nfrom transformers import pipeline\n\n"
            f'ask = pipeline("text-generation", model=".")\n{asked}'
            'print(ask(messages)[0]["generated_text"][-1]["content"])\n```'
        )
    return (
        f"An adapter for `{model['model_name_or_path']}`; where that lies elsewhere, change "
        "`base_model_name_or_path` in adapter_config.json.\n\n```python\n"
        f"{ours if method == 'adapter' else ''}from peft import AutoPeftModelForCausalLM\n"
        "from transformers import AutoTokenizer\n\n"
        'model = AutoPeftModelForCausalLM.from_pretrained(".")\n'
        'tokenizer = AutoTokenizer.from_pretrained(".")\n'
        f"{asked}"
        "prompt = tokenizer.apply_chat_template(\n"
        '    messages, add_generation_prompt=True, return_tensors="pt", return_dict=True\n)\n'
        "answer = model.generate(**prompt, max_new_tokens=128)\n"
        'print(tokenizer.decode(answer[0, prompt["input_ids"].shape[1] :], '
        "skip_special_tokens=True))\n```"
    )


def _metrics(metrics: dict[str, Any]) -> str:
    before, after = metrics["before"], metrics["after"]
    if not before:
        return "Nothing was held out."
    rows = [
        f"| {called(name)} | {with_interval(before, name)} | {with_interval(after, name)} |"
        for name in told(before)
    ]
    asked = f"; {before['asked']:,} of them answered" if "asked" in before else ""
    on = f"{before['records']:,} records{asked}. In brackets the 95% interval (bootstrap)."
    table = "\n".join([on, "", "| | before | after |", "| --- | --- | --- |", *rows])
    sources = before["loss_by_source"]
    if len(sources) < 2:
        return table
    rows = [
        f"| {name} | {said['records']} | {said['loss']} | {after['loss_by_source'][name]['loss']} |"
        for name, said in sources.items()
    ]
    heads = ["| source | records | loss before | after |", "| --- | --- | --- | --- |"]
    return table + "\n\n" + "\n".join([*heads, *rows])
