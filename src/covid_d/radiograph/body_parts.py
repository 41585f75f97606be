"""Body parts as stations name them: whether one may be the chest as a chest film shows it."""

from __future__ import annotations

import contextlib
import re
import unicodedata
from typing import Final

# A stem is found anywhere in the words, in the languages whose stations we expect.
_CHEST: Final = ("CHEST", "THORA", "TORAX", "TORAC", "PECHO", "LUNG", "PULMO", "POUMON", "MEDIAST")
_SHORT: Final = frozenset({"TX", "TXPA", "TXAP", "CXR", "RXT", "RXTX", "TRX", "TORX"})
# An accent that was lost between two character sets: T?RAX, T\ufffdRAX, TÃ“RAX.
_LOST: Final = re.compile(r"\bT[^A-Z0-9\s.,/-]{1,3}RA[XC]")
# Words that say chest but mean its bones or another way through it, which take another exposure.
_BONES: Final = (
    *("COLUMN", "VERTEB", "DORSAL", "RIB", "COSTIL", "COSTAL", "PARRILLA", "REJA"),
    *("STERN", "ESTERN", "OSEO", "OSEA", "SEO", "SEA", "BONE", "HUESO", "CLAVIC", "CERVIC"),
)
# Stems of the spine, within a word too: TORACOLUMBAR.
_SPINE: Final = ("SPIN", "LUMBAR")
_UNSTATED: Final = frozenset({"", "UNKNOWN", "OTHER", "NONE", "NA", "DEFAULT", "UNSPECIFIED"})

# Anatomic Region Sequence, PS3.16 CID 4 and 4031: chest, thorax, lung, mediastinum and regions
# that hold the chest; in SNOMED CT and as it was coded before (SRT).
CHEST_CODES: Final = frozenset(
    {
        "51185008",
        "816094009",
        "T-D3000",
        "43799004",
        "T-D3200",
        "39607008",
        "T-28000",
        "72410000",
        "T-D3300",
        "417437006",
        "R-FAB52",
        "416550000",
        "R-FAB55",
        "416152001",
        "R-FAB53",
        "416319003",
        "R-FAB54",
        "416775004",
        "R-FAB56",
    }
)


def may_be_chest(words: str) -> bool:
    """Return whether words may mean the chest; words that state nothing may.

    Examples
    --------
    >>> may_be_chest("CAJA TORÁCICA"), may_be_chest("TORAX OSEO"), may_be_chest("KNEE")
    (True, False, False)
    """
    plain = _plain(words)
    joined = plain.replace(" ", "")
    if joined in _UNSTATED:
        return True
    chest = any(stem in joined for stem in _CHEST) or not _SHORT.isdisjoint(plain.split())
    chest = chest or bool(_LOST.search(words.upper()))
    bones = any(stem in joined for stem in _SPINE)
    bones = bones or any(re.search(rf"\b{stem}", plain) for stem in _BONES)
    return chest and not bones


def _plain(words: str) -> str:
    # UTF-8 that was read as Latin-1: TÃ“RAX.
    if not words.isascii():
        with contextlib.suppress(UnicodeError):
            words = words.encode("latin-1").decode("utf-8")
    spread = unicodedata.normalize("NFKD", words.upper())
    kept = (
        c if c.isascii() and c.isalpha() else " " for c in spread if not unicodedata.combining(c)
    )
    return " ".join("".join(kept).split())
