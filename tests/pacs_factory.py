"""Films as a PACS sends them, answers to them, and other nodes to talk to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from PIL import Image
from pydicom import Dataset, dcmread
from pydicom.uid import UID, generate_uid
from pynetdicom import AE, AllStoragePresentationContexts, _config, evt
from pynetdicom.association import Association
from pynetdicom.presentation import build_context
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    StorageCommitmentPushModel,
    Verification,
)

from covid_d.detector import Assessment, BundleId, CovidRange, Outcome
from covid_d.detector.appearance import Appearance
from covid_d.pacs.line import Hold
from covid_d.pacs.results import Answered
from covid_d.pacs.results.header import header_of
from covid_d.pacs.results.identity import fingerprint
from covid_d.pacs.ward import ConfirmedReading, NamedSign
from covid_d.radiograph import Refusal, RefusalCode
from films import dataset, grey16, part10

BUNDLE: Final = BundleId("cxr-test", "9.8.7", "ab" * 32)
MOMENT: Final = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
PATIENT: Final = {
    "PatientID": "HCAM-778",
    "PatientName": "Quishpe^María José",
    "PatientBirthDate": "19610203",
    "PatientSex": "F",
    "StudyDate": "20260301",
    "StudyTime": "101112",
    "StudyID": "S-5",
    "AccessionNumber": "ACC-91",
    "ReferringPhysicianName": "Guamán^Rosa",
    "StudyDescription": "TORAX PA",
    "PatientAge": "065Y",
    "SpecificCharacterSet": "ISO_IR 192",
}


def hospital_film(seed: int = 1, /, **elements: Any) -> Dataset:
    """Return a chest film with a patient and a study, each seed's under UIDs of its own."""
    study = f"1.2.826.0.1.3680043.8.498.77.{seed}"
    named: dict[str, Any] = {
        **PATIENT,
        "StudyInstanceUID": study,
        "SeriesInstanceUID": f"{study}.1",
        "SOPInstanceUID": f"{study}.1.1",
        "BodyPartExamined": "CHEST",
        "ViewPosition": "PA",
    }
    return dataset(grey16(seed, bits=12), **{**named, **elements})


def assessment(outcome: Outcome = Outcome.POSITIVE, **fields: Any) -> Assessment:
    """Return an answer that has all an answer can have, or a refusal."""
    if outcome is Outcome.REFUSED:
        reason = Refusal.of(RefusalCode.NOT_FRONTAL, "L")
        return Assessment("film", outcome, BUNDLE, "audit-passed", refusal=reason)
    known: dict[str, Any] = {
        "appearance": {
            Appearance.NEGATIVE: 0.05,
            Appearance.ATYPICAL: 0.1,
            Appearance.INDETERMINATE: 0.15,
            Appearance.TYPICAL: 0.7,
        },
        "conformal_set": ("typical", "indeterminate"),
        "covid": CovidRange(0.2, 0.3, 0.45, 0.1),
        "verdict": "audit-passed",
    }
    return Assessment("film", outcome, BUNDLE, **{**known, **fields})


def answered(outcome: Outcome = Outcome.POSITIVE, *, seed: int = 1, **fields: Any) -> Answered:
    """Return a film with its answer; answered ones have a map."""
    film = hospital_film(seed)
    given = fields.pop("assessment", None) or assessment(outcome)
    drawn = None if given.refusal else Image.new("RGB", (321, 200), (90, 60, 30))
    known: dict[str, Any] = {"overlay": drawn, "language": "es"}
    return Answered(header_of(film), fingerprint(film), given, MOMENT, **{**known, **fields})


def reading(**changes: Any) -> ConfirmedReading:
    """Return a doctor's reading of a film, with all that one can say."""
    film = hospital_film()
    known = ConfirmedReading(
        number=12,
        fingerprint=fingerprint(film),
        header=header_of(film),
        reader="Ana Vera",
        organization="Hospital Uno",
        at=MOMENT,
        finding=Outcome.POSITIVE,
        appearance=Appearance.TYPICAL,
        signs=[
            NamedSign("ground_glass", "Ground-glass opacity", "both sides, lower"),
            NamedSign("cardiomegaly", "Cardiomegaly"),
        ],
        extent=[0, 1, 2, 0, 1, 3],
        sentences=["Compatible con COVID-19", "vidrio esmerilado bilateral"],
    )
    return replace(known, **changes)


