"""Which licences allow redistribution of derivatives: the real wordings of the collections."""

from __future__ import annotations

import pytest

from covid_d.dataset.build.licenses import terms_of


@pytest.mark.parametrize(
    "text",
    [
        "CC BY 3.0",
        "CC BY 4.0",
        "CC BY",
        "CC BY-SA",
        "CC BY-NC-SA",
        "CC BY-NC-SA 4.0",
        "CC BY-NC 4.0",
        "Apache 2.0",
        "CC0",
        "CC0 1.0",
        "Public Domain",
        "MIT",
        "NIH CXR14: no restriction, cite (CC0 on Kaggle)",
    ],
)
def test_derivatives_may_be_shared(text: str) -> None:
    assert terms_of(text).derivatives


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "CC BY-NC-ND",
        "CC BY-NC-ND 4.0",
        "CC BY-ND 4.0",
        "listed as authorized for everyone",
        "RSNA 2018 challenge terms (non-commercial research/education) over NIH CXR14",
        "repo: CC BY 4.0 (aggregated from third parties)",
        "All rights reserved",
        "some licence",
        "permitted",
    ],
)
def test_derivatives_may_not_be_shared(text: str) -> None:
    assert not terms_of(text).derivatives
    assert not terms_of(text).commercial


@pytest.mark.parametrize(
    ("text", "commercial"),
    [
        ("CC BY-NC-SA", False),
        ("cc by-nc 4.0", False),
        ("CC-BY-SA 4.0", True),
        ("CC BY 4.0", True),
        ("Apache 2.0", True),
    ],
)
def test_commercial_use_is_told_apart(text: str, commercial: bool) -> None:
    assert terms_of(text).commercial is commercial


def test_the_terms_have_names() -> None:
    assert terms_of("CC BY-NC-ND 4.0").name == "CC BY-NC-ND"
    assert terms_of("").name == "none stated"
    assert terms_of("ask the author").name == "unclear"
