"""Tokenizers: what is asked of one, and how it is loaded."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from curate.errors import ModelError, clip
from curate.shipped import shipped

__all__ = ["TINY", "Tokenizer", "load_tokenizer"]

TINY = "tiny"
"""The name of the shipped model."""


class Tokenizer(Protocol):
    """The part of transformers' tokenizers, fast and slow, that encoding uses."""

    bos_token_id: int | None
    eos_token: str | None
    eos_token_id: int | None
    unk_token_id: int | None
    all_special_tokens: Sequence[str]
    special_tokens_map: Mapping[str, Any]
    chat_template: str | Mapping[str, str] | None

    def encode(
        self, text: str, *, add_special_tokens: bool = True, split_special_tokens: bool = False
    ) -> list[int]:
        """Return the ids of a text."""

    def decode(self, token_ids: Sequence[int], *, skip_special_tokens: bool = False) -> str:
        """Return the text of ids."""

    def convert_tokens_to_ids(self, tokens: list[str]) -> list[int]:
        """Return the id of each token."""

    def get_vocab(self) -> Mapping[str, int]:
        """Return the id of every token of the vocabulary."""


def load_tokenizer(model: str, revision: str | None = None) -> Tokenizer:
    """Return the tokenizer of a model: `tiny`, a local folder, or OWNER/NAME on the hub.

    Code that lies with a model is never run.

    Raises:
        ModelError: transformers is missing, or there is no such model, or it cannot be reached.

    """
    try:
        # AutoTokenizer comes to the same class for the shipped model, but imports torch first:
        # two seconds and more.
        if model == TINY:
            from transformers import PreTrainedTokenizerFast as Loader
        else:
            from transformers import AutoTokenizer as Loader
    except ImportError:
        raise ModelError(
            'a tokenizer needs transformers, which is not installed: pip install "curate[tune]"'
        ) from None
    folder = shipped("data", "tiny") if model == TINY else Path(model)
    is_local = model == TINY or model.startswith((".", "/", "~")) or model.count("/") != 1
    if is_local and not folder.is_dir():
        raise ModelError(
            f"model {clip(model)}: no such folder. Give `{TINY}`, a local folder, or OWNER/NAME "
            "of the hub"
        )
    name = str(folder) if folder.is_dir() else model
    try:
        loaded: Tokenizer = Loader.from_pretrained(name, revision=revision, trust_remote_code=False)
    except Exception as error:  # whatever a damaged file makes of transformers
        reason = clip(str(error).strip().split("\n")[0], 200)
        raise ModelError(
            f"model {clip(model)}: its tokenizer cannot be loaded ({reason}). Check the name, the "
            "revision and the network, or give a local folder"
        ) from None
    return loaded
