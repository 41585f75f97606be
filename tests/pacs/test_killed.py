"""Killed at any moment, 200 times: what was acknowledged is answered, and answered once."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from bundle_factory import AUDITED, make_appearance_bundle
from covid_d.pacs.queue import Queue
from films import part10
from killed_node import KilledNode, Station
from pacs_factory import Archive, hospital_film, wait_until

KILLS = 200
FILMS = 60
HERE = Path(__file__).parent

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="kills by POSIX signals"),
    pytest.mark.kill,
    pytest.mark.xdist_group("killed"),
]


@pytest.fixture
def archive() -> Iterator[Archive]:
    with Archive().running() as running:
        yield running


def test_nothing_acknowledged_is_lost_or_answered_twice(archive: Archive, tmp_path: Path) -> None:
    bundle = make_appearance_bundle(tmp_path / "bundle", verdict=AUDITED)
    node = KilledNode(archive, bundle, data=tmp_path / "node")
    films = [hospital_film(seed) for seed in range(1, FILMS + 1)]
    for film in films:
        part10(film)
    station = Station(node, films)
    chance = random.Random(5)
    queue = Queue.open(tmp_path / "node")
    try:
        node.start()
        station.start()
        for _ in range(KILLS):
            # From the first byte of a film to the last of its answer takes about so long here.
            time.sleep(chance.uniform(0.0, 0.25))
            node.kill()
            queue.retry()  # pauses grow with each fault; a test has less time than a hospital
            node.start()
        station.join(timeout=300)
        assert not station.is_alive(), "every film was acknowledged in the end"
        queue.retry()
        wait_until(lambda: queue.counts()["deliveries"] == {"sent": FILMS}, seconds=300)
    finally:
        station.ending.set()
        node.close()
        queue.close()
    acknowledged = [str(film.SOPInstanceUID) for film in station.acknowledged]
    assert sorted(acknowledged) == sorted(str(film.SOPInstanceUID) for film in films)
    kinds = Counter(made.Modality for made in archive.objects.values())
    assert kinds == {"SR": FILMS, "OT": FILMS}, "exactly one set of objects a film"
    referred = {
        str(item.ReferencedSOPInstanceUID)
        for report in archive.kept("SR")
        for study in report.CurrentRequestedProcedureEvidenceSequence
        for series in study.ReferencedSeriesSequence
        for item in series.ReferencedSOPSequence
    }
    assert referred == set(acknowledged)
    left = [path for path in (tmp_path / "node").rglob("*") if ".partial-" in path.name]
    assert len(left) <= KILLS, "remains of writing, never taken for a film"
