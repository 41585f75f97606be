"""Tiers, what a run needs of the machine, and fixtures shared by every room's tests."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import real_parts
import tiers
from postgres_server import PostgresServer

# A property holds or not, however busy the machine is.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

_HERE = Path(__file__).parent
_REAL_DATA = _HERE.parents[1] / "shared" / "data"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let tests of SQL run on either database, and a run insist on every real part."""
    parser.addoption(
        "--database",
        choices=["sqlite", "postgresql"],
        default="sqlite",
        help="Database of tests in which SQL decides; postgresql starts a real server.",
    )
    parser.addoption(
        "--require-real-parts",
        action="store_true",
        help="Fail, rather than skip, where a browser or a database is missing; so does CI=true.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Note what this run insists on; help and errors are English where a test says nothing."""
    os.environ["LANGUAGE"] = "en"  # what stands first in the locale; programs started here too
    real_parts.require(config)
    # pytest 9.1 knows a folder's fixtures no more where it comes back to it after another folder.
    config.args.sort()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out files whose packages are absent, in a run that leaves their tier out anyway."""
    if not (collection_path.suffix == ".py" and collection_path.name.startswith("test_")):
        return None
    tier = tiers.tier_of(collection_path)
    if tier is None or tiers.is_installed(tier):
        return None
    return True if tiers.is_left_out(tier, config.getoption("markexpr")) else None


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark a test with the tier that its file and its fixtures put it in, and with its group."""
    found = {tiers.tier_of(item.path)}
    asked = set(getattr(item, "fixturenames", ()))
    found |= {tier for tier, names in tiers.FIXTURES.items() if names & asked}
    found |= {tiers.ALSO.get(mark.name) for mark in item.iter_markers()}
    for tier in sorted(tier for tier in found if tier):
        item.add_marker(tier)
    # A machine that stood still for a moment is no fault; the run names whoever needed the second.
    if item.config.pluginmanager.hasplugin("rerunfailures") and tiers.waits(item.path):
        item.add_marker(pytest.mark.flaky(reruns=1))
    if item.get_closest_marker("xdist_group") is None and _shares(item):
        item.add_marker(pytest.mark.xdist_group(item.path.relative_to(_HERE).as_posix()))


def _shares(item: pytest.Item) -> bool:
    """Return whether a test asks for what is made once a file: one process runs them all then."""
    asked = getattr(item, "_fixtureinfo", None)
    found = asked.name2fixturedefs.values() if asked else ()
    return any(fixtures[-1].scope in ("module", "class") for fixtures in found)


def pytest_collection_finish() -> None:
    """Spare the collector what every run keeps to its end: packages and ten thousand tests."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show why a test needed its second try: it may be the product's fault all the same."""
    for report in terminalreporter.stats.get("rerun", []):
        terminalreporter.section(f"first try of {report.nodeid}", sep="_")
        terminalreporter.write_line(report.longreprtext)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what belongs to the other database."""
    chosen = config.getoption("--database")
    other = [
        item for item in items if any(m.args != (chosen,) for m in item.iter_markers("only_on"))
    ]
    if other:
        config.hook.pytest_deselected(items=other)
        items[:] = [item for item in items if item not in other]


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder with the real films beside the project; skips the test when it is absent."""
    if not (_REAL_DATA / "README.md").is_file():
        pytest.skip("real films (../shared/data) are not beside this project")
    return _REAL_DATA


@pytest.fixture(scope="session")
def hostile_files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """More than 200 broken or hostile files, named like films; see ``tests/hostile.py``."""
    from hostile import make_hostile_files

    return make_hostile_files(tmp_path_factory.mktemp("hostile"))


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest) -> Iterator[PostgresServer | None]:
    """A real PostgreSQL when ``--database postgresql`` asks for it."""
    if request.config.getoption("--database") != "postgresql":
        yield None
        return
    with PostgresServer.running() as server:
        yield server