def wait_until(true: Callable[[], object], *, seconds: float = 300.0) -> None:
    """Wait for what other threads bring about."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.02)


@contextmanager
def _held(association: Association) -> Iterator[None]:
    """Keep the answers for who asks, and release at the end; see ``Hold``."""
    hold = Hold(association)
    try:
        yield
    finally:
        association.release()
        hold.end()


def send(
    port: int, *sent: Dataset | bytes, aet: str = "STATION", called: str = "COVID-D", **call: Any
) -> list[int | None]:
    """Send objects to a node by C-STORE over one connection; return the statuses.

    ``None`` stands for a node that turned us away or hung up.
    """
    found = [each if isinstance(each, Dataset) else dcmread(BytesIO(each)) for each in sent]
    for each in found:
        part10(each)  # states what the file is
    caller = AE(aet)
    caller.acse_timeout = caller.dimse_timeout = caller.network_timeout = 30
    caller.requested_contexts = [
        build_context(uid, syntax)
        for uid, syntax in dict.fromkeys(
            (UID(f.SOPClassUID), f.file_meta.TransferSyntaxUID) for f in found
        )
    ]
    association = caller.associate("127.0.0.1", port, ae_title=called, **call)
    if not association.is_established:
        return [None] * len(found)
    with _held(association):
        statuses = [association.send_c_store(each) for each in found]
    return [int(status.Status) if "Status" in status else None for status in statuses]


class Archive:
    """Another node that keeps what it is sent: a PACS in this process, over real sockets."""

    def __init__(self) -> None:
        self.objects: dict[str, Dataset] = {}
        self.arrivals: list[str] = []
        self.status = 0x0000
        self.port = 0
        self.asked: list[Dataset] = []
        self.says_over_same = False
        """Whether its word on what it keeps comes over the connection on which it was asked."""
        self.answered_word: list[int] = []
        self._lock = threading.Lock()

    @contextmanager
    def running(
        self,
        *,
        aet: str = "ARCHIVE",
        port: int = 0,
        only_from: Sequence[str] = (),
        commits: bool = False,
        contexts: Sequence[Any] | None = None,
        **server: Any,
    ) -> Iterator[Archive]:
        """Listen until the block ends."""
        entity = AE(aet)
        entity.require_called_aet = True
        entity.require_calling_aet = list(only_from)
        entity.supported_contexts = [
            *(AllStoragePresentationContexts if contexts is None else contexts),
            build_context(Verification),
            *([build_context(StorageCommitmentPushModel)] if commits else []),
        ]
        for context in entity.supported_contexts:
            if contexts is None:
                context.transfer_syntax = [
                    "1.2.840.10008.1.2",
                    "1.2.840.10008.1.2.1",
                    "1.2.840.10008.1.2.4.50",
                ]
        listening = entity.start_server(
            ("127.0.0.1", port),
            block=False,
            evt_handlers=[
                (evt.EVT_C_STORE, self._store),
                (evt.EVT_N_ACTION, self._action),
                (evt.EVT_C_ECHO, lambda event: 0x0000),
            ],
            **server,
        )
        assert listening is not None
        self.port = int(listening.server_address[1])
        try:
            yield self
        finally:
            listening.shutdown()

    def _store(self, event: Any) -> int:
        if self.status == 0x0000:
            kept = event.dataset
            kept.file_meta = event.file_meta
            with self._lock:
                self.objects[str(kept.SOPInstanceUID)] = kept
                self.arrivals.append(str(kept.SOPInstanceUID))
        return self.status

    def _action(self, event: Any) -> tuple[int, None]:
        with self._lock:
            self.asked.append(event.action_information)
        if self.says_over_same:
            asked = event.action_information
            threading.Thread(target=self._say, args=(event.assoc, asked), daemon=True).start()
        return 0x0000, None

    def _say(self, association: Any, asked: Dataset) -> None:
        time.sleep(0.05)  # after the answer to the request
        told = Dataset()
        told.TransactionUID = asked.TransactionUID
        told.ReferencedSOPSequence = asked.ReferencedSOPSequence
        status, _ = association.send_n_event_report(
            told, 1, StorageCommitmentPushModel, UID("1.2.840.10008.1.20.1.1")
        )
        self.answered_word.append(int(status.get("Status", -1)))

    def kept(self, modality: str) -> list[Dataset]:
        """Return what it holds of one modality."""
        return [each for each in list(self.objects.values()) if each.Modality == modality]


def confirm(
    port: int,
    transaction: str,
    kept: Iterable[str] = (),
    *,
    failed: Sequence[str] = (),
    aet: str = "ARCHIVE",
) -> int | None:
    """Tell a node what we keep, as a PACS does over a connection of its own (PS3.4 J.3.3)."""
    report = Dataset()
    report.TransactionUID = transaction
    report.ReferencedSOPSequence = []
    for uid in kept:
        item = Dataset()
        item.ReferencedSOPClassUID = "1.2.840.10008.5.1.4.1.1.88.34"
        item.ReferencedSOPInstanceUID = uid
        report.ReferencedSOPSequence.append(item)
    if failed:
        report.FailedSOPSequence = []
        for uid in failed:
            item = Dataset()
            item.ReferencedSOPClassUID = "1.2.840.10008.5.1.4.1.1.88.34"
            item.ReferencedSOPInstanceUID, item.FailureReason = uid, 0x0110
            report.FailedSOPSequence.append(item)
    caller = AE(aet)
    caller.acse_timeout = caller.dimse_timeout = 30
    caller.add_requested_context(StorageCommitmentPushModel)
    role = _role()
    association = caller.associate("127.0.0.1", port, ae_title="COVID-D", ext_neg=[role])
    if not association.is_established:
        return None
    with _held(association):
        status, _ = association.send_n_event_report(
            report,
            2 if failed else 1,
            StorageCommitmentPushModel,
            UID("1.2.840.10008.1.20.1.1"),
        )
    return int(status.Status) if "Status" in status else None


def _role() -> Any:
    from pynetdicom.pdu_primitives import SCP_SCU_RoleSelectionNegotiation

    role = SCP_SCU_RoleSelectionNegotiation()
    role.sop_class_uid = StorageCommitmentPushModel
    role.scu_role, role.scp_role = False, True
    return role


def free_uid() -> str:
    """Return a UID that nobody has."""
    return str(generate_uid())


def keep(folder: Path, *films: Dataset) -> list[Path]:
    """Write films as files."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, film in enumerate(films):
        path = folder / f"{number:05d}.dcm"
        path.write_bytes(part10(film))
        paths.append(path)
    return paths


