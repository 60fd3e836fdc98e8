"""The text of an answer as its tokens come."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers.generation.streamers import BaseStreamer

__all__ = ["make_streamer"]


def make_streamer(tokenizer: Any, give: Callable[[str], None]) -> "BaseStreamer":  # noqa: ANN401
    """Return a streamer that gives text as soon as it is sure.

    What it gives is, together, the decoded answer without blanks at its ends. A character that is
    not whole yet, and blanks that may be the last, are held back.
    """
    from transformers.generation.streamers import BaseStreamer

    class Streamer(BaseStreamer):  # type: ignore[misc]
        def __init__(self) -> None:
            self._ids: list[int] | None = None
            self._given = 0

        def put(self, value: Any) -> None:  # noqa: ANN401
            if self._ids is None:  # the prompt
                self._ids = []
                return
            self._ids += value.flatten().tolist()
            self._give(self._text().rstrip("\ufffd"))

        def end(self) -> None:
            self._give(self._text())
            self._ids, self._given = None, 0

        def _text(self) -> str:
            return str(tokenizer.decode(self._ids or [], skip_special_tokens=True)).lstrip()

        def _give(self, text: str) -> None:
            new = text.rstrip()[self._given :]
            if new:
                self._given += len(new)
                give(new)

    return Streamer()
