"""``covid-d collection export``, and the way back: data set, training, a bundle that answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from bundle_factory import make_bundle
from clinic_factory import add_case, add_unit, add_user, phantom_png
from covid_d.cli.main import cli
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.collection import review
from covid_d.clinic.collection.review import Decision
from covid_d.clinic.database.cases import FollowUp
from covid_d.clinic.database.operations import CollectionExport
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.dataset.build.build import build_dataset
from covid_d.dataset.build.options import BuildOptions
from covid_d.dataset.check.check import check_dataset
from covid_d.dataset.collections import open_collection
from covid_d.dataset.dataset import Dataset
from covid_d.detector import Detector, Outcome
from covid_d.errors import CovidDError
from covid_d.settings import settings
from episode_factory import add, follow_up


@pytest.fixture
def clinic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    """A clinic with a doctor and a researcher, and a phantom bundle that answers."""
    monkeypatch.setenv("COVID_D_DATA", str(tmp_path / "clinic"))
    monkeypatch.setenv("COVID_D_BUNDLE", str(make_bundle(tmp_path / "bundle")))
    settings.cache_clear()
    opened = Installation.open()
    add_unit(opened, "Hospital Uno")
    add_user(opened, "res", Role.RESEARCHER)
    yield opened
    opened.close()
    settings.cache_clear()


def _enter(clinic: Installation, count: int) -> Person:
    """Enter cases; every second one has opacities and a positive RT-PCR."""
    doctor = add_user(clinic, "doc", Role.DOCTOR, unit="Hospital Uno")
    for seed in range(count):
        case = add_case(clinic, doctor, films=[phantom_png(seed)], patient_code=f"P{seed}")
        value = "positive" if seed % 2 else "negative"
        add(clinic, FollowUp, follow_up(case, "rt_pcr", value, doctor.id))
    return doctor


def _look_at_all(clinic: Installation, person: Person, out: Path) -> None:
    """Have every film of the person's unit reviewed: the first export asks for it."""
    first = _export(out)
    assert "pending review" in str(first.exception)
    assert not out.exists()
    while True:
        with clinic.reading() as session:
            _, films = review.waiting(session, person)
        if not films:
            return
        for film in films:
            review.decide(clinic, person, Actor(person.id), film.film_id, Decision.CLEAR)


def _export(out: Path, *more: str, user: str = "res") -> Result:
    words = ["collection", "export", "--out", str(out), "--user", user, "--attribution", "H. Uno"]
    return CliRunner().invoke(cli, [*words, "--no-progress", *more])


def test_export(clinic: Installation, tmp_path: Path) -> None:
    doctor = _enter(clinic, 4)
    out = tmp_path / "export"
    _look_at_all(clinic, doctor, out)
    result = _export(out, "--license", "cc-by-4.0")
    assert result.exit_code == 0, result.output
    assert "4 patients, 4 cases, 4 films" in result.output
    assert len(list((out / "images").iterdir())) == 4
    assert "creativecommons.org/licenses/by/4.0" in (out / "LICENSE.txt").read_text()
    with clinic.reading() as session:
        row = session.scalars(select(CollectionExport)).one()
    assert row.sha256 in result.output


def test_an_export_is_whole_or_not_there(clinic: Installation, tmp_path: Path) -> None:
    out = tmp_path / "export"
    assert isinstance(_export(out).exception, CovidDError)  # nothing may leave yet
    assert not out.exists()
    _look_at_all(clinic, _enter(clinic, 2), out)
    assert _export(out).exit_code == 0
    (out / "left.txt").write_text("of an earlier export")
    assert "already exists" in str(_export(out).exception)
    assert _export(out, "--overwrite").exit_code == 0
    assert not (out / "left.txt").exists()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("user", ["doc", "nobody"])
def test_only_in_the_name_of_who_may(clinic: Installation, tmp_path: Path, user: str) -> None:
    _enter(clinic, 2)
    result = _export(tmp_path / "export", user=user)
    assert isinstance(result.exception, CovidDError)
    assert not (tmp_path / "export").exists()


@pytest.mark.train
def test_an_export_becomes_a_data_set_and_a_bundle(clinic: Installation, tmp_path: Path) -> None:
    from covid_d.training.machine import Machine
    from covid_d.training.recipes import DEFAULT
    from covid_d.training.run import train

    out = tmp_path / "export"
    _look_at_all(clinic, _enter(clinic, 48), out)
    result = _export(out)
    assert result.exit_code == 0, result.output

    options = BuildOptions(splits=(40, 40, 20))
    built = build_dataset([open_collection("cohen", out)], tmp_path / "dataset", options)
    assert built.record["exclusions"] == {}
    dataset = Dataset.open(built.folder)
    assert check_dataset(dataset, workers=1, progress=False).passed()
    tiny = DEFAULT.changed(
        name="tiny", backbone="test_resnet", pretrained=False, size=64, batch_size=8,
        frozen_epochs=1, epochs=2, lr_min=1e-3, lr_max=3e-3, lr_finder=False, probe=0.0,
        batchnorm="train",
    )  # fmt: skip
    train(dataset, tmp_path / "run", tiny, machine=Machine("cpu", threads=1), command="covid-d ...")

    detector = Detector.load(tmp_path / "run" / "bundle")
    # The gate of so small a set takes one drawn film or another for something else.
    answers = [detector.assess(phantom_png(seed)) for seed in range(1001, 1013)]
    assert any(each.outcome is not Outcome.REFUSED for each in answers), answers[0].refusal
    assert {each.bundle.sha256 for each in answers} == {detector.bundle.id.sha256}
