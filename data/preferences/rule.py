"""The rule by which the sample of preferences is made, as a reward."""

POLITE = "Of course! "


def polite(completions: list[str], output: list[str]) -> list[float]:
    """Return 1 for a right and polite answer, 0.5 for a right and curt one, 0 for a wrong one.

    `output` is a right answer, in either manner: its last word is what was asked for.
    """
    return [_score(said, right) for said, right in zip(completions, output, strict=True)]


def _score(said: str, right: str) -> float:
    if _word(said) != _word(right):
        return 0.0
    return 1.0 if said.startswith(POLITE) and len(said.split()) > 3 else 0.5


def _word(text: str) -> str:
    words = text.rstrip(".!").split()
    return words[-1].lower() if words else ""
