"""Why a record is not written."""

__all__ = ["LEFT_OUT", "UnheldError"]

LEFT_OUT = {
    "unreadable": "cannot be read",
    "not_text": "a field is not text",
    "odd_turn": "an earlier turn without a known role or without text",
    "tool_turns": "tool turns (sharegpt and messages hold them)",
    "system_prompt": "a system prompt (alpaca, sharegpt and messages hold it)",
    "earlier_turns": "earlier turns (alpaca, sharegpt and messages hold them)",
    "unpaired_turns": "earlier turns that are not question and answer in pairs (sharegpt and "
                      "messages hold them)",
    "pair": "a preference pair (preference holds it)",
    "no_pair": "no rejected answer",
    "odd_calls": "a tool call that is not JSON of a name and arguments (sharegpt holds it)",
    "other_order": "turns in an order that would be read back as another one",
}  # fmt: skip
"""Each reason for which a record is left out, in words."""


class UnheldError(ValueError):
    """A record that the target cannot hold.

    Attributes:
        reason: one of LEFT_OUT.
        detail: what was found.

    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail
