"""Views as stations and people name them: words, and the codes of the standard."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from covid_d.radiograph.film import Projection

_PA, _AP, _SUPINE = Projection.PA, Projection.AP, Projection.AP_SUPINE
_LATERAL, _OTHER = Projection.LATERAL, Projection.OTHER

# PS3.16 CID 4010, the whole group, in SNOMED CT and as it was coded before (SRT). Frontal without
# saying which says nothing here. Of what modifies a view (CID 4011) and of how a patient lies (CID
# 20), what makes another view of a frontal one.
_CODES: Final = {
    _PA: ("272479007", "R-40888"),
    _AP: ("399348003", "R-10206"),
    _SUPINE: ("40199007", "F-10340"),
    _LATERAL: (
        *("399067008", "R-102CD", "399173006", "R-10236", "399198007", "R-10232"),
        *("399352003", "R-10228", "399260004", "R-10224", "30730003", "G-A145"),
        "111069",  # cross table
    ),
    _OTHER: (
        *("399182000", "R-102C1", "399135007", "R-10220", "399356000", "R-40985"),
        *("399006002", "R-10212", "399038007", "R-10210", "399225005", "R-10250"),
        *("399059000", "R-10216", "399312000", "R-10208", "399061009", "R-10241"),
        *("399110001", "R-102C2", "399162004", "R-10242", "399196006", "R-10244"),
        *("399099002", "R-10230", "399368009", "R-10226", "260427002", "R-40783"),
        *("260426006", "R-40782", "399236003", "R-10234", "399184004", "R-10238"),
        *("399160007", "R-10204", "399004004", "R-10246", "399288005", "R-10248"),
        *("399132005", "R-10252", "399325008", "R-10254", "399255003", "R-10256"),
        *("399360002", "R-10257", "399242004", "R-102C6", "399272005", "R-102C5"),
        *("399351005", "R-102C7", "399316002", "R-102C8", "399335002", "R-102C4"),
        *("399071006", "R-102C3", "260499007", "R-40810"),
        *("272476000", "R-40885", "260450008", "R-40799", "32185000", "F-10318"),
        *("102536004", "F-10319", "102535000", "F-10317"),
    ),
}
_OF_CODE: Final = {code: view for view, codes in _CODES.items() for code in codes}

# The first that is found in a view's words tells it: what is neither frontal nor lateral, lateral,
# then frontal. Abbreviations of PS3.3 C.8.11.5.1.1 and what is in use beside them.
_WORDS: Final = (
    (
        _OTHER,
        r"\b(?:RLD|LLD|[RL][AP]O|[RL]LO|OAD|OAI|OPD|OPI)\b|OBL|LORDOT|APICO|TANGEN"
        r"|AXIAL|CAUDA[DL]|CEPHAL|CEFAL"
        r"|DECUB\w* (?:LAT|DER|IZQ)|LAT\w* DECUB|DECUB\w*$|SWIMMER"
        r"|PARRILLA|COSTILLA|COSTAL|\bRIBS?\b",
    ),
    (
        _LATERAL,
        r"\b(?:[RL] ?L|[RL]T? ?LAT|LAT|L|LI|LD|XTL)\b|\bLAT(?:LAT|IZ|DE|DC|DX|SX|SIN)"
        r"|(?<!BI)LATERAL|PERFIL|PROFIL|SAGIT|SEITL|\bSIDE\b|CROSS ?TABLE",
    ),
    (_SUPINE, r"SUPIN|ACOSTAD|DECUBITO DORSAL|\bSUP\b"),
    (_PA, r"\bPA\b|POSTERO ?ANT|DORSO ?VENTRAL"),
    (_AP, r"\bAP\b|ANTERO ?POST|VENTRO ?DORSAL"),
)


def view_of_code(code: str) -> Projection | None:
    """Return the projection that a code of PS3.16 CID 4010 names, whatever its scheme."""
    return _OF_CODE.get(code.strip().upper())


def view_of_words(words: str) -> Projection | None:
    """Return the projection that words name; ``None`` where they name none, or two frontal ones.

    Examples
    --------
    >>> view_of_words("Perfil izq.")
    <Projection.LATERAL: 'L'>
    >>> view_of_words("AP SUPINO")
    <Projection.AP_SUPINE: 'AP Supine'>
    """
    spread = unicodedata.normalize("NFKD", words.upper())
    letters = "".join(c if c.isascii() and c.isalpha() else " " for c in spread if c.isascii())
    plain = " ".join(letters.split())
    found = [view for view, pattern in _WORDS if re.search(pattern, plain)]
    return combined(found[:1] if found[:1] in ([_OTHER], [_LATERAL]) else found)


def combined(views: Iterable[Projection | None]) -> Projection | None:
    """Return what several statements about one film come to.

    A lateral stated anywhere is a lateral, since stations leave ``PA`` standing as a default.
    Frontal views that contradict each other say nothing on which.
    """
    stated = {view for view in views if view is not None}
    for view in (_LATERAL, _OTHER):
        if view in stated:
            return view
    if _PA in stated:
        return _PA if stated == {_PA} else None
    return _SUPINE if _SUPINE in stated else next(iter(stated), None)
