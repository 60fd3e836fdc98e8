"""Text to token ids, special tokens only where a template wrote them."""

import hashlib
import itertools
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from curate.errors import ModelError, TemplateError, clip
from curate.prompts.generation import Span
from curate.prompts.render import Segment
from curate.prompts.special import SpecialTokens
from curate.prompts.tokenizer import Tokenizer

__all__ = ["Tokens"]

_ANCHOR = "\n"
"""What stands in front of a text that is not the first, where a tokenizer treats a first one
otherwise (SentencePiece puts a blank there)."""


class Tokens:
    """A tokenizer as encoding needs it."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self.special = SpecialTokens.of(tokenizer)
        self.bos = self._begins_with()
        self.eos = self._ends_with()
        self._ready: dict[str, list[int]] = {}
        self._anchor = self._needed_anchor()

    def _begins_with(self) -> int | None:
        """Return the id that the tokenizer itself puts in front of a text, if any."""
        bos = self.tokenizer.bos_token_id
        return bos if bos is not None and bos in self.tokenizer.encode("")[:1] else None

    def _ends_with(self) -> int:
        if self.tokenizer.eos_token_id is None:
            raise ModelError(
                "the tokenizer has no eos_token, so an answer would never end. Use a model "
                "whose tokenizer_config.json names one"
            )
        return int(self.tokenizer.eos_token_id)

    def _needed_anchor(self) -> list[int]:
        """Return the ids of the anchor if texts joined from pieces would get blanks, else none."""
        piece = self._ids("x")
        if self.tokenizer.decode(piece + piece) == "xx":
            return []
        return self._ids(_ANCHOR)

    def digest(self) -> str:
        """Return 16 hexadecimal digits that identify what the tokenizer does to a text."""
        fast = getattr(self.tokenizer, "backend_tokenizer", None)
        if fast is not None:
            state = json.loads(fast.to_str())
            # What a caller asked for last, not what the tokenizer is.
            state.pop("truncation", None)
            state.pop("padding", None)
        else:
            state = [self.tokenizer.get_vocab(), self._options(), self._model()]
        whole = [type(self.tokenizer).__name__, state, sorted(self.special.strings),
                 self.special.names, self.bos, self.eos]  # fmt: skip
        text = json.dumps(whole, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def _options(self) -> dict[str, Any]:
        """Return how a tokenizer in Python was made; where its files lie is no part of it."""
        options = getattr(self.tokenizer, "init_kwargs", {})
        return {k: v for k, v in options.items() if k != "name_or_path" and not k.endswith("_file")}

    def _model(self) -> str | None:
        """Return the SHA-256 of the file that a tokenizer in Python reads, if there is one."""
        path = Path(str(getattr(self.tokenizer, "vocab_file", None) or ""))
        return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None

    def prepare(self, parts: Iterable[list[Segment]]) -> None:
        """Tokenise the segments of many records in one call, for `encode` to find.

        A part begins with the first segment of a record. Without a fast tokenizer, or with one
        whose class does more than its backend, nothing is prepared: `encode` does without.
        """
        backend = getattr(self.tokenizer, "backend_tokenizer", None)
        self._ready = {}
        front = _ANCHOR if self._anchor else ""
        texts = sorted({
            (front if at else "") + segment.text
            for segments in parts for at, segment in enumerate(segments) if segment.text
        })  # fmt: skip
        if backend is None or not texts:
            return
        # The ordinary way once: to compare with, and because it leaves the backend without
        # truncation, padding and whatever else a caller asked for last.
        alone = self._ids(texts[-1])
        found = [each.ids for each in backend.encode_batch_fast(texts, add_special_tokens=False)]
        if found[-1] == alone:
            self._ready = dict(zip(texts, found, strict=True))

    def encode(self, segment: Segment, *, first: bool) -> list[int]:
        """Return the ids of a segment, without BOS and EOS of the tokenizer's own.

        What the template wrote as a special token is one; what the record holds is text. A
        segment of which no special token could be mistaken goes through the tokenizer whole.
        `first` tells that no text stands before it.
        """
        if not segment.text:
            return []
        written = list(self.special.spans(segment.masked)) if segment.data else []
        if not segment.data or written == list(self.special.spans(segment.text)):
            return self._joined(segment.text, first=first)
        ids: list[int] = []
        for text, is_special in _pieces(segment.text, written):
            at_start = first and not ids
            ids += (self._joined if is_special else self._plain)(text, first=at_start)
        return ids

    def _plain(self, text: str, *, first: bool) -> list[int]:
        """Return the ids of a text in which nothing is a special token.

        Some tokenizers have their special tokens in the ordinary vocabulary as well and find
        them there; such a text is broken inside each of them.
        """
        cores = list(self.special.cores(text))
        strings = [text[start:end] for start, end in cores]
        # The unknown token stands for any text that the vocabulary lacks.
        known = {*self.tokenizer.convert_tokens_to_ids(strings)} - {self.tokenizer.unk_token_id}
        ids: list[int] = []
        for cuts in ([], [start + 1 for start, _ in cores]):
            ids = []
            for start, end in itertools.pairwise([0, *cuts, len(text)]):
                at_start = first and not ids
                ids += self._joined(text[start:end], first=at_start, split_special_tokens=True)
            if not known & {*ids}:
                return ids
        raise TemplateError(
            f"the tokenizer makes a special token of the plain text {clip(text)!r}. Remove it "
            "from the record"
        )

    def _joined(self, text: str, *, first: bool, split_special_tokens: bool = False) -> list[int]:
        """Return the ids of a text that continues another one, unless it is the first."""
        if first or not self._anchor:
            return self._ids(text, split_special_tokens)
        ids = self._ids(_ANCHOR + text, split_special_tokens)
        size = len(self._anchor)
        return ids[size:] if ids[:size] == self._anchor else self._ids(text, split_special_tokens)

    def _ids(self, text: str, split_special_tokens: bool = False) -> list[int]:
        if not split_special_tokens and text in self._ready:
            return list(self._ready[text])
        return list(
            self.tokenizer.encode(
                text, add_special_tokens=False, split_special_tokens=split_special_tokens
            )
        )


def _pieces(text: str, spans: list[Span]) -> Iterator[tuple[str, bool]]:
    """Yield the pieces of a text in order, each with whether it is one of the spans."""
    at = 0
    for start, end in spans:
        if at < start:
            yield text[at:start], False
        yield text[start:end], True
        at = end
    if at < len(text):
        yield text[at:], False
