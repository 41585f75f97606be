"""A node that works for a clinic, killed at any moment: each film arrives and is answered once."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from arrival_factory import every_arrival
from bundle_factory import AUDITED, make_appearance_bundle
from clinic_factory import add_unit
from covid_d.clinic.arrivals import node_queue
from covid_d.clinic.installation import Installation
from covid_d.clinic.settings import ClinicSettings
from covid_d.pacs.queue import Queue
from covid_d.pacs.results.identity import fingerprint
from films import part10
from killed_node import KilledNode, Station
from pacs_factory import Archive, hospital_film, wait_until

KILLS = 12
FILMS = 24

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="kills by POSIX signals"),
    pytest.mark.kill,
    pytest.mark.xdist_group("killed"),
]


@pytest.fixture
def clinic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    bundle = make_appearance_bundle(tmp_path / "bundle", verdict=AUDITED)
    monkeypatch.setenv("COVID_D_BUNDLE", str(bundle))
    opened = Installation.open(ClinicSettings(data=tmp_path / "clinic"))
    add_unit(opened, "Hospital Uno")
    yield opened
    opened.close()


def test_each_acknowledged_film_arrives_once_and_is_answered_once(
    clinic: Installation, tmp_path: Path
) -> None:
    films = [
        hospital_film(seed, PatientID=f"HC-{seed}", PatientName=f"Paciente^{seed}")
        for seed in range(1, FILMS + 1)
    ]
    for film in films:
        part10(film)
    chance = random.Random(7)
    with Archive().running() as archive:
        node = KilledNode(archive, tmp_path / "bundle", clinic=clinic.folder)
        station = Station(node, films)
        try:
            node.start()
            station.start()
            for _ in range(KILLS):
                # From the first byte of a film to the last of its answer takes about so long.
                time.sleep(chance.uniform(0.0, 0.5))
                node.kill()
                node.start()
            station.join(timeout=300)
            assert not station.is_alive()
            queue = Queue.open(node_queue.node_folder(clinic))
            queue.retry()  # pauses grow with each fault
            wait_until(lambda: queue.counts()["deliveries"] == {"sent": FILMS}, seconds=300)
            queue.close()
        finally:
            station.ending.set()
            node.close()
        assert Counter(made.Modality for made in archive.objects.values()) == {
            "SR": FILMS,
            "OT": FILMS,
        }
    arrivals = every_arrival(clinic)
    assert sorted(row.fingerprint for row in arrivals) == sorted(
        map(fingerprint, station.acknowledged)
    )
    assert {row.state for row in arrivals} == {"waiting"}
    assert all(clinic.films.has(row.sha256) for row in arrivals)
    assert clinic.verify_trail().sound
