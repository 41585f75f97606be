"""What the tests of ``covid-d predict`` share: a small bundle, a folder of films, the command."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bundle_factory import make_bundle
from covid_d.cli.main import main
from covid_d.radiograph.phantom import draw_phantom
from covid_d.settings import settings

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bundle(tmp_path_factory.mktemp("predict") / "bundle")


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two films, one of them twice under one name, and a torn one."""
    folder = tmp_path_factory.mktemp("films")
    for name, seed in (("a.png", 1), ("b.png", 2), ("sub/A.png", 3)):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        draw_phantom(seed).to_image().save(path)
    (folder / "torn.png").write_bytes((folder / "a.png").read_bytes()[:3000])
    return folder


@pytest.fixture
def plain_settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("BUNDLE", "PUBLIC_KEY", "LIKELIHOOD", "LANGUAGE", "THREADS"):
        monkeypatch.delenv(f"COVID_D_{name}", raising=False)
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture
def run(bundle: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run ``covid-d predict`` in this process; give exit code, stdout and stderr."""

    def call(*arguments: object, named: Path | None = bundle) -> tuple[int, str, str]:
        words = ["predict", *map(str, arguments)]
        if named is not None:
            words += ["--bundle", str(named)]
        with pytest.raises(SystemExit) as caught:
            main(words)
        captured = capsys.readouterr()
        return int(caught.value.code or 0), captured.out, captured.err

    return call
