"""Parts of a model card that a command writes: what lies between two markers."""

from __future__ import annotations

from covid_d.errors import EvaluationError
from covid_d.language import N_, Text


def with_part(card: str, begin: str, end: str, part: str, next_step: Text) -> str:
    """Return a model card with the text between two markers replaced; all else stays.

    Parameters
    ----------
    card
        Markdown.
    begin, end
        The markers, each on a line of its own.
    part
        What stands between them from now on.
    next_step
        What to do about a card without them.

    Raises
    ------
    EvaluationError
        If the card lacks the markers, in order and once.
    """
    if card.count(begin) != 1 or card.count(end) != 1 or card.index(begin) > card.index(end):
        raise EvaluationError(
            N_(
                "The bundle's model card lacks the markers %(begin)s and %(end)s.",
                begin=begin,
                end=end,
            ),
            next_step,
        )
    before, _, rest = card.partition(begin)
    return f"{before}{begin}\n{part}\n{end}{rest.partition(end)[2]}"
