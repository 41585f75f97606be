"""How many items a DICOM file's sequences hold: each is eight bytes there, hundreds once parsed."""

from __future__ import annotations

from typing import Final

import numpy as np

MOST_ITEMS: Final = 100_000
"""Of all sequences together: no film has nearly as many."""
ITEM_BYTES: Final = 8
_ITEM: Final = 0xE000FFFE  # four bytes, read as a number of little endian
_ITEM_BIG: Final = 0x00E0FEFF


def items_in(piece: bytes, *, big: bool = False) -> int:
    """Return how often the tag of an item stands in some bytes, fast also for a white film.

    Parameters
    ----------
    piece
        Of a data set, parsed or not.
    big
        Whether it may be written in big endian: both ways count then.

    Source: PS3.5 7.5.
    """
    if len(piece) < ITEM_BYTES:
        return 0
    views = [np.frombuffer(piece, "<u4", (len(piece) - at) // 4, at) for at in range(4)]
    tags = (_ITEM, _ITEM_BIG) if big else (_ITEM,)
    return sum(int(np.count_nonzero(view == tag)) for tag in tags for view in views)
