"""Texts to vectors, by a model of sentence-transformers."""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from curate.errors import ModelError, clip

__all__ = ["Encoder", "embed", "find_model", "load_encoder"]

Array = np.ndarray[Any, np.dtype[Any]]
Encoder = Callable[[Sequence[str]], Array]
"""Returns a float32 vector of length 1 for each text."""

_NEEDED = {"sentence_transformers": "sentence-transformers", "usearch": "usearch"}
_NAMED = "give one that has a modules.json, or OWNER/NAME on the hub"
_SAFE = ["*.json", "*.txt", "*.model", "*.safetensors"]
_HUB = re.compile(r"\w[\w.-]*/\w[\w.-]*")
_BYTES = 3  # of a text in UTF-8 that make a token or more
_BATCH, _ROUND = 32, 4096


def load_encoder(model: str) -> tuple[Encoder, int]:
    """Return the encoder, and how many bytes of a text it reads at least.

    Weights are read from safetensors only, and no code that comes with a model is run.

    Args:
        model: as `find_model` takes it.

    Raises:
        ModelError: it cannot be found or loaded, or the extra is not installed.
    """
    folder = find_model(model)
    from sentence_transformers import SentenceTransformer

    try:
        made = SentenceTransformer(
            str(folder),
            trust_remote_code=False,
            local_files_only=True,
            model_kwargs={"use_safetensors": True},
        )
    except Exception as error:  # whatever a damaged file makes of the libraries below
        raise _unloadable(model, error) from error

    def encode(texts: Sequence[str]) -> Array:
        found = made.encode(
            list(texts),
            batch_size=_BATCH,
            show_progress_bar=False,
            normalize_embeddings=True,
            convert_to_numpy=True,
        )
        return np.asarray(found, np.float32)

    return encode, _BYTES * (made.max_seq_length or 512)


def find_model(model: str) -> Path:
    """Return the folder of a model, without loading it.

    Args:
        model: a local folder, or `OWNER/NAME` on the hub, of which the files are downloaded.

    Raises:
        ModelError: it cannot be found, or the extra is not installed.
    """
    _require()
    folder = Path(model).expanduser()
    if not folder.is_dir():
        if not _HUB.fullmatch(model):
            raise ModelError(f"semantic_dedup.model: {clip(model)} is no folder; {_NAMED}")
        from huggingface_hub import snapshot_download

        try:
            return Path(snapshot_download(model, allow_patterns=_SAFE))
        except Exception as error:  # of the hub, the network or the disk
            raise _unloadable(model, error) from error
    if not (folder / "modules.json").exists():
        raise ModelError(f"semantic_dedup.model: {clip(model)} has no modules.json; {_NAMED}")
    for path in sorted(folder.rglob("*.bin")):
        if not list(path.parent.glob("*.safetensors")):
            raise ModelError(
                f"semantic_dedup.model: {clip(path)} may hold code, and no safetensors file lies "
                "beside it: convert it, or take another model"
            )
    return folder


def _unloadable(model: str, error: Exception) -> ModelError:
    said = clip(str(error).strip().partition("\n")[0], 300)
    return ModelError(f"semantic_dedup.model: {clip(model)} cannot be loaded: {said}")


def _require() -> None:
    from importlib.util import find_spec

    if missing := [package for name, package in _NEEDED.items() if not find_spec(name)]:
        raise ModelError(
            f"{', '.join(missing)} not installed: semantic_dedup needs "
            "`pip install 'curate[semantic]'`"
        )


def embed(texts: Sequence[str], encode: Encoder, limit: int) -> Array:
    """Return a vector for each text: of length 1, of no length for an empty text.

    A text that is longer than the model reads is cut into pieces; its vector is their mean. Equal
    pieces are encoded once, from the shortest on, so that the order of the texts changes nothing.

    Args:
        texts: all of them.
        encode: of the model.
        limit: bytes of a piece.

    """
    pieces = [list(_pieces(text, limit)) for text in texts]
    distinct = sorted({piece for of in pieces for piece in of}, key=lambda p: (len(p), p))
    place = {piece: number for number, piece in enumerate(distinct)}
    rounds = [encode(distinct[at : at + _ROUND]) for at in range(0, len(distinct), _ROUND)]
    if not rounds:
        return np.zeros((len(texts), 1), np.float32)
    encoded = np.concatenate(rounds)
    vectors = np.zeros((len(texts), encoded.shape[1]), np.float32)
    for number, of in enumerate(pieces):
        if of:
            vectors[number] = encoded[[place[piece] for piece in of]].mean(axis=0)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1)


def _pieces(text: str, limit: int) -> Iterator[str]:
    """Yield the pieces of a text, cut at spaces where there are any."""
    text = text.strip()
    size = len(text.encode("utf-8", "replace"))
    characters = max(limit * len(text) // max(size, 1), 1)
    while len(text) > characters:
        cut = text.rfind(" ", characters // 2, characters + 1)
        cut = cut if cut > 0 else characters
        yield text[:cut]
        text = text[cut:].lstrip()
    if text:
        yield text
