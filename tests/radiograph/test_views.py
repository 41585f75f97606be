"""Views by word and by code; one that is not known is none, never a guess."""

from __future__ import annotations

import pytest
from pydicom.sr.codedict import codes

from covid_d.radiograph import Projection
from covid_d.radiograph.views import combined, view_of_code, view_of_words


@pytest.mark.parametrize(
    ("words", "view"),
    [
        ("PA", Projection.PA),
        ("P.A.", None),  # two letters apart name nothing
        ("Postero-Anterior", Projection.PA),
        ("posteroanterior", Projection.PA),
        ("AP", Projection.AP),
        ("AP PORTATIL", Projection.AP),
        ("anteroposterior", Projection.AP),
        ("AP SUPINE", Projection.AP_SUPINE),
        ("AP SUPINO", Projection.AP_SUPINE),
        ("AP decúbito supino", Projection.AP_SUPINE),
        ("SUP", Projection.AP_SUPINE),
        ("LL", Projection.LATERAL),
        ("PERFIL", Projection.LATERAL),
        ("LATERAL IZQ", Projection.LATERAL),
        ("L LAT", Projection.LATERAL),
        ("Lat. der.", Projection.LATERAL),
        ("PROFIL", Projection.LATERAL),
        ("LATIZQ", Projection.LATERAL),
        ("LATDER", Projection.LATERAL),
        ("RX TORAX LATIZDA", Projection.LATERAL),
        ("RTLAT", Projection.LATERAL),
        ("LTLAT", Projection.LATERAL),
        ("LAT-LAT", Projection.LATERAL),
        ("LATLAT", Projection.LATERAL),
        ("SEITLICH", Projection.LATERAL),
        ("SIDE VIEW", Projection.LATERAL),
        ("CROSS TABLE", Projection.LATERAL),
        ("XTL", Projection.LATERAL),
        ("BILATERAL AP", Projection.AP),
        ("SWIMMERS", Projection.OTHER),
        ("PARRILLA COSTAL", Projection.OTHER),
        ("COSTILLAS PA", Projection.OTHER),
        ("OBLICUA", Projection.OTHER),
        ("OAD", Projection.OTHER),
        ("RPO", Projection.OTHER),
        ("PA OBLIQUE", Projection.OTHER),
        ("LORDÓTICA", Projection.OTHER),
        ("DECUBITO LATERAL", Projection.OTHER),
        ("LATERAL DECUBITUS", Projection.OTHER),
        ("DECUBITUS", Projection.OTHER),
        ("FRENTE", None),
        ("PORTATIL", None),
        ("", None),
        ("XYZ", None),
    ],
)
def test_words(words: str, view: Projection | None) -> None:
    assert view_of_words(words) is view
    assert view_of_words(words.lower()) is view


def test_the_whole_context_group_is_known() -> None:
    frontal = {codes.CID4010.Frontal.value}
    names = [name for name in dir(codes.CID4010) if name[0].isupper()]
    group = {getattr(codes.CID4010, name).value for name in names}
    assert len(group) > 30
    tissue = {"119376003"}  # no view at all
    unknown = {code for code in group if view_of_code(code) is None}
    assert unknown == frontal | tissue


@pytest.mark.parametrize(
    ("retired", "view"),
    [
        ("R-10236", Projection.LATERAL),
        ("R-10232", Projection.LATERAL),
        ("R-40888", Projection.PA),
        ("R-10206", Projection.AP),
        ("R-10220", Projection.OTHER),
        ("R-10202", None),
    ],
)
def test_codes_of_before(retired: str, view: Projection | None) -> None:
    # The pairs are those of PS3.16 table D-1.
    assert view_of_code(retired) is view


def test_what_several_statements_come_to() -> None:
    assert combined([Projection.PA, Projection.LATERAL]) is Projection.LATERAL
    assert combined([Projection.AP, Projection.AP_SUPINE]) is Projection.AP_SUPINE
    assert combined([Projection.PA, Projection.AP]) is None
    assert combined([None, Projection.PA]) is Projection.PA
    assert combined([]) is None
