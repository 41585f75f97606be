"""Words by which people name what a film shows."""

from __future__ import annotations

import re
from typing import Final

from covid_d.appearance import Appearance

# In lower case, every run of other characters as one space.
_APPEARANCES: Final = {
    "negative": Appearance.NEGATIVE,
    "negative for pneumonia": Appearance.NEGATIVE,
    "atypical": Appearance.ATYPICAL,
    "atypical appearance": Appearance.ATYPICAL,
    "indeterminate": Appearance.INDETERMINATE,
    "indeterminate appearance": Appearance.INDETERMINATE,
    "typical": Appearance.TYPICAL,
    "typical appearance": Appearance.TYPICAL,
}


def appearance_of(text: str) -> Appearance | None:
    """Return the appearance that a word names; ``None`` when it names none.

    Examples
    --------
    >>> appearance_of("Typical Appearance").value, appearance_of("normal")
    ('typical', None)
    """
    return _APPEARANCES.get(" ".join(re.findall(r"[a-z]+", text.lower())))
