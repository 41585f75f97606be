"""The node between the programs that hospitals run: Orthanc, and the tools of dcmtk."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset, dcmread

import real_parts
from bundle_factory import AUDITED, make_appearance_bundle
from certificates import Authority
from covid_d.pacs.queue import Queue
from own_network import OwnNetwork, program
from pacs_factory import hospital_film, keep, wait_until

pytestmark = pytest.mark.slow

ORTHANC = "http://127.0.0.1:8042"
GUIDE = Path(__file__).parents[2] / "docs" / "es" / "clinic" / "pacs.md"
DICOMWEB = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")


@pytest.fixture(scope="module")
def network() -> Iterator[OwnNetwork]:
    with OwnNetwork.made() as made:
        yield made


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_appearance_bundle(tmp_path_factory.mktemp("peers") / "bundle", verdict=AUDITED)


class Hospital:
    """Orthanc and a node, side by side in a network of their own."""

    def __init__(self, network: OwnNetwork, folder: Path, bundle: Path) -> None:
        self.network, self.folder = network, folder
        self.env = {**os.environ, "COVID_D_BUNDLE": str(bundle)}
        self.data = folder / "node"
        self.queue = Queue.open(self.data)

    @contextmanager
    def orthanc(self, *, forward: bool = True) -> Iterator[None]:
        """Run Orthanc until the block ends; its films stay."""
        storage = self.folder / "orthanc"
        storage.mkdir(exist_ok=True)
        script = self.folder / "forward.lua"
        script.write_text(_told("lua"))
        config = self.folder / "orthanc.json"
        settings = {
            "StorageDirectory": str(storage),
            "IndexDirectory": str(storage),
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False,
            "HttpPort": 8042,
            "StableAge": 1,
            "OverwriteInstances": False,
            **json.loads(_told("json")),
            "LuaScripts": [str(script)] if forward else [],
            "Plugins": [str(DICOMWEB)] if DICOMWEB.exists() else [],
        }
        config.write_text(json.dumps(settings))
        log = self.folder / "orthanc.log"
        with self.network.running(program("Orthanc"), config, log=log):
            wait_until(lambda: self.network.fetch(f"{ORTHANC}/system") is not None)
            yield

    @contextmanager
    def node(self, *options: str) -> Iterator[Any]:
        """Run the node until the block ends."""
        command = [sys.executable, "-m", "covid_d", "pacs", "serve", "--data", self.data, *options]
        log = self.folder / "node.log"
        with self.network.running(*command, log=log, env=self.env) as process:
            wait_until(lambda: self.echo("COVID-D", 11112))
            yield process

    def echo(self, aet: str, port: int) -> bool:
        ran = self.network.run(
            program("echoscu"), "-aet", "ORTHANC", "-aec", aet, "127.0.0.1", port
        )
        return ran.returncode == 0

    def store(self, port: int, called: str, *films: Path, options: tuple[str, ...] = ()) -> int:
        """Send films by dcmtk's storescu."""
        words = (program("storescu"), "-aet", "ORTHANC", "-aec", called, *options)
        return self.network.run(*words, "127.0.0.1", port, *films).returncode

    def instances(self) -> dict[str, str]:
        """Modality of every object that Orthanc holds, by its UID."""
        found = self.network.fetch(f"{ORTHANC}/instances?expand") or []
        tags = [each["MainDicomTags"]["SOPInstanceUID"] for each in found]
        series = self.network.fetch(f"{ORTHANC}/series?expand") or []
        modality = {
            instance: each["MainDicomTags"]["Modality"]
            for each in series
            for instance in each["Instances"]
        }
        return {uid: modality[each["ID"]] for uid, each in zip(tags, found, strict=True)}

    def states(self) -> list[str]:
        films = reversed(self.queue.listed())
        return [d.state.value for film in films for d in self.queue.deliveries_of(film.id)]


@pytest.fixture
def hospital(network: OwnNetwork, tmp_path: Path, bundle: Path) -> Iterator[Hospital]:
    made = Hospital(network, tmp_path, bundle)
    yield made
    made.queue.close()


