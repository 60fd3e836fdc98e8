"""Shortening a record until it fits."""

from collections.abc import Callable

from curate.records import Record

__all__ = ["shorten"]


def shorten(record: Record, fits: Callable[[Record], bool]) -> Record | None:
    """Return the record cut until it fits; None if it cannot.

    First the context is cut from its end, then the oldest exchanges of the history go, then the
    answer is cut from its end, down to one character; of a pair both answers, which keep the same
    prompt. The system prompt, the instruction and the
    tool turns after it stay whole: half a question has another answer.
    """
    for cut, most in (
        (_with_context, len(record.context)),
        (_with_history, _exchanges(record)),
        (_with_output, max(len(record.output), len(record.rejected or ""))),
    ):
        least = min(most, 1) if cut is _with_output else 0
        if not fits(cut(record, least)):
            record = cut(record, least)
            continue
        while least < most:
            middle = (least + most + 1) // 2
            if fits(cut(record, middle)):
                least = middle
            else:
                most = middle - 1
        return cut(record, least)
    return None


def _with_context(record: Record, size: int) -> Record:
    """Return the record with the first `size` characters of its context."""
    return record.with_fields(context=record.context[:size])


def _with_output(record: Record, size: int) -> Record:
    """Return the record with the first `size` characters of its answers."""
    rejected = None if record.rejected is None else record.rejected[:size]
    return record.with_fields(output=record.output[:size], rejected=rejected)


def _with_history(record: Record, count: int) -> Record:
    """Return the record with the newest `count` exchanges; an exchange begins with a user turn."""
    left = _exchanges(record) - count
    history = []
    for turn in record.history:
        if turn.get("follows_instruction"):
            history.append(turn)
            continue
        left -= turn.get("role") == "user"
        if left < 0:
            history.append(turn)
    return record.with_fields(history=history)


def _exchanges(record: Record) -> int:
    """Return the number of user turns before the instruction."""
    return sum(
        turn.get("role") == "user" and not turn.get("follows_instruction")
        for turn in record.history
    )
