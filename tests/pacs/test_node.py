"""The node as other nodes meet it, over real sockets: what comes in, what goes back, and when."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset
from pydicom.uid import UID

from covid_d.detector import Detector
from covid_d.errors import CovidDError
from covid_d.pacs import receive
from covid_d.pacs.deliver import UNCONFIRMED_S
from covid_d.pacs.node import Node
from covid_d.pacs.peer import Peer
from covid_d.pacs.queue import LONGEST_PAUSE_S, MOST_LOST
from covid_d.pacs.send import CallOptions, Rejected, Transient, echo
from covid_d.pacs.settings import PacsSettings
from covid_d.pacs.tables import DeliveryState, FilmState
from covid_d.radiograph.readers import walk
from films import jpeg_dicom, part10
from pacs_factory import Archive, confirm, hospital_film, send, send_at_once, wait_until
from ports import own_port


def states(node: Node) -> list[str]:
    """States of all deliveries, the oldest film's first."""
    return [
        each.state.value
        for film in reversed(node.queue.listed())
        for each in node.queue.deliveries_of(film.id)
    ]


def to(archive: Archive) -> dict[str, Any]:
    return {"send_to": (f"ARCHIVE@127.0.0.1:{archive.port}",)}


class TestAFilm:
    def test_comes_back_as_report_and_picture_in_its_own_study(self, start_node: Any) -> None:
        with Archive().running() as archive:
            node = start_node(**to(archive), prevalence=0.1)
            assert send(node.port, hospital_film()) == [0x0000]
            wait_until(lambda: states(node) == ["sent"])
        (report,), (picture,) = archive.kept("SR"), archive.kept("OT")
        for made in (report, picture):
            assert made.StudyInstanceUID == hospital_film().StudyInstanceUID
            assert made.PatientID == hospital_film().PatientID
        assert report.PreliminaryFlag == "PRELIMINARY"
        (film,) = node.queue.listed()
        assert film.outcome in {"positive", "negative", "inconclusive"}

    def test_the_answer_is_the_one_that_predict_gives(
        self, start_node: Any, detector: Detector
    ) -> None:
        import json

        node = start_node()
        content = part10(hospital_film())
        send(node.port, content)
        wait_until(lambda: node.queue.listed()[0].state is FilmState.ASSESSED)
        kept = json.loads(node.queue.listed()[0].assessment)
        told = detector.assess(content, name=kept["path"]).to_dict()
        assert kept == told

    def test_a_lateral_film_gets_its_reason_and_no_number(self, start_node: Any) -> None:
        with Archive().running() as archive:
            node = start_node(**to(archive))
            send(node.port, hospital_film(ViewPosition="LL"))
            wait_until(lambda: states(node) == ["sent"])
        (report,) = archive.kept("SR")
        assert archive.kept("OT") == []
        assert "NUM" not in {item.ValueType for item in _items(report)}
        assert node.queue.listed()[0].outcome == "refused"

    def test_sent_three_times_it_is_answered_once(self, start_node: Any) -> None:
        with Archive().running() as archive:
            node = start_node(**to(archive))
            for _ in range(3):
                assert send(node.port, hospital_film()) == [0x0000]
            wait_until(lambda: states(node) == ["sent"])
        assert len(archive.arrivals) == 2
        assert node.queue.listed()[0].copies == 3

    def test_filed_under_another_patient_it_is_another(self, start_node: Any) -> None:
        with Archive().running() as archive:
            node = start_node(**to(archive))
            send(node.port, hospital_film(), hospital_film(PatientID="HCAM-1"))
            wait_until(lambda: states(node) == ["sent", "sent"])
        assert {report.PatientID for report in archive.kept("SR")} == {"HCAM-778", "HCAM-1"}
        assert len(set(archive.arrivals)) == 4

    def test_any_coding_is_kept_as_it_was_received(self, start_node: Any) -> None:
        from io import BytesIO

        from pydicom import dcmread

        node = start_node()
        packed = dcmread(BytesIO(jpeg_dicom(_grey())))
        for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "BodyPartExamined"):
            setattr(packed, keyword, hospital_film()[keyword].value)
        assert send(node.port, packed) == [0x0000]
        (film,) = node.queue.listed()
        kept = dcmread(BytesIO(node.store.film(film.file)))
        assert kept.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.4.50"
        assert kept.PixelData == packed.PixelData

    def test_nobody_else_on_the_machine_can_read_it(self, start_node: Any) -> None:
        node = start_node()
        send(node.port, hospital_film())
        wait_until(lambda: node.queue.listed()[0].state is FilmState.ASSESSED)
        assert node.folder.stat().st_mode & 0o077 == 0
        for file in node.folder.rglob("*.dcm"):
            assert file.stat().st_mode & 0o077 == 0