def _told(kind: str) -> str:
    """Return what the guide tells a hospital to write."""
    return GUIDE.read_text(encoding="utf-8").partition(f"```{kind}\n")[2].partition("```")[0]


def mixed_study() -> list[Dataset]:
    """A film, a lateral one, and what else lies in a study, all of one patient."""
    one = {"StudyInstanceUID": "1.2.826.0.1.3680043.8.498.77.1", "SeriesInstanceUID": "1.2.3.9"}
    ct, dose = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.88.67"
    lateral = {**one, "ViewPosition": "LL", "SeriesInstanceUID": "1.2.3.8"}
    return [
        hospital_film(1),
        hospital_film(2, **lateral),
        hospital_film(3, **one, SOPClassUID=ct, Modality="CT"),
        hospital_film(
            4, **{**one, "SeriesInstanceUID": "1.2.3.7"}, SOPClassUID=dose, Modality="SR"
        ),
    ]


class TestOrthanc:
    def test_a_forwarded_study_comes_back_answered_confirmed_and_only_once(
        self, hospital: Hospital, tmp_path: Path
    ) -> None:
        files = keep(tmp_path / "films", *mixed_study())
        with (
            hospital.orthanc(),
            hospital.node("--allow", "ORTHANC", "--send-to", "ORTHANC@127.0.0.1:4242"),
        ):
            assert hospital.store(4242, "ORTHANC", *files) == 0
            wait_until(lambda: hospital.states() == ["committed"] * 2, seconds=120)
            there = hospital.instances()
            # The film's report and picture, the lateral's report beside the four that were there.
            assert sorted(there.values()) == ["CR", "CR", "CT", "OT", "SR", "SR", "SR"]
            assert len(hospital.network.fetch(f"{ORTHANC}/studies")) == 1
            # Orthanc forwards the study again, our objects in it.
            wait_until(lambda: hospital.queue.counts()["let_go"].get("ours", 0) >= 3, seconds=120)
            wait_until(lambda: {f.copies for f in hospital.queue.listed()} != {1}, seconds=120)
            assert hospital.instances() == there
            assert len(hospital.queue.listed()) == 2

    def test_down_and_up_again(self, hospital: Hospital, tmp_path: Path) -> None:
        files = keep(tmp_path / "films", *(hospital_film(seed) for seed in (1, 2, 3)))
        with hospital.node("--allow", "ORTHANC", "--send-to", "ORTHANC@127.0.0.1:4242"):
            assert hospital.store(11112, "COVID-D", *files) == 0
            wait_until(lambda: hospital.states() == ["waiting"] * 3)
            wait_until(
                lambda: all(
                    d.attempts
                    for film in hospital.queue.listed()
                    for d in hospital.queue.deliveries_of(film.id)
                )
            )
            with hospital.orthanc(forward=False):
                hospital.queue.retry()
                wait_until(lambda: set(hospital.states()) == {"committed"}, seconds=120)
                assert sorted(hospital.instances().values()) == ["OT"] * 3 + ["SR"] * 3

    def test_stow(self, hospital: Hospital, tmp_path: Path) -> None:
        if not DICOMWEB.exists():
            real_parts.lacking("Orthanc's DICOMweb plugin is not installed")
        files = keep(tmp_path / "films", hospital_film(1), hospital_film(2, ViewPosition="LL"))
        address = f"{ORTHANC}/dicom-web/studies"
        with (
            hospital.orthanc(forward=False),
            hospital.node("--allow", "ORTHANC", "--stow", address),
        ):
            assert hospital.store(11112, "COVID-D", *files) == 0
            wait_until(lambda: hospital.states() == ["sent"] * 2)
            assert sorted(hospital.instances().values()) == ["OT", "SR", "SR"]

    def test_a_killed_node_loses_nothing(self, hospital: Hospital, tmp_path: Path) -> None:
        """Killed while films arrive and answers leave; what was acknowledged is answered once."""
        films = [hospital_film(seed) for seed in range(1, 13)]
        files = keep(tmp_path / "films", *films)
        serve = ("--allow", "ORTHANC", "--send-to", "ORTHANC@127.0.0.1:4242")
        acknowledged: set[str] = set()
        with hospital.orthanc(forward=False):
            for number in range(4):
                with hospital.node(*serve) as process:
                    for film, file in zip(films, files, strict=True):
                        if number and str(film.SOPInstanceUID) in acknowledged:
                            continue
                        if hospital.store(11112, "COVID-D", file) == 0:
                            acknowledged.add(str(film.SOPInstanceUID))
                        if len(acknowledged) >= 3 * (number + 1):
                            break
                    _kill(process)
            with hospital.node(*serve):
                hospital.queue.retry()
                wait_until(
                    lambda: hospital.states().count("committed") == len(acknowledged), seconds=180
                )
            kept = list(hospital.instances().values())
        assert len(acknowledged) == 12, "each is sent until it is acknowledged"
        assert (kept.count("SR"), kept.count("OT")) == (12, 12)


