"""Options that the commands which answer films share: the same words, limits and defaults."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from covid_d.cli.answering import ratios_of
from covid_d.cli.predict import predict
from covid_d.cli.screen import export, run
from covid_d.detector.likelihood import PUBLISHED, Ratios
from covid_d.errors import CovidDError
from covid_d.settings import settings

COUNTS = """study,group,negative,atypical,indeterminate,typical
ours,covid,30,5,9,140
ours,other,270,8,17,6
"""


@pytest.fixture(autouse=True)
def plain_settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("COVID_D_LIKELIHOOD", raising=False)
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "ours.csv"
    path.write_text(COUNTS)
    return path


def options(command: click.Command) -> dict[str, click.Option]:
    return {
        option.opts[0]: option
        for option in command.params
        if isinstance(option, click.Option) and option.opts
    }


@pytest.mark.parametrize("name", ["--bundle", "--prevalence", "--likelihood"])
def test_two_commands_ask_alike(name: str) -> None:
    ours, theirs = options(predict)[name], options(run)[name]
    assert ours.help == theirs.help
    assert ours.type.to_info_dict() == theirs.type.to_info_dict()
    assert (ours.required, ours.name) == (theirs.required, theirs.name)


def test_two_commands_write_alike() -> None:
    ours, theirs = options(predict)["--csv-dialect"], options(export)["--csv-dialect"]
    assert ours.type.to_info_dict() == theirs.type.to_info_dict()
    assert ours.default == theirs.default == "plain"


@pytest.mark.parametrize("prevalence", [None, 0.1])
def test_without_a_table_the_published_studies_count(prevalence: float | None) -> None:
    assert ratios_of(None, prevalence=prevalence) is PUBLISHED


def test_a_table_of_ones_own(table: Path) -> None:
    found = ratios_of(table, prevalence=0.1)
    assert isinstance(found, Ratios)
    (study,) = found.studies
    assert (*study.covid.parts, study.covid.typical) == (30, 5, 9, 140)
    assert found.name != PUBLISHED.name


def test_the_settings_table(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COVID_D_LIKELIHOOD", str(table))
    settings.cache_clear()
    assert ratios_of(None, prevalence=None).name == ratios_of(table, prevalence=0.1).name


def test_a_table_without_a_prevalence_says_nothing(table: Path) -> None:
    with pytest.raises(click.UsageError):
        ratios_of(table, prevalence=None)


def test_a_table_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CovidDError):
        ratios_of(tmp_path / "gone.csv", prevalence=0.1)
