"""The record of a local table: signed whole, for one bundle, and unreadable once it is changed."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from covid_d.clinic.accounts.people import Person
from covid_d.clinic.calibration.compare import FIGURES, Comparison
from covid_d.clinic.calibration.record import (
    CalibrationRecord,
    is_sound,
    ratios_in_use,
    row_in_use,
    signature_of,
    signed_by,
)
from covid_d.clinic.clock import now
from covid_d.clinic.database.figures import LocalCalibration
from covid_d.clinic.installation import Installation
from covid_d.clinic.keys import Keys
from covid_d.clinic.roles import Role
from covid_d.evaluation.figures.estimate import Estimate
from federation_factory import keys_of

BUNDLE, OTHER = "ab" * 32, "cd" * 32
KEYS = keys_of("Uno")
# With COVID-19 the typical film is the commonest, without it the negative one.
COVID, OTHERS = (10.0, 10.0, 20.0, 60.0), (40.0, 30.0, 20.0, 10.0)
Add = Callable[..., int]


def _estimate(value: float, low: float = -1.0, high: float = 1.0) -> Estimate:
    return Estimate(value, low, high, 60, "normal")


def _record(bundle: str = BUNDLE, **changed: Any) -> CalibrationRecord:
    figures = {name: _estimate(0.1 * place) for place, name in enumerate(FIGURES)}
    tried = Comparison(figures, dict(figures), _estimate(0.03, 0.01, 0.05), 31, 29, 0.4)
    fields: dict[str, Any] = {
        "bundle_sha256": bundle, "covid": COVID, "other": OTHERS, "first": "2026-01-02",
        "last": "2026-06-30", "positives": 120, "negatives": 110, "tried": tried,
        "tried_first": "2026-07-01", "tried_last": "2026-09-30",
    }  # fmt: skip
    return CalibrationRecord(**fields | changed)


def _row(record: CalibrationRecord | None = None, keys: Keys = KEYS) -> LocalCalibration:
    kept = record or _record()
    stored = json.loads(json.dumps(kept.to_dict()))
    return LocalCalibration(
        bundle_sha256=kept.bundle_sha256, record=stored, signature=kept.signature(keys)
    )


class TestRecord:
    def test_it_comes_back_from_json_as_it_was(self) -> None:
        again = CalibrationRecord.from_dict(json.loads(json.dumps(_record().to_dict())))
        assert again == _record()
        assert again.name == _record().name
        assert again.signature(KEYS) == _record().signature(KEYS)

    def test_a_figure_that_is_not_defined_comes_back_so_and_signs_alike(self) -> None:
        tried = _record().tried
        figures = tried.before | {"calibration_slope": _estimate(math.nan, math.nan, math.nan)}
        record = _record(tried=Comparison(figures, tried.after, tried.gain, 31, 29, 0.4))
        kept = json.loads(json.dumps(record.to_dict(), allow_nan=False))
        again = CalibrationRecord.from_dict(kept)
        assert math.isnan(again.tried.before["calibration_slope"].value)
        assert again.to_dict() == kept
        assert again.signature(KEYS) == record.signature(KEYS)

    def test_its_name_tells_the_last_day_and_nothing_of_when_it_was_made(self) -> None:
        name = _record().name
        assert name.startswith("local 2026-06-30 ")
        assert len(name) == len("local 2026-06-30 ") + 12
        int(name.split()[-1], 16)
        assert _record().name == name

    @pytest.mark.parametrize(
        "changed",
        [
            {"covid": (10.0, 10.0, 20.0, 61.0)}, {"bundle_sha256": OTHER}, {"positives": 121},
            {"tried_last": "2026-10-01"}, {"first": "2026-01-03"},
        ],
    )  # fmt: skip
    def test_another_table_has_another_name(self, changed: dict[str, Any]) -> None:
        assert _record(**changed).name != _record().name

    def test_its_ratios_are_those_of_its_numbers(self) -> None:
        ratios = _record().ratios
        covid, other = ratios.pooled
        assert covid == pytest.approx([0.1, 0.1, 0.2, 0.6])
        assert other == pytest.approx([0.4, 0.3, 0.2, 0.1])
        # A film that is surely typical, among films of which a quarter is: 0.6 to 0.1.
        surely = np.array([[0.0, 0.0, 0.0, 1.0]])
        assert ratios.ratios(surely, (0.25,) * 4) == pytest.approx([6.0])


class TestSignature:
    def test_it_is_sound_as_it_was_signed(self) -> None:
        assert is_sound(_row(), KEYS)

    def test_another_installation_s_is_not(self) -> None:
        assert not is_sound(_row(keys=keys_of("Dos")), KEYS)

    def test_the_order_of_keys_does_not_count(self) -> None:
        row = _row()
        row.record = dict(reversed(row.record.items()))
        assert is_sound(row, KEYS)

    def _every_change(self) -> list[dict[str, Any]]:
        found = []
        for path in (
            ("format",), ("bundle",), ("covid", 3), ("other", 0), ("fitted", "last"),
            ("fitted", "positives"), ("tried", "positives"), ("tried", "prevalence"),
            ("tried", "gain", "low"), ("tried", "after", "brier", "value"),
        ):  # fmt: skip
            changed = copy.deepcopy(_record().to_dict())
            place: Any = changed
            for step in path[:-1]:
                place = place[step]
            value = place[path[-1]]
            place[path[-1]] = value + "0" if isinstance(value, str) else value + 1
            found.append(changed)
        return found

    def test_nothing_of_it_can_be_changed(self) -> None:
        signature = signature_of(_record().to_dict(), KEYS)
        assert signed_by(_record().to_dict(), signature, KEYS)
        for changed in self._every_change():
            assert not signed_by(changed, signature, KEYS), changed

    def test_nothing_can_be_added(self) -> None:
        row = _row()
        row.record = {**row.record, "note": ""}
        assert not is_sound(row, KEYS)

    @pytest.mark.parametrize("signature", ["", "0" * 64, "zz"])
    def test_what_is_no_signature_of_it(self, signature: str) -> None:
        assert not signed_by(_record().to_dict(), signature, KEYS)

    def test_moved_to_another_bundle_it_is_not_sound(self) -> None:
        row = _row()
        row.bundle_sha256 = OTHER
        assert not is_sound(row, KEYS)

    def test_a_record_without_its_bundle_is_not_sound(self) -> None:
        row = _row()
        row.record = {name: part for name, part in row.record.items() if name != "bundle"}
        row.signature = signature_of(row.record, KEYS)
        assert not is_sound(row, KEYS)


class TestInUse:
    @pytest.fixture
    def add(self, installation: Installation, people: dict[Role, Person]) -> Add:
        """Keep a signed row; ``ended`` is over, ``tampered`` was changed since."""

        def keep(bundle: str = BUNDLE, *, ended: bool = False, tampered: bool = False) -> int:
            row = _row(_record(bundle), installation.keys)
            row.created_at, row.created_by_id = now(), people[Role.ADMINISTRATOR].id
            row.ended_at = now() + timedelta(seconds=1) if ended else None
            if tampered:
                row.record = row.record | {"covid": [1.0, 1.0, 1.0, 997.0]}
            with installation.writing() as session:
                session.add(row)
                session.flush()
                return row.id

        return keep

    @staticmethod
    def _used(installation: Installation, bundle: str = BUNDLE) -> tuple[int | None, str | None]:
        with installation.reading() as session:
            row = row_in_use(session, bundle)
            ratios = ratios_in_use(session, installation.keys, bundle)
            return row.id if row else None, ratios.name if ratios else None

    def test_none_answers_before_one_is_on(self, installation: Installation) -> None:
        assert self._used(installation) == (None, None)

    def test_the_one_that_is_on_answers_for_its_bundle_alone(
        self, installation: Installation, add: Add
    ) -> None:
        number = add()
        assert self._used(installation) == (number, _record().name)
        assert self._used(installation, OTHER) == (None, None)

    def test_one_that_ended_does_not(self, installation: Installation, add: Add) -> None:
        add(ended=True)
        assert self._used(installation) == (None, None)
        number = add()
        add(ended=True)
        assert self._used(installation)[0] == number

    def test_of_two_that_are_on_the_later_one(self, installation: Installation, add: Add) -> None:
        add()
        number = add()
        assert self._used(installation)[0] == number

    def test_one_that_was_changed_is_found_and_does_not_answer(
        self, installation: Installation, add: Add
    ) -> None:
        number = add(tampered=True)
        assert self._used(installation) == (number, None)

    def test_an_older_sound_one_does_not_take_its_place(
        self, installation: Installation, add: Add
    ) -> None:
        add()
        number = add(tampered=True)
        assert self._used(installation) == (number, None), "closed, not an older answer"


def test_the_days_are_told_as_days() -> None:
    kept = CalibrationRecord.from_dict(json.loads(json.dumps(_record().to_dict())))
    assert kept.fitted_days == (date(2026, 1, 2), date(2026, 6, 30))
    assert kept.tried_days == (date(2026, 7, 1), date(2026, 9, 30))