def _kill(process: Any) -> None:
    """Kill the program that nsenter became."""
    process.send_signal(signal.SIGKILL)
    process.wait()


class TestDcmtk:
    @contextmanager
    def archive(self, hospital: Hospital, *options: str) -> Iterator[Path]:
        """Run storescp until the block ends."""
        folder = hospital.folder / "storescp"
        folder.mkdir(exist_ok=True)
        command = (program("storescp"), "-aet", "DEST", "+xa", "-od", folder, *options, 11113)
        with hospital.network.running(*command, log=hospital.folder / "storescp.log"):
            yield folder

    def test_echo_store_and_be_answered(self, hospital: Hospital, tmp_path: Path) -> None:
        files = keep(tmp_path / "films", hospital_film())
        with (
            self.archive(hospital) as folder,
            hospital.node("--allow", "ORTHANC", "--send-to", "DEST@127.0.0.1:11113"),
        ):
            assert not hospital.echo("SOMEBODY", 11112)
            assert hospital.store(11112, "COVID-D", *files) == 0
            wait_until(lambda: hospital.states() == ["sent"])
            kept = [dcmread(path) for path in folder.iterdir()]
        assert sorted(each.Modality for each in kept) == ["OT", "SR"]

    def test_what_is_not_on_the_list_is_turned_away(
        self, hospital: Hospital, tmp_path: Path
    ) -> None:
        files = keep(tmp_path / "films", hospital_film())
        with hospital.node("--allow", "ORTHANC"):
            ran = hospital.network.run(
                program("storescu"),
                "-aet",
                "STRANGER",
                "-aec",
                "COVID-D",
                "127.0.0.1",
                11112,
                *files,
            )
            assert ran.returncode != 0
            assert "Calling AE Title Not Recognized" in ran.stdout + ran.stderr

    def test_tls(self, hospital: Hospital, tmp_path: Path) -> None:
        authority = Authority(tmp_path, "hospital")
        node, station = authority.issue("node"), authority.issue("station")
        files = keep(tmp_path / "films", hospital_film())
        options = (
            *("--allow", "ORTHANC", "--certificate", str(node.certificate)),
            *("--key", str(node.key), "--authorities", str(authority.file)),
        )
        tls = ("+tls", str(station.key), str(station.certificate), "+cf", str(authority.file))
        command = [
            *(sys.executable, "-m", "covid_d", "pacs", "serve", "--data", hospital.data),
            *options,
        ]
        log = hospital.folder / "node.log"
        with hospital.network.running(*command, log=log, env=hospital.env):
            wait_until(lambda: "COVID-D@127" in log.read_text())
            assert hospital.store(11112, "COVID-D", *files, options=tls) == 0
            assert hospital.store(11112, "COVID-D", *files) != 0
            wait_until(lambda: hospital.queue.counts()["films"] == {"assessed": 1})
