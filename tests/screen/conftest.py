"""What the tests of screening share: a small bundle, a small archive, a job of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bundle_factory import make_bundle
from covid_d.detector import Bundle
from covid_d.radiograph.phantom import draw_phantom
from covid_d.screen import ScreenJob, ScreenOptions
from covid_d.screen.listing import films_of
from covid_d.screen.screener import ScreenerOrder
from covid_d.settings import settings
from films import dicom, grey16

SALT = b"salt of the tests"
MakeJob = Callable[..., ScreenJob]


@pytest.fixture(autouse=True)
def plain_settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("BUNDLE", "PUBLIC_KEY", "LIKELIHOOD", "LANG", "LANGUAGE", "THREADS"):
        monkeypatch.delenv(f"COVID_D_{name}", raising=False)
    monkeypatch.setenv("COVID_D_SCREEN_SALT", SALT.decode())
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bundle(tmp_path_factory.mktemp("screen") / "bundle")


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two pictures, a DICOM film, a torn picture, and what is no film; never written to."""
    folder = tmp_path_factory.mktemp("screen") / "archive"
    for name, seed in (("2020/a.png", 1), ("2020/b.png", 2)):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        draw_phantom(seed, size=128).to_image().save(path)
    (folder / "torn.png").write_bytes((folder / "2020" / "a.png").read_bytes()[:3000])
    (folder / "film.dcm").write_bytes(
        dicom(
            grey16(bits=12, size=128),
            PatientID="17-4",
            PatientAge="061Y",
            StudyInstanceUID="1.2.3",
            SeriesInstanceUID="1.2.3.4",
            InstitutionName="Hospital del Sur",
            StudyDate="20200317",
        )
    )
    (folder / "notes.txt").write_text("no film")
    return folder


@pytest.fixture
def make_job(archive: Path, bundle: Path, tmp_path: Path) -> MakeJob:
    """Begin a job of the small archive whose films are listed; options as asked."""

    def make(films: Path = archive, **options: object) -> ScreenJob:
        asked = ScreenOptions(str(films), Bundle.load(bundle).id, **options)  # type: ignore[arg-type]
        job = ScreenJob.begin(tmp_path / "job", asked)
        job.write_list(films_of(str(films)))
        return job

    return make


@pytest.fixture
def order(bundle: Path, tmp_path: Path) -> ScreenerOrder:
    return ScreenerOrder(str(tmp_path / "job"), bundle=str(bundle), salt=SALT)
