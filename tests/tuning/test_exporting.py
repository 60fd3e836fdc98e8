import dataclasses
import json
import shutil

import pytest
import torch
import transformers
from click.testing import CliRunner

from curate.cli import main
from curate.errors import DatasetError, ModelError, UsageError
from curate.prompts.chat_template import PROBES, as_chat_template, messages_of, same_prompts
from curate.prompts.encode import Encoder
from curate.prompts.templates import Template, find_template, list_templates
from curate.prompts.tokenizer import load_tokenizer
from curate.records import Record
from curate.tuning.exporting import export
from curate.tuning.generate import Tuned


def test_lora_merged_is_a_plain_model(finished, tmp_path):
    run, _ = finished
    done = export(run, tmp_path / "out", merged=True)
    assert done.merged < 1e-4
    tuned, ids = Tuned(run), torch.arange(10, 40)[None]
    plain = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "out")
    assert plain.dtype == torch.float32
    plain, ids = plain.to(tuned.model.device), ids.to(tuned.model.device)
    with torch.no_grad():
        merged, expected = plain(ids).logits, tuned.model(ids).logits
    torch.testing.assert_close(merged, expected, atol=1e-5 * expected.abs().max().item(), rtol=0)
    ask = transformers.pipeline("text-generation", model=str(tmp_path / "out"))
    record = Record(id="a", instruction="Add one and two.", context="Now.", system="Be kind.")
    said = ask(messages_of(record), max_new_tokens=12, do_sample=False)
    answer = said[0]["generated_text"][-1]["content"]
    assert answer.strip() == tuned.answer([record], max_new_tokens=12)[0].text
    generation = json.loads((tmp_path / "out" / "generation_config.json").read_text())
    assert generation["eos_token_id"] == [2]


def test_a_type_is_told_what_it_costs(finished, tmp_path):
    done = export(finished[0], tmp_path / "out", merged=True, dtype="bfloat16")
    assert done.merged < 1e-4 < done.cast < 1
    plain = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "out")
    assert plain.dtype == torch.bfloat16
    said = json.loads((tmp_path / "out" / "export.json").read_text())
    assert said["largest_difference"] == {"merged": done.merged, "cast": done.cast}
    assert said["files"] == sorted(p.name for p in (tmp_path / "out").iterdir())


def test_merging_that_changes_the_model_is_refused(finished, tmp_path, monkeypatch):
    from peft.tuners.lora import LoraModel

    real = LoraModel.merge_and_unload

    def broken(self, **options):
        model = real(self, **options)
        model.lm_head.weight.data *= 1.01
        return model

    monkeypatch.setattr(LoraModel, "merge_and_unload", broken)
    with pytest.raises(ModelError, match=r"merging moves a logit by .* more than rounding does"):
        export(finished[0], tmp_path / "out", merged=True)


def test_an_export_is_replaced_and_nothing_else_is(finished, tmp_path):
    run, _ = finished
    out = tmp_path / "out"
    export(run, out, merged=True)
    with pytest.raises(DatasetError, match="holds an export; pass --overwrite"):
        export(run, out)
    export(run, out, overwrite=True)
    assert not (out / "model.safetensors").exists(), "nothing is left of the model"
    assert (out / "adapter_model.safetensors").exists()
    (out / "mine.txt").write_text("x")
    with pytest.raises(DatasetError, match=r"holds mine\.txt and is no export"):
        export(run, out, overwrite=True)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "export.json").write_text('{"files": ["../../mine", "x"]}')
    (tmp_path / "other" / "x").write_text("")
    (tmp_path / "mine").write_text("")
    export(run, tmp_path / "other", overwrite=True)
    assert (tmp_path / "mine").exists()


def test_an_export_that_fails_leaves_the_one_before(finished, tmp_path):
    run, _ = finished
    out = tmp_path / "out"
    export(run, out, merged=True)
    copy = tmp_path / "run"
    shutil.copytree(run, copy)
    (copy / "adapter" / "adapter_model.safetensors").write_bytes(b"junk")
    with pytest.raises(DatasetError, match="cannot be loaded"):
        export(copy, out, merged=True, overwrite=True)
    (copy / "adapter" / "adapter_config.json").unlink()
    with pytest.raises(DatasetError, match="holds no adapter"):
        export(copy, out, overwrite=True)
    assert (out / "model.safetensors").stat().st_size > 1_000_000
    assert (out / "export.json").exists()


def test_what_cannot_be_exported(finished, tmp_path):
    with pytest.raises(UsageError, match="--dtype goes with a whole model: add --merged"):
        export(finished[0], tmp_path / "out", dtype="float16")
    done = CliRunner().invoke(main, ["export", str(tmp_path), "-o", str(tmp_path / "out")])
    assert done.exit_code == 1
    assert "is no run directory or an unfinished one" in done.output


@pytest.mark.parametrize("name", [t.name for t in list_templates()])
def test_every_shipped_template_can_be_a_chat_template(name):
    """The ids of the encoder, conversations and contexts too."""
    encoder = Encoder(find_template(name), load_tokenizer("tiny"))
    text, same = as_chat_template(encoder)
    assert same == len(PROBES) == same_prompts(encoder, text)
    record = PROBES[3].with_fields(output="Green.", context="Of three.")
    tokenizer = encoder.tokenizer
    answered = [*messages_of(record), {"role": "assistant", "content": "Green."}]
    ids = tokenizer.apply_chat_template(answered, chat_template=text, return_dict=False)
    example = encoder.encode(record)
    end = max(at for at, label in enumerate(example.labels) if label != -100)
    assert tokenizer.decode(ids).startswith(tokenizer.decode(example.input_ids[: end + 1]))


def test_text_in_parts_is_joined():
    encoder = Encoder(find_template("alpaca"), load_tokenizer("tiny"))
    text, _ = as_chat_template(encoder)
    parts = [{"type": "text", "text": "What is "}, {"type": "text", "text": "this?"}]
    ids = encoder.tokenizer.apply_chat_template(
        [{"role": "user", "content": parts}], chat_template=text, add_generation_prompt=True,
        return_dict=False,
    )  # fmt: skip
    assert list(ids) == encoder.prompt_ids(Record(id="a", instruction="What is this?"))


@pytest.mark.parametrize(
    "text",
    [
        "{{ instruction }}{% generation %}{{ output }}{% endgeneration %}\n-- {{ instruction }}",
        "{{ meta.topic }}: {{ instruction }}{% generation %}{{ output }}{% endgeneration %}",
    ],
)
def test_a_template_that_is_none_goes_without(text, finished, tmp_path, monkeypatch):
    """Words behind the answer, or fields that messages have not, cannot be asked for so."""
    import curate.tuning.exporting as module

    tokenizer = load_tokenizer("tiny")
    template = Template("own", text, "own.jinja")
    if "meta" in text:
        monkeypatch.setattr(
            "curate.prompts.chat_template.PROBES",
            tuple(dataclasses.replace(p, meta={"topic": "x"}) for p in PROBES),
        )
    encoder = Encoder(template, tokenizer)
    assert as_chat_template(encoder) is None
    monkeypatch.setattr(module, "encoder_of", lambda *_: encoder)
    assert export(finished[0], tmp_path / "out").probes == 0
    assert not (tmp_path / "out" / "chat_template.jinja").exists()
    assert tokenizer.chat_template, "the tokenizer keeps its own"
