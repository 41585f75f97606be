"""Every reason has its words, in both languages, with room for its detail."""

from __future__ import annotations

import pytest

from covid_d.errors import CovidDError
from covid_d.radiograph import RadiographError, Refusal, RefusalCode


@pytest.mark.parametrize("code", list(RefusalCode))
def test_every_code_has_words_in_both_languages(code: RefusalCode) -> None:
    refusal = Refusal.of(code, "DETAIL")
    for words in (refusal.message, refusal.next_step):
        assert words.es.endswith(".")
        assert words.en.endswith(".")
        assert words.es != words.en
        assert "{" not in words.es + words.en
    assert ("DETAIL" in refusal.message.es) == ("DETAIL" in refusal.message.en)


def test_codes_are_distinct_and_stable_words() -> None:
    values = [code.value for code in RefusalCode]
    assert len(set(values)) == len(values)
    assert all(value.replace("_", "").isalpha() and value.islower() for value in values)


def test_json_shape() -> None:
    shown = Refusal.of(RefusalCode.TOO_LARGE, "9000 x 9000").to_dict()
    assert shown["code"] == "too_large"
    assert set(shown["message"]) == {"es", "en"}
    assert "9000 x 9000" in shown["message"]["es"]
    assert shown["message"]["en"].endswith("(9000 x 9000).")
    assert set(shown["next_step"]) == {"es", "en"}
    assert shown["next_step"]["en"].endswith("256 MB.")


def test_braces_in_a_files_own_words_do_no_harm() -> None:
    assert "{0.__class__}" in Refusal.of(RefusalCode.NOT_CHEST, "{0.__class__}").message.en


def test_the_error_is_of_the_family_and_keeps_its_cause() -> None:
    error = RadiographError.of(RefusalCode.UNSUPPORTED, "GIF", cause="decoder says no")
    assert isinstance(error, CovidDError)
    assert "GIF" in str(error)
    assert "decoder says no" in str(error)
    assert "decoder" not in error.refusal.message.en
    assert error.next_step == error.refusal.next_step.en
