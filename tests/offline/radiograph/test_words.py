"""Ages, dates, views and body parts: the page understands what Python does, and no more."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import on_node
from covid_d.radiograph.ages import age_on, parse_age, parse_date
from covid_d.radiograph.body_parts import may_be_chest
from covid_d.radiograph.film import Projection
from covid_d.radiograph.views import combined, view_of_code, view_of_words
from offline_films import facts

pytestmark = pytest.mark.slow  # wants Node

_SCRIPT = """
import { parseAge, parseDate, ageOn } from "@web/radiograph/ages.mjs";
import { mayBeChest } from "@web/radiograph/body_parts.mjs";
import { combined, viewOfCode, viewOfWords } from "@web/radiograph/views.mjs";

const understood = (parse) => (text, tables) => {
  try {
    return parse(text, tables);
  } catch (error) {
    if (error instanceof RangeError) return "not understood";
    throw error;
  }
};
const WAYS = {
  age: understood(parseAge),
  date: understood(parseDate),
  ageOn: ([day, born]) => ageOn(day, born),
  chest: mayBeChest,
  code: viewOfCode,
  words: viewOfWords,
  combined: (views) => combined(views),
};
export default ({ way, given, facts }) => given.map((one) => WAYS[way](one, facts.radiograph));
"""

WORDS = (
    *("", " ", "-", "N/A", "UNKNOWN", "desconocida", "No consta", "ANONYMIZED", "nan", "?"),
    *("045Y", "45", "5A", "012A", "5 AÑOS", "5 años", "1 año", "5 an\u0303os", "5 A?OS", "5 AÃ‘OS"),
    *("5 A\ufffdOS", "8 MESES", "1 mes", "6M", "006M", "3 days", "2 semanas", "90+", ">89", "<1"),
    *("menor de 5", "mayor de 80", "60-70", "60 a 70", "70-60", "5Y 6M", "5 años y 6 meses"),
    *("6M 5Y", "35,5", "35.5 years", "120", "121", "-5", "999", "045X", "4x", "4 5", "edad 45"),
    *("aprox. 50", "~50", "ca 50", "age: 40", "aged 33", "33 yo", "33 y/o", "44 years old"),
    *("44 años de edad", "niño", "NIÑA", "lactante", "recién nacido", "child", "adulto", "elderly"),
    *(
        "boy",
        "menor",
        "45Y\ufe0f",
        "４５",
        "٤٥",
        "45\u00a0Y",
        "45Y45Y",
        "1.5Y",
        "1,5 A",
        "18",
        "17.9",
    ),
    *("x" * 50, "45 " + "y" * 40, "dieciocho", "45 y 2", "hombre 45", "45Y/M", "0", "000Y", "00D"),
    *("12H", "30 horas", "<= 17", "<18", "under 19", "over 17", "≥ 65", "≤ 12", "18 o", "K5"),
)
DATES = (
    *("", "0", "00000000", "----", "20200101", "2020.01.01", "2020-01-01", "2020/01/01"),
    *("20200101T101010", "20200101 10", "2020", "202003", "20200230", "20201301", "20200100"),
    *("03/04/2010", "4-3-2010", "31/12/1999", "12.31.1999", "32/01/2000", "1/1/0000", "00/00/2000"),
    *("19000101", "18991231", "19010101", "1900", "99991231", "9999", "0001", "0000", "ayer"),
    *("20000229", "19000229", "29/02/2001", "29/02/2004", "2020-0101", "2020-01", "unknown", "NA"),
    *("٢٠٢٠٠١٠١", "2020 01 01", "20200101.", "1 2 2010", "2010-13", "200012", "2000-12-"),
)
PARTS = (
    *("", "CHEST", "TORAX", "TÓRAX", "CAJA TORÁCICA", "TORAX OSEO", "KNEE", "RODILLA", "T?RAX"),
    *("TÃ“RAX", "T\ufffdRAX", "thorax", "TX", "tx pa", "CXR", "RX TORAX", "COLUMNA DORSAL"),
    *("THORACIC SPINE", "RIBS", "CHEST RIB", "TORACOLUMBAR", "ESTERNON", "STERNUM", "UNKNOWN"),
    *("OTHER", "N/A", "PULMON", "LUNGS", "MEDIASTINUM", "ABDOMEN", "HAND", "PECHO", "POUMONS"),
    *(
        "PARRILLA COSTAL",
        "TORAX Y ABDOMEN",
        "AXTORAX",
        "XT?RAX",
        "ñT?RAX",
        "TORAX_OSEA",
        "BABYGRAM",
    ),
    *("CLAVICULA", "cervical", "SEO", "museo torax", "TRX", "TORX", "T. RAX", "TÒRAX", "胸部"),
)
VIEWS = (
    *("", "PA", "AP", "AP SUPINO", "LL", "RL", "LAT", "Perfil izq.", "LATERAL", "BILATERAL", "L"),
    *("R LAT", "RLAT", "LATDER", "PA/LAT", "PA AP", "DECUBITO DORSAL", "DECUBITO LATERAL", "OBL"),
    *("RAO", "LPO", "RLD", "LORDOTICA", "AXIAL", "postero-anterior", "ANTEROPOSTERIOR", "acostado"),
    *("SWIMMERS", "CROSS TABLE", "parrilla costal", "PÁ", "SITZEND", "erect", "SAGITTAL", "profil"),
    *("dorsoventral", "ventro dorsal", "SUP", "APICO", "PORTABLE AP", "p.a.", "XTL", "COSTILLAS"),
)


def _asked(folder: Path, way: str, given: Iterable[Any]) -> list[Any]:
    asked = {"way": way, "given": list(given), "facts": facts()}
    found: list[Any] = on_node.run(folder, _SCRIPT, asked)
    return found


def _understood(parse: Callable[[str], Any], text: str) -> Any:
    try:
        return parse(text)
    except ValueError:
        return "not understood"


def _mixed(words: tuple[str, ...], count: int) -> list[str]:
    """Return words put together, cut and mangled at random, the same each time."""
    chance = random.Random(11)
    letters = "AEYMDS 0159-<>+.,/?ñÑ\u0303áÓ~ﬀİßſK²"
    made = []
    for _ in range(count):
        text = chance.choice(words) + chance.choice((" ", "", "/", "-")) + chance.choice(words)
        at = chance.randrange(len(text) + 1)
        made.append(text[:at] + chance.choice(letters) + text[at + chance.randrange(3) :])
    return made


def test_ages(tmp_path: Path) -> None:
    texts = [*WORDS, *_mixed(WORDS, 1500)]
    ours = []
    for text in texts:
        age = _understood(parse_age, text)
        known = age is not None and age != "not understood"
        ours.append({"years": age.years, "child": age.child} if known else age)
    found = _asked(tmp_path, "age", texts)
    unlike = [(t, a, b) for t, a, b in zip(texts, ours, found, strict=True) if a != b]
    assert not unlike
    assert ours[WORDS.index("5 A?OS")] == {"years": 5.0, "child": True}
    assert ours.count("not understood") > 300
    assert sum(isinstance(age, dict) for age in ours) > 70


def test_dates(tmp_path: Path) -> None:
    texts = [*DATES, *_mixed(DATES, 800)]
    ours = []
    for text in texts:
        day = _understood(parse_date, text)
        known = day is not None and day != "not understood"
        ours.append([day.year, day.month, day.day] if known else day)
    found = _asked(tmp_path, "date", texts)
    unlike = [(t, a, b) for t, a, b in zip(texts, ours, found, strict=True) if a != b]
    assert not unlike
    assert ours[DATES.index("03/04/2010")] == [2010, 4, 3]
    assert sum(isinstance(day, list) for day in ours) > 40


def test_birthdays(tmp_path: Path) -> None:
    days = [[2000, 2, 29], [2018, 2, 28], [2018, 3, 1], [2001, 12, 31], [2002, 1, 1], [1999, 6, 15]]
    pairs = list(itertools.product(days, days))
    ours = [age_on(date(*day), date(*born)) for day, born in pairs]
    assert _asked(tmp_path, "ageOn", pairs) == ours
    assert ours[pairs.index(([2018, 2, 28], [2000, 2, 29]))] == 17


def test_body_parts(tmp_path: Path) -> None:
    texts = [*PARTS, *_mixed(PARTS, 800)]
    ours = [may_be_chest(text) for text in texts]
    found = _asked(tmp_path, "chest", texts)
    unlike = [(t, a, b) for t, a, b in zip(texts, ours, found, strict=True) if a != b]
    assert not unlike
    assert not ours[PARTS.index("TORAX OSEO")]
    assert 100 < sum(ours) < len(ours) - 100


def test_views(tmp_path: Path) -> None:
    texts = [*VIEWS, *_mixed(VIEWS, 800)]
    ours = [view_of_words(text) for text in texts]
    found = _asked(tmp_path, "words", texts)
    unlike = [(t, a, b) for t, a, b in zip(texts, ours, found, strict=True) if a != b]
    assert not unlike
    assert {view for view in ours if view} == set(Projection)


def test_codes_of_views(tmp_path: Path) -> None:
    codes = ["272479007", " r-40888 ", "399067008", "R-10206", "", "51185008", "constructor"]
    assert _asked(tmp_path, "code", codes) == [view_of_code(code) for code in codes]


def test_views_that_contradict_each_other(tmp_path: Path) -> None:
    every = [None, *(view.value for view in Projection)]
    given = [list(views) for count in range(4) for views in itertools.product(every, repeat=count)]
    ours = [
        combined(None if view is None else Projection(view) for view in views) for views in given
    ]
    assert _asked(tmp_path, "combined", given) == ours