def content_items(content: Dataset) -> Iterator[Dataset]:
    """Every content item of a report, from the root down."""
    yield content
    for item in content.get("ContentSequence", []):
        yield from content_items(item)


def found(made: Dataset, kind: str) -> dict[str, list[Dataset]]:
    """Content items of one value type by the code of their concept."""
    by_code: dict[str, list[Dataset]] = {}
    for item in content_items(made):
        if item.get("ValueType") == kind and "ConceptNameCodeSequence" in item:
            name = item.ConceptNameCodeSequence[0]
            by_code.setdefault(str(name.CodeValue), []).append(item)
    return by_code


def coded(item: Dataset) -> tuple[str, str]:
    """Scheme and value of a content item's code."""
    value = item.ConceptCodeSequence[0]
    return str(value.CodingSchemeDesignator), str(value.CodeValue)


def numeric(made: Dataset) -> dict[str, float]:
    """A report's numbers by the code of their concept."""
    return {
        code: float(each[0].MeasuredValueSequence[0].NumericValue)
        for code, each in found(made, "NUM").items()
    }


def comments(made: Dataset) -> list[str]:
    """What a report says in words."""
    return [str(item.TextValue) for item in found(made, "TEXT").get("121106", [])]


_config.LOG_HANDLER_LEVEL = "none"


def send_at_once(port: int, sent: Sequence[tuple[str, Dataset | bytes]]) -> list[list[int | None]]:
    """Send films to a node at the same time, each from the station named beside it."""
    with ThreadPoolExecutor(len(sent)) as pool:
        return list(pool.map(lambda one: send(port, one[1], aet=one[0]), sent))
