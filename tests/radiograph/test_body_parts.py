"""Which words may mean the chest."""

from __future__ import annotations

import pytest

from covid_d.radiograph.body_parts import CHEST_CODES, may_be_chest


@pytest.mark.parametrize(
    "words",
    [
        "CHEST",
        "Thorax",
        "TORAX",
        "Tórax",
        "TÓRAX",
        "TÃ\x93RAX",
        "TÓRAX",
        "CAJA TORACICA",
        "T\ufffdRAX",  # Latin-1 where UTF-8 was declared
        "T\ufffd\ufffdRAX PA",
        "TÃ“RAX",  # UTF-8 that was read as Windows-1252
        "T?RAX",
        "TXPA",
        "RXTX",
        "THORACIC",
        "TX",
        "TORAX PA",
        "Pecho",
        "PULMONES",
        "chest_ap",
        "",
        "UNKNOWN",
        "N/A",
    ],
)
def test_chest(words: str) -> None:
    assert may_be_chest(words)


@pytest.mark.parametrize(
    "words",
    [
        "TORAX OSEO",
        "Tórax óseo",
        "PARRILLA COSTAL",
        "REJA COSTAL",
        "THORACIC SPINE",
        "TSPINE",
        "COLUMNA TORACICA",
        "TORACOLUMBAR",
        "THORACOLUMBAR",
        "T\ufffdRAX \ufffdSEO",
        "TARSO",
        "RIBS CHEST",
        "ESTERNON",
        "KNEE",
        "ABDOMEN",
        "MANO",
        "TEXAS",
    ],
)
def test_other_parts(words: str) -> None:
    assert not may_be_chest(words)


def test_codes_are_those_of_the_standard() -> None:
    from pydicom.sr.codedict import codes

    for code in (codes.CID4031.Chest, codes.CID4031.NeckAndChest, codes.CID4.Lung):
        assert code.value in CHEST_CODES
    assert codes.CID4031.Rib.value not in CHEST_CODES
