"""Small counts kept from those who may not see cases, and from subtraction.

Parts of a known total: a part of 1 to 4 is hidden, and then the next smallest parts as well,
until what is hidden is at least two parts and adds up to five, so that the total does not give a
small one away. Zero is no patient and stays. This protects each breakdown on its own; whoever
combines many breakdowns over time may still narrow a count down.

Source: Hundepool et al. (2012), Statistical Disclosure Control, section 5.2 (minimum frequency
rule, secondary suppression).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

LEAST: Final = 5


def hidden_parts(parts: Sequence[int]) -> set[int]:
    """Return which parts of a total are to be hidden, by place."""
    hidden = {place for place, count in enumerate(parts) if 0 < count < LEAST}
    if not hidden:
        return hidden
    others = sorted(
        (place for place, count in enumerate(parts) if count >= LEAST), key=parts.__getitem__
    )
    while others and (len(hidden) < 2 or sum(parts[place] for place in hidden) < LEAST):
        hidden.add(others.pop(0))
    return hidden
