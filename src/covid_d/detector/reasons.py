"""Which of several reasons a refused film is refused with: the one that helps its user most.

A film put wrong often fails the first test it meets, and that test cannot say why: an inverted film
shows no two lungs, and two films side by side are merely too wide. So what is known of the whole
film is asked too. No refusal is ever taken back.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from covid_d.radiograph import Refusal, RefusalCode

# What the picture is, or how it lies.
_PUT_WRONG: Final = frozenset(
    {
        RefusalCode.INVERTED,
        RefusalCode.UPSIDE_DOWN,
        RefusalCode.SIDEWAYS,
        RefusalCode.LOOKS_LATERAL,
        RefusalCode.LOOKS_CT,
        RefusalCode.UNLIKE_CHEST,
    }
)
# What else the gate names.
_SPOILED: Final = frozenset(
    {
        RefusalCode.BLURRED,
        RefusalCode.CROPPED,
        RefusalCode.COLLAGE,
        RefusalCode.ANNOTATED,
        RefusalCode.LOOKS_CHILD,
    }
)
# For each vague reason, those that tell more.
BETTER: Final[dict[RefusalCode, frozenset[RefusalCode]]] = {
    RefusalCode.NO_LUNGS: _PUT_WRONG | _SPOILED,
    RefusalCode.PART_OF_CHEST: _PUT_WRONG | _SPOILED,
    RefusalCode.COLLAGE: _PUT_WRONG,
    RefusalCode.ASPECT: frozenset(
        {RefusalCode.COLLAGE, RefusalCode.CROPPED, RefusalCode.PART_OF_CHEST}
    ),
    RefusalCode.SEAM: frozenset({RefusalCode.COLLAGE}),
}


def is_vague(refusal: Refusal) -> bool:
    """Whether another reason could tell more than this one."""
    return refusal.code in BETTER


def most_telling(refusal: Refusal, others: Iterable[RefusalCode | None]) -> Refusal:
    """Return a refusal, or the first of the other reasons that tells more.

    Parameters
    ----------
    refusal
        Of the first test that the film failed.
    others
        What other tests say of the film, the best informed first; ``None`` is nothing.
    """
    better = BETTER.get(refusal.code, frozenset())
    return next((Refusal.of(code) for code in others if code in better), refusal)