class TestAForwardedStudy:
    def test_goes_through_whatever_is_in_it(self, start_node: Any) -> None:
        node = start_node()
        study = [
            hospital_film(SOPClassUID="1.2.840.10008.5.1.4.1.1.2", Modality="CT"),
            hospital_film(2, SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11", Modality="SR"),
            hospital_film(3, SOPClassUID="1.3.6.1.4.1.99999.1.2", Modality="CR"),  # private
            hospital_film(4, BodyPartExamined="KNEE"),
            hospital_film(5),
        ]
        assert send(node.port, *study) == [0x0000] * 5
        assert len(node.queue.listed()) == 1
        assert node.queue.counts()["let_go"] == {"other-class": 3, "other-body-part": 1}

    def test_our_own_objects_coming_back_make_no_new_ones(self, start_node: Any) -> None:
        with Archive().running() as archive:
            node = start_node(**to(archive))
            send(node.port, hospital_film())
            wait_until(lambda: states(node) == ["sent"])
            back = list(archive.objects.values())
            for _ in range(3):
                assert send(node.port, hospital_film(), *back) == [0x0000] * 3
            wait_until(lambda: states(node) == ["sent"])
        assert len(archive.arrivals) == 2
        assert node.queue.counts()["let_go"] == {"ours": 6}


class TestWhoMaySend:
    def test_only_titles_on_the_list(self, start_node: Any) -> None:
        node = start_node(allow=("CT1",))
        assert send(node.port, hospital_film(), aet="CT1") == [0x0000]
        assert send(node.port, hospital_film(2), aet="CT2") == [None]
        assert len(node.queue.listed()) == 1

    def test_only_from_the_address_on_the_list(self, start_node: Any) -> None:
        node = start_node(allow=("CT1@10.9.9.9",))
        assert send(node.port, hospital_film(), aet="CT1") == [receive.NOT_AUTHORIZED]
        assert node.queue.listed() == []

    def test_only_who_calls_it_by_its_name(self, start_node: Any) -> None:
        node = start_node(aet="RAYOS")
        assert send(node.port, hospital_film(), called="COVID-D") == [None]
        assert send(node.port, hospital_film(), called="RAYOS") == [0x0000]

    def test_it_does_not_listen_to_everybody(self, tmp_path: Path, detector: Detector) -> None:
        with pytest.raises(CovidDError, match="anybody") as raised:
            Node(PacsSettings(data=tmp_path, host="0.0.0.0"), detector)
        assert "--allow" in raised.value.next_step


class TestWhatIsNotTaken:
    def test_what_cannot_be_parsed(self, start_node: Any) -> None:
        node = start_node()
        torn = part10(hospital_film())[:-20_000]
        status = node._receiver.take(torn, "X", sop_class="1", sop_instance="1")
        assert status in {receive.CANNOT_UNDERSTAND, receive.DOES_NOT_MATCH}
        garbage = bytes(128) + b"DICM" + b"\xff" * 300
        refused = node._receiver.take(garbage, "X", sop_class="1", sop_instance="1")
        assert refused in {receive.CANNOT_UNDERSTAND, receive.DOES_NOT_MATCH}
        assert node.queue.listed() == []

    def test_what_is_something_else_than_it_says(self, start_node: Any) -> None:
        node = start_node()
        film = hospital_film()
        told = {"sop_class": str(film.SOPClassUID), "sop_instance": "1.2.3"}
        assert node._receiver.take(part10(film), "X", **told) == receive.DOES_NOT_MATCH

    def test_what_is_too_large(self, start_node: Any) -> None:
        node = start_node(max_film_mb=1)
        large = hospital_film()
        large.add_new(0x00091001, "OB", bytes(1_200_000))
        assert send(node.port, large) == [receive.TOO_LARGE]
        assert send(node.port, hospital_film()) == [0x0000]

    def test_names_that_no_column_holds_are_cut_and_not_sent_again_for_ever(
        self, start_node: Any
    ) -> None:
        node = start_node()
        film = hospital_film()
        film.SOPInstanceUID = film.StudyInstanceUID = "1." + "2" * 200
        content = part10(film)
        named = {"sop_class": str(film.SOPClassUID), "sop_instance": str(film.SOPInstanceUID)}
        assert node._receiver.take(content, "X", **named) == receive.SUCCESS
        (kept,) = node.queue.listed()
        assert (len(kept.sop_instance), len(kept.study)) == (64, 64)
        assert receive._storable("1.2\x00.3\n") == "1.2.3"

    def test_a_film_without_a_study_is_set_aside_with_its_reason(self, start_node: Any) -> None:
        node = start_node()
        bare = hospital_film()
        del bare.StudyInstanceUID
        assert send(node.port, bare) == [0x0000]
        wait_until(lambda: node.queue.listed()[0].state is FilmState.FAILED)
        reason = node.queue.listed()[0].reason
        assert "StudyInstanceUID" in reason.en
        assert "ningún PACS" in reason.es

    def test_a_disk_that_cannot_be_written_is_told_and_recovered_from(
        self, start_node: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from covid_d import files
        from covid_d.pacs import store

        node = start_node()
        whole = files.write_atomically

        def full(*_: Any, **__: Any) -> None:
            raise CovidDError("Cannot write: No space left on device.")

        monkeypatch.setattr(store, "write_atomically", full)
        assert send(node.port, hospital_film()) == [receive.OUT_OF_RESOURCES]
        assert node.queue.listed() == []
        monkeypatch.setattr(store, "write_atomically", whole)
        assert send(node.port, hospital_film()) == [0x0000]


class TestTheOtherSide:
    def test_down_and_up_again(self, start_node: Any) -> None:
        port = own_port()
        node = start_node(send_to=(f"ARCHIVE@127.0.0.1:{port}",), timeout_s=2)
        send(node.port, hospital_film())
        wait_until(lambda: node.queue.listed()[0].state is FilmState.ASSESSED)
        wait_until(lambda: _delivery(node).attempts >= 1)
        assert _delivery(node).state is DeliveryState.WAITING
        assert "cannot be reached" in _delivery(node).reason.en
        with Archive().running(port=port) as archive:
            node.queue.retry()
            wait_until(lambda: states(node) == ["sent"])
        assert len(archive.objects) == 2

    def test_full_waits_and_refused_fails(self, start_node: Any) -> None:
        for status, expected in ((0xA700, "waiting"), (0xA900, "failed"), (0x0122, "failed")):
            archive = Archive()
            archive.status = status
            with archive.running():
                node = start_node(**to(archive), data=_folder(status))
                send(node.port, hospital_film())
                wait_until(partial(_tried, node))
                assert states(node) == [expected]
                assert f"0x{status:04X}" in _delivery(node).reason.en

    def test_a_title_that_it_does_not_know_fails_and_never_loops(self, start_node: Any) -> None:
        with Archive().running(only_from=["SOMEBODY"]) as archive:
            node = start_node(**to(archive))
            send(node.port, hospital_film())
            wait_until(lambda: states(node) == ["failed"])
            attempts = _delivery(node).attempts
            send(node.port, hospital_film(2))
            wait_until(lambda: states(node) == ["failed", "failed"])
        assert attempts == 1
        assert "Calling AE title not recognised" in _delivery(node).reason.en

    def test_each_of_two_gets_its_own(self, start_node: Any) -> None:
        with Archive().running(aet="ONE") as one, Archive().running(aet="TWO") as two:
            node = start_node(
                send_to=(f"ONE@127.0.0.1:{one.port}", f"TWO@127.0.0.1:{two.port}"),
            )
            send(node.port, hospital_film())
            wait_until(lambda: states(node) == ["sent", "sent"])
        assert set(one.objects) == set(two.objects)
        assert len(one.objects) == 2

    def test_outside_the_hospital_nobody_is_named(self, start_node: Any) -> None:
        with Archive().running(aet="IN") as inside, Archive().running(aet="OUT") as outside:
            addresses = (f"IN@127.0.0.1:{inside.port}", f"OUT@127.0.0.1:{outside.port}")
            node = start_node(send_to=addresses, outside=(addresses[1],))
            send(node.port, hospital_film())
            wait_until(lambda: states(node) == ["sent", "sent"])
        assert {str(each.PatientName) for each in inside.objects.values()} == {"Quishpe^María José"}
        for each in outside.objects.values():
            assert each.PatientIdentityRemoved == "YES"
            assert "Quishpe" not in str(each.PatientName)
        assert not set(inside.objects) & set(outside.objects)


@contextmanager
def _asked_to_commit(start_node: Any) -> Iterator[tuple[Archive, Any, Any]]:
    """Yield an archive, a node whose answer it has, and by what it was asked to keep it."""
    with Archive().running(commits=True) as archive:
        node = start_node(**to(archive))
        send(node.port, hospital_film())
        wait_until(lambda: archive.asked)
        wait_until(lambda: states(node) == ["sent"])
        yield archive, node, archive.asked[0].TransactionUID


class TestCommitment:
    def test_an_answer_is_committed_when_the_other_side_says_so(self, start_node: Any) -> None:
        with _asked_to_commit(start_node) as (archive, node, transaction):
            (asked,) = archive.asked
            named = {item.ReferencedSOPInstanceUID for item in asked.ReferencedSOPSequence}
            assert named == set(archive.objects)
            half = list(archive.objects)[:1]
            assert confirm(node.port, transaction, half) == 0x0000
            assert states(node) == ["sent"], "its picture was not named"
            assert confirm(node.port, transaction, archive.objects) == 0x0000
            wait_until(lambda: states(node) == ["committed"])

    def test_what_it_does_not_keep_is_sent_again(self, start_node: Any) -> None:
        with Archive().running(commits=True) as archive:
            node = start_node(**to(archive))
            send(node.port, hospital_film())
            wait_until(lambda: archive.asked)
            lost = archive.kept("SR")[0].SOPInstanceUID
            confirm(node.port, archive.asked[0].TransactionUID, failed=[lost])
            node.queue.retry()
            wait_until(lambda: len(archive.arrivals) == 4)
        assert len(archive.objects) == 2

    def test_nobody_else_can_confirm(self, start_node: Any) -> None:
        with _asked_to_commit(start_node) as (archive, node, transaction):
            assert confirm(node.port, transaction, archive.objects, aet="STRANGER") != 0x0000
            assert states(node) == ["sent"]

    def test_a_report_of_too_many_elements_is_not_parsed(
        self, start_node: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with _asked_to_commit(start_node) as (archive, node, transaction):
            monkeypatch.setattr(walk, "MOST_ELEMENTS", 5)
            assert confirm(node.port, transaction, archive.objects) == 0x0110
            assert states(node) == ["sent"]
            monkeypatch.undo()
            assert confirm(node.port, transaction, archive.objects) == 0x0000

    def test_it_is_not_asked_for_where_it_is_switched_off(self, start_node: Any) -> None:
        with Archive().running(commits=True) as archive:
            node = start_node(**to(archive), commitment=False)
            send(node.port, hospital_film())
            wait_until(lambda: states(node) == ["sent"])
            assert archive.asked == []

    def test_who_never_confirms_is_sent_it_a_few_times_and_no_more(self, start_node: Any) -> None:
        with Archive().running(commits=True) as archive:
            node = start_node(**to(archive))
            send(node.port, hospital_film())
            for number in range(1, MOST_LOST + 1):
                wait_until(lambda: states(node) == ["sent"])
                wait_until(partial(_was_asked, archive, number))
                for later in (2 * UNCONFIRMED_S, LONGEST_PAUSE_S):
                    moment = node.queue.clock() + later
                    node.queue.clock = lambda moment=moment: moment
                    node._keep_house()
            wait_until(lambda: states(node) == ["failed"])
        assert "never confirmed" in _delivery(node).reason.en
        assert len(set(archive.arrivals)) == 2, "each time the same two objects"

    def test_a_node_that_starts_again_does_not_count_as_a_destinations_fault(
        self, start_node: Any
    ) -> None:
        with Archive().running(commits=True) as archive:
            node = start_node(**to(archive))
            send(node.port, hospital_film())
            for number in range(1, 4):
                wait_until(partial(_was_asked, archive, number))
                wait_until(partial(_are_sent, node))
                node.stop()
                node = start_node(**to(archive))
                node.queue.retry()
            wait_until(lambda: len(archive.asked) == 4)
            transaction = archive.asked[-1].TransactionUID
            assert confirm(node.port, transaction, archive.objects) == 0x0000
            wait_until(lambda: states(node) == ["committed"])


class TestTheNodeItself:
    def test_answers_an_echo(self, start_node: Any) -> None:
        node = start_node()
        peer = Peer("COVID-D", "127.0.0.1", node.port)
        echo(peer, CallOptions("ANYBODY", 10))
        with pytest.raises(Rejected, match="turned us away"):
            echo(Peer("OTHER", "127.0.0.1", node.port), CallOptions("ANYBODY", 10))
        with pytest.raises(Transient, match="cannot be reached"):
            echo(Peer("COVID-D", "127.0.0.1", own_port()), CallOptions("ANYBODY", 2))

    def test_two_do_not_work_in_one_folder(self, start_node: Any) -> None:
        start_node()
        with pytest.raises(CovidDError, match="Another node"):
            start_node()

    def test_a_taken_port_is_an_error_with_a_next_step(
        self, start_node: Any, tmp_path: Path
    ) -> None:
        first = start_node()
        with pytest.raises(CovidDError, match=str(first.port)) as raised:
            start_node(data=tmp_path / "second", port=first.port)
        assert "--port" in raised.value.next_step

    def test_what_waits_when_it_stops_is_done_when_it_starts(self, start_node: Any) -> None:
        port = own_port()
        address = {"send_to": (f"ARCHIVE@127.0.0.1:{port}",), "timeout_s": 2}
        node = start_node(**address)
        send(node.port, *(hospital_film(seed) for seed in (1, 2, 3)))
        node.stop()
        with Archive().running(port=port) as archive:
            again = start_node(**address)
            again.queue.retry()
            wait_until(lambda: states(again) == ["sent"] * 3)
        assert len(archive.objects) == 6

    def test_delivered_films_leave_the_folder_after_their_time(self, start_node: Any) -> None:
        with Archive().running() as archive:
            node = start_node(**to(archive), keep_days=1)
            send(node.port, hospital_film())
            wait_until(lambda: states(node) == ["sent"])
            node._keep_house()
            assert list(node.folder.rglob("*.dcm")), "not before"
            later = node.queue.clock() + 2 * 86400
            node.queue.clock = lambda: later
            node._keep_house()
        assert list(node.folder.rglob("*.dcm")) == []
        assert node.queue.listed()[0].outcome is not None

    def test_sent_again_after_that_time_it_stays_known_and_leaves_nothing(
        self, start_node: Any
    ) -> None:
        """Its file lay in the folder for ever: nothing was due for it any more."""
        with Archive().running() as archive:
            node = start_node(**to(archive), keep_days=1)
            send(node.port, hospital_film())
            wait_until(lambda: states(node) == ["sent"])
            later = node.queue.clock() + 2 * 86400
            node.queue.clock = lambda: later
            node._keep_house()
            assert send(node.port, hospital_film()) == [0x0000]
        assert list(node.folder.rglob("*.dcm")) == []
        assert node.queue.listed()[0].copies == 2
        assert len(archive.arrivals) == 2

    def test_what_an_earlier_run_left_is_put_in_order_before_the_door_opens(
        self, start_node: Any
    ) -> None:
        port = own_port()
        node = start_node(send_to=(f"GONE@127.0.0.1:{port}",), timeout_s=1)
        send(node.port, hospital_film())
        wait_until(lambda: node.queue.listed()[0].state is FilmState.ASSESSED)
        kept = sorted(node.folder.rglob("*.dcm"))
        node.stop()
        left = node.folder / "films" / "ab" / f"{'ab' * 32}.dcm"
        half = node.folder / "films" / "ab" / ".x.dcm.partial-q"
        left.parent.mkdir(exist_ok=True)
        for path in (left, half):
            path.write_bytes(b"never acknowledged")
        again = start_node(send_to=())
        assert sorted(again.folder.rglob("*.dcm")) == kept
        assert not half.exists()
        assert states(again) == ["failed"]
        assert "any more" in _delivery(again).reason.en

    def test_a_fault_that_nobody_foresaw_stops_no_work_for_good(
        self, start_node: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("covid_d.pacs.node._FAULT_S", 0.05)
        node = start_node()
        whole = node.queue.to_assess
        faults: list[int] = []

        def broken(limit: int) -> Any:
            if len(faults) < 3:
                faults.append(limit)
                raise RuntimeError
            return whole(limit)

        node.queue.to_assess = broken
        send(node.port, hospital_film())
        wait_until(lambda: node.queue.counts()["films"] == {"assessed": 1})
        assert len(faults) == 3

    def test_a_film_that_waits_too_long_is_an_error_in_the_log(
        self, start_node: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        node = start_node(send_to=(f"NOBODY@127.0.0.1:{own_port()}",), timeout_s=1)
        send(node.port, hospital_film())
        node._keep_house()
        assert "has waited" not in caplog.text
        later = node.queue.clock() + 3700
        node.queue.clock = lambda: later
        node._keep_house()
        assert "has waited for 61 minutes" in caplog.text

    def test_twenty_at_once(self, start_node: Any) -> None:
        node = start_node()
        films = [(f"CT{seed}", part10(hospital_film(seed))) for seed in range(1, 21)]
        assert send_at_once(node.port, films) == [[0x0000]] * 20
        wait_until(lambda: node.queue.counts()["films"] == {"assessed": 20})

    def test_more_than_allowed_at_once_are_turned_away(self, start_node: Any) -> None:
        from pynetdicom import AE

        node = start_node(max_associations=2)
        caller = AE("CT1")
        caller.add_requested_context(UID("1.2.840.10008.1.1"))
        held = [caller.associate("127.0.0.1", node.port, ae_title="COVID-D") for _ in range(3)]
        try:
            assert [each.is_established for each in held] == [True, True, False]
        finally:
            for each in held[:2]:
                each.release()


def _items(content: Dataset) -> list[Dataset]:
    return [content] + [
        below for item in content.get("ContentSequence", []) for below in _items(item)
    ]


def _grey() -> Any:
    from films import grey8

    return grey8(3)


def _folder(name: object) -> Path:
    import tempfile

    return Path(tempfile.mkdtemp(prefix=f"node-{name}-"))


def _delivery(node: Node) -> Any:
    (film,) = node.queue.listed(limit=1)
    return node.queue.deliveries_of(film.id)[0]


def _was_asked(archive: Archive, times: int) -> bool:
    return len(archive.asked) == times


def _are_sent(node: Node) -> bool:
    return states(node) == ["sent"]


def _tried(node: Node) -> bool:
    found = node.queue.listed(limit=1)
    return bool(found and node.queue.deliveries_of(found[0].id)) and _delivery(node).attempts > 0
