"""How numbers are written, and that no text is missing in either language."""

from __future__ import annotations

import math
import re
import string

import pytest

from covid_d.evaluation.figures.estimate import Estimate
from covid_d.evaluation.report import texts
from covid_d.language import Message


def _messages() -> list[tuple[str, Message]]:
    found: list[tuple[str, Message]] = []
    for name, value in vars(texts).items():
        if isinstance(value, Message):
            found.append((name, value))
        elif isinstance(value, dict):
            found += [(f"{name}.{k}", v) for k, v in value.items() if isinstance(v, Message)]
        elif isinstance(value, tuple):
            found += [(name, v) for v in value if isinstance(v, Message)]
    return found


def _fields(text: str) -> set[str]:
    return {field for _, field, _, _ in string.Formatter().parse(text) if field}


@pytest.mark.parametrize(("name", "message"), _messages())
def test_both_languages_say_the_same_values(name: str, message: Message) -> None:
    assert message.es.strip(), name
    assert message.en.strip(), name
    assert _fields(message.es) == _fields(message.en), name


@pytest.mark.parametrize(("name", "message"), _messages())
def test_nothing_is_called_validated_or_a_diagnosis(name: str, message: Message) -> None:
    assert not re.search(r"\bvalidad|\bvalidated|diagn[oó]s", f"{message.es} {message.en}", re.I)


@pytest.mark.parametrize(
    ("value", "es", "en"),
    [
        (0.5, "0,50", "0.50"),
        (-1.234, "−1,23", "−1.23"),
        (-0.001, "0,00", "0.00"),  # no "minus nought"
        (math.inf, "∞", "∞"),
        (math.nan, "–", "–"),
    ],
)
def test_number(value: float, es: str, en: str) -> None:
    assert texts.number(value, "es") == es
    assert texts.number(value, "en") == en


def test_percent_is_spaced_in_spanish_only() -> None:
    assert texts.percent(0.915, "es", 1) == "91,5 %"
    assert texts.percent(0.915, "en", 1) == "91.5%"


@pytest.mark.parametrize(
    ("figure", "estimate", "es", "en"),
    [
        ("auroc", Estimate(0.71, 0.6, 0.82, 99, "delong"), "0,71 (0,60–0,82)", "0.71 (0.60–0.82)"),
        ("sensitivity", Estimate(0.9, 0.8, 1.0, 9, "wilson"), "90 % (80–100)", "90% (80–100)"),
        ("ppv_at_2", Estimate(0.05, 0.02, 0.1, 9, "log"), "5,0 % (2,0–10,0)", "5.0% (2.0–10.0)"),
        (
            "calibration_intercept",
            Estimate(-0.2, -0.5, 0.1, 9, "bootstrap"),
            "−0,20 (−0,50 a 0,10)",
            "−0.20 (−0.50 to 0.10)",
        ),
        ("brier", Estimate(0.1234, 0.1, 0.2, 9, "x"), "0,123 (0,100–0,200)", "0.123 (0.100–0.200)"),
        (
            "likelihood_ratio_positive",
            Estimate(math.inf, 3.0, math.inf, 9, "log"),
            "∞ (3,00–∞)",
            "∞ (3.00–∞)",
        ),
        ("auroc", None, "n<10, no se informa", "n<10, not reported"),
        (
            "calibration_slope",
            Estimate(math.nan, math.nan, math.nan, 9, "bootstrap"),
            "no medible",
            "not measurable",
        ),
    ],
)
def test_shown(figure: str, estimate: Estimate | None, es: str, en: str) -> None:
    assert texts.shown(figure, estimate, "es") == es
    assert texts.shown(figure, estimate, "en") == en
