"""Files of clinics are checked, each month counts once, and what is hidden is left out whole."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from covid_d.clinic.federation.blocks import BINS
from covid_d.clinic.federation.merge import FederationError, Merged, Sent, merge, read
from covid_d.clinic.federation.signing import public_key, signed
from federation_factory import BUNDLE, OTHER, block, keys_of, sent


def _read(*files: dict[str, Any]) -> list[Sent]:
    return [read(content, "file.json") for content in files]


def _merged(*files: dict[str, Any]) -> Merged:
    return merge(_read(*files))


ONE = sent("Uno", [block((20, 6, 5), (7, 30, 8)), block((10, 0, 0), (0, 9, 0), month="2026-09")])
TWO = sent(
    "Dos", [block((8, 5, 0), (6, 40, 0), unit="Otra"), block((5, 5, 5), (5, 5, 5), bundle=OTHER)]
)


def test_sums() -> None:
    found = _merged(ONE, TWO)
    assert found.sums(BUNDLE).answers["positive"] == [38, 11, 5]
    assert found.sums(BUNDLE).answers["negative"] == [13, 79, 8]
    assert found.sums(BUNDLE).sensitivity == (38, 49)
    assert found.sums(BUNDLE).specificity == (79, 92)
    assert found.sums().total == 38 + 11 + 5 + 13 + 79 + 8 + 30
    by_clinic = found.by_clinic(BUNDLE)
    assert by_clinic["Uno"].sensitivity == (30, 36)
    assert by_clinic["Dos"].specificity == (40, 46)
    assert list(found.by_month(BUNDLE)) == ["2026-09", "2026-10"]
    assert found.by_month(BUNDLE)["2026-09"].answers["negative"] == [0, 9, 0]
    assert list(found.bundles) == [BUNDLE, OTHER], "the most used first"


def test_an_empty_federation_sums_to_nothing() -> None:
    found = _merged(sent("Uno", []))
    assert found.sums().total == 0
    assert found.by_clinic() == {}


def test_a_class_with_something_hidden_is_left_out_whole() -> None:
    found = _merged(
        sent(
            "Uno",
            [
                block((20, None, None), (7, 30, 8)),
                block((9, 6, 0), (None, None, 9), month="2026-09"),
            ],
        )
    ).sums()
    assert found.answers["positive"] == [9, 6, 0]
    assert found.answers["negative"] == [7, 30, 8]
    assert found.hidden == {"positive": 1, "negative": 1, "unknown": 0}


def test_tenths_and_means_are_added() -> None:
    tenths: list[int | None] = [0] * BINS
    stated = {"positive": [*tenths[:9], 30], "negative": [*tenths[:9], 10], "unknown": tenths}
    more: dict[str, Any] = {"stated": stated, "stated_mean": [*[None] * 9, 0.95]}
    first = block((30, 0, 0), (10, 0, 0), **more)
    second = block(
        (30, 0, 0), (10, 0, 0), month="2026-09", **{**more, "stated_mean": [*[None] * 9, 0.93]}
    )
    found = _merged(sent("Uno", [first, second])).sums()
    assert found.stated["positive"][9] == 60
    assert found.stated_sum[9] / found.stated_known[9] == pytest.approx(0.94)


def test_a_month_sent_again_counts_as_sent_last() -> None:
    later = sent("Uno", [block((21, 6, 5), (7, 30, 8))], made="2026-12-02T10:00:00+00:00")
    for files in ((ONE, later), (later, ONE)):
        found = _merged(*files)
        assert found.replaced == 1
        # October as sent later; September, which was not sent again, as before.
        assert found.sums().answers["positive"] == [31, 6, 5]
        assert len(found.sent) == 1


def test_two_clinics_of_one_name_are_told_apart() -> None:
    found = _merged(ONE, sent("Uno", [block((5, 5, 5), (5, 5, 5))], key="another"))
    assert len(found.by_clinic()) == 2
    assert all(label.startswith("Uno (") for label in found.by_clinic())


class TestTrust:
    KNOWN = {public_key(keys_of("Uno")): "Hospital Uno, Quito"}  # noqa: RUF012

    def test_known_clinics_are_called_as_the_list_does(self) -> None:
        found = merge(_read(ONE), self.KNOWN)
        assert list(found.by_clinic()) == ["Hospital Uno, Quito"]
        assert found.unknown == ()

    def test_others_are_refused(self) -> None:
        with pytest.raises(FederationError, match="Dos signed with a key"):
            merge(_read(ONE, TWO), self.KNOWN)

    def test_without_a_list_all_are_unknown(self) -> None:
        assert _merged(ONE, TWO).unknown == ("Dos", "Uno")

    def test_nothing_is_no_federation(self) -> None:
        with pytest.raises(FederationError, match="no exports"):
            merge([])


def _broken() -> dict[str, dict[str, Any]]:
    def changed(path: tuple[Any, ...], value: Any) -> dict[str, Any]:
        content = copy.deepcopy({k: v for k, v in ONE.items() if k not in ("key", "signature")})
        place: Any = content
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value
        return signed(content, keys_of("Uno"))  # so that the signature is not what is wrong

    first = ("blocks", 0)
    return {
        "another format": changed(("format",), "covid-d federation 2"),
        "a negative count": changed((*first, "answers", "positive", 0), -1),
        "a huge count": changed((*first, "answers", "positive", 0), 10**12),
        "a fraction": changed((*first, "answers", "positive", 0), 1.5),
        "a truth": changed((*first, "answers", "positive", 0), True),
        "no number": changed((*first, "unanswered"), "5"),
        "too few parts": changed((*first, "answers", "positive"), [1, 2]),
        "no such class": changed((*first, "cases", "perhaps"), 5),
        "a class missing": changed((*first, "scores"), {"positive": [0] * BINS}),
        "no month": changed((*first, "month"), "2026-13"),
        "something more": changed((*first, "patient"), "HC-1"),
        "no hash": changed((*first, "bundle"), "<script>"),
        "a long name": changed(("clinic",), "x" * 201),
        "a mean over one": changed((*first, "stated_mean", 0), 1.2),
    }


@pytest.mark.parametrize("what", _broken())
def test_what_is_no_export_is_refused_though_it_is_signed(what: str) -> None:
    with pytest.raises(FederationError, match="no export of a clinic"):
        read(_broken()[what], "odd.json")


def test_an_altered_file_is_refused() -> None:
    altered = copy.deepcopy(ONE)
    altered["blocks"][0]["answers"]["positive"][0] = 25
    with pytest.raises(FederationError, match=r"odd\.json was altered"):
        read(altered, "odd.json")
