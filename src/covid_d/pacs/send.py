"""Answers on their way: by C-STORE to a node, with its confirmation where it offers one."""

from __future__ import annotations

import logging
import ssl
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

from pydicom import Dataset, dcmread
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import (
    UID,
    Comprehensive3DSRStorage,
    EncapsulatedPDFStorage,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
    SecondaryCaptureImageStorage,
)
from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.dsutils import encode
from pynetdicom.presentation import build_context
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    StorageCommitmentPushModel,
    StorageCommitmentPushModelInstance,
    Verification,
)

from covid_d.language import N_, Sentence
from covid_d.pacs import messages
from covid_d.pacs.exchange import Exchange, TakesReport
from covid_d.pacs.line import Hold, limit_line
from covid_d.pacs.peer import Peer

_log = logging.getLogger(__name__)

OBJECTS: Final = {
    Comprehensive3DSRStorage: (ExplicitVRLittleEndian, ImplicitVRLittleEndian),
    EncapsulatedPDFStorage: (ExplicitVRLittleEndian, ImplicitVRLittleEndian),
    SecondaryCaptureImageStorage: (JPEGBaseline8Bit, ExplicitVRLittleEndian),
}
"""What is sent, in which transfer syntaxes; the picture is unpacked for who takes no JPEG."""

_DUPLICATE: Final = 0x0111  # it is there already, which is what was wanted
_NO_SUCH_CLASS: Final = 0x0122
_NOT_AUTHORIZED: Final = 0x0124
_MEDIUM: Final = 0  # priority, PS3.7 9.3.1
_REQUEST_COMMITMENT: Final = 1  # action type, PS3.4 J.3.2


class Transient(Exception):  # noqa: N818 - what happened, not an error of the program
    """A fault that may pass: the other side is down, busy or full."""

    def __init__(self, reason: Sentence) -> None:
        super().__init__(reason)
        self.reason = reason


class Rejected(Exception):  # noqa: N818 - as above
    """A rejection that will not pass by itself: somebody has to change a setting."""

    def __init__(self, reason: Sentence) -> None:
        super().__init__(reason)
        self.reason = reason


class Torn(Exception):  # noqa: N818 - as above
    """A file that is no whole object of ours: the disk lost some of it."""


@dataclass(frozen=True, slots=True)
class CallOptions:
    """How a node is called.

    Parameters
    ----------
    aet
        Our own title.
    timeout_s
        Seconds after which a silent other side is given up.
    tls
        For an encrypted connection.
    """

    aet: str
    timeout_s: float
    tls: ssl.SSLContext | None = None


def echo(peer: Peer, line: CallOptions) -> None:
    """Ask a node whether it is there (C-ECHO).

    Raises
    ------
    Transient, Rejected
        If it does not answer, or turns us away.
    """
    caller = _caller(line)
    caller.add_requested_context(Verification)
    association, hold = _associate(caller, peer, line)
    try:
        status = association.send_c_echo()
        if "Status" not in status:
            raise Transient(N_("%(aet)s did not answer.", aet=peer.aet))
        _judge_status(status.Status)
    finally:
        association.release()
        hold.end()


class Sender:
    """One connection to a node, over which any number of answers go.

    Parameters
    ----------
    peer
        Whom to send to.
    line
        How.
    on_report
        Takes the node's word on what it keeps where that comes over this connection, and returns
        the status to answer with.

    Raises
    ------
    Transient, Rejected
        On entering, if there is no connection.
    """

    def __init__(self, peer: Peer, line: CallOptions, on_report: TakesReport | None = None) -> None:
        self._peer, self._line = peer, line
        self._on_report = on_report or (lambda report: _NOT_AUTHORIZED)
        self._association: Association
        self._hold: Hold
        self._exchange: Exchange

    def __enter__(self) -> Sender:
        caller = _caller(self._line)
        caller.requested_contexts = [
            *(build_context(kind, syntax) for kind in OBJECTS for syntax in OBJECTS[kind]),
            build_context(StorageCommitmentPushModel),
        ]
        self._association, self._hold = _associate(caller, self._peer, self._line)
        try:
            self._exchange = Exchange(self._association, self._line.timeout_s, self._on_report)
        except OSError as error:
            self._hold.end()
            raise _broken(error) from error
        self._contexts = {
            (str(each.abstract_syntax), str(each.transfer_syntax[0])): int(each.context_id or 0)
            for each in self._association.accepted_contexts
        }
        return self

    def __exit__(self, *error: object) -> None:
        self._exchange.end()
        self._association.release()
        self._hold.end()

    @property
    def offers_commitment(self) -> bool:
        """Whether the node confirms what it keeps."""
        return self._for_commitment() is not None

    def store(self, files: Sequence[Path]) -> list[tuple[str, str]]:
        """Send the objects of one answer; return class and instance of each.

        Raises
        ------
        Transient, Rejected
            If one did not arrive.
        Torn
            If one is no whole object.
        """
        arrived = []
        for content, told in [_read(file) for file in files]:
            context, data = self._as_taken(content, told)
            fields: messages.Fields = {
                messages.SOP_CLASS: told.sop_class,
                messages.SOP_INSTANCE: told.sop_instance,
                messages.PRIORITY: _MEDIUM,
            }
            _judge_status(self._ask(context, messages.STORE, fields, data))
            arrived.append((told.sop_class, told.sop_instance))
        return arrived

    def ask_commitment(self, transaction: str, objects: Sequence[tuple[str, str]]) -> None:
        """Ask the node to confirm that it keeps some objects.

        Its word names the ``transaction`` and comes later, over this connection or one of its own.

        Raises
        ------
        Transient
            If it does not take the request.
        """
        asked = Dataset()
        asked.TransactionUID = transaction
        asked.ReferencedSOPSequence = DicomSequence(list(_references(objects)))
        context, syntax = self._for_commitment() or (0, ImplicitVRLittleEndian)
        fields: messages.Fields = {
            messages.ASKED_CLASS: StorageCommitmentPushModel,
            messages.ASKED_INSTANCE: StorageCommitmentPushModelInstance,
            messages.ACTION_TYPE: _REQUEST_COMMITMENT,
        }
        if self._ask(context, messages.ACTION, fields, _encoded(asked, syntax)) != 0:
            raise Transient(N_("%(aet)s takes no request to confirm.", aet=self._peer.aet))

    def listen(self, seconds: float) -> bool:
        """Take the node's word if it comes within a time; return whether it did.

        Raises
        ------
        Transient
            If the node ends the connection.
        """
        try:
            return self._exchange.listen(seconds)
        except OSError as error:
            raise self._given_up(error) from error

    def _ask(self, context: int, kind: int, fields: messages.Fields, data: bytes) -> int:
        try:
            status = self._exchange.ask(context, kind, fields, data)
        except TimeoutError as error:
            self._given_up(error)
            raise Transient(N_("%(aet)s did not answer.", aet=self._peer.aet)) from error
        except OSError as error:
            raise self._given_up(error) from error
        if status is None:
            raise Transient(N_("%(aet)s did not answer.", aet=self._peer.aet))
        return status

    def _given_up(self, error: OSError) -> Transient:
        """End a connection of which nobody knows what comes next over it."""
        self._exchange.end()
        self._association.abort()
        return _broken(error)

    def _for_commitment(self) -> tuple[int, UID] | None:
        for (kind, syntax), context in self._contexts.items():
            if kind == StorageCommitmentPushModel:
                return context, UID(syntax)
        return None

    def _as_taken(self, content: bytes, told: SentFile) -> tuple[int, bytes]:
        """Return an object in a transfer syntax that the node takes: as it lies, where it can.

        Parameters
        ----------
        content, told
            The object's file, and what it says of itself.

        Returns
        -------
        The presentation context, and the data set as that writes it.

        Raises
        ------
        Rejected
            If it takes none.
        Torn
            If it cannot be unpacked.
        """
        kind, written = told.sop_class, UID(told.syntax)
        wanted = ExplicitVRLittleEndian if written.is_compressed else ImplicitVRLittleEndian
        as_it_lies, anew = (self._contexts.get((kind, each)) for each in (written, wanted))
        if as_it_lies is not None:
            return as_it_lies, content[told.starts :]
        if anew is not None:
            try:
                made = dcmread(BytesIO(content))
                if written.is_compressed:
                    made.decompress()
                return anew, _encoded(made, wanted)
            except Exception as error:  # whoever unpacks what is torn raises anything
                raise Torn from error
        name = UID(kind).name
        raise Rejected(N_("%(aet)s does not take %(name)s.", aet=self._peer.aet, name=name))


@dataclass(frozen=True, slots=True)
class SentFile:
    """What a file says of its object (PS3.10 7.1), and where its data set begins."""

    sop_class: str
    sop_instance: str
    syntax: str
    starts: int


def _read(file: Path) -> tuple[bytes, SentFile]:
    try:
        content = file.read_bytes()
        told = told_by(content)
    except (OSError, struct.error, ValueError) as error:
        raise Torn from error
    # A cut between two elements leaves no half of one.
    known = told.sop_class in OBJECTS and UID(told.syntax).is_transfer_syntax
    if not known or told.starts >= len(content):
        raise Torn
    return content, told


def told_by(content: bytes) -> SentFile:
    """Return what a file of ours says of its object; read so, it costs nothing.

    Raises
    ------
    struct.error
        If it is cut off.
    """
    found, at = {}, 132
    while content[at : at + 2] == b"\x02\0":
        element, kind, length = struct.unpack_from("<H2sH", content, at + 2)
        at += 8
        if kind in (b"OB", b"UN"):  # a length of four bytes
            (length,) = struct.unpack_from("<I", content, at)
            at += 4
        found[element] = content[at : at + length]
        at += length
    sop_class, sop_instance, syntax = (
        found.get(element, b"").decode("ascii").rstrip("\0 ") for element in (2, 3, 16)
    )
    return SentFile(sop_class, sop_instance, syntax, at)


def _broken(error: OSError) -> Transient:
    return Transient(N_("The connection broke: %(reason)s.", reason=error))


def _encoded(dataset: Dataset, syntax: UID) -> bytes:
    written = encode(dataset, syntax.is_implicit_VR, syntax.is_little_endian)
    assert written is not None, "made by this program"  # noqa: S101
    return written


def _caller(line: CallOptions) -> AE:
    caller = AE(line.aet)
    caller.acse_timeout = caller.dimse_timeout = line.timeout_s
    caller.network_timeout = caller.connection_timeout = line.timeout_s
    return caller


def _associate(caller: AE, peer: Peer, line: CallOptions) -> tuple[Association, Hold]:
    tls = None if line.tls is None else (line.tls, peer.host)
    association = caller.associate(
        peer.host,
        peer.port,
        ae_title=peer.aet,
        tls_args=tls,
        evt_handlers=[(evt.EVT_CONN_OPEN, limit_line)],
    )
    if association.is_established:
        return association, Hold(association)
    if association.is_rejected:
        answer = association.acceptor.primitive
        permanent = getattr(answer, "result", None) == 1
        said = getattr(answer, "reason_str", "")
        reason = N_("%(aet)s turned us away: %(said)s.", aet=peer.aet, said=said or "no reason")
        raise Rejected(reason) if permanent else Transient(reason)
    if association.accepted_contexts == [] and association.rejected_contexts:
        raise Rejected(N_("%(aet)s takes nothing that we send.", aet=peer.aet))
    raise Transient(
        N_(
            "%(aet)s at %(host)s:%(port)d cannot be reached.",
            aet=peer.aet,
            host=peer.host,
            port=peer.port,
        )
    )


def _judge_status(status: int) -> None:
    """Take a status of PS3.4 B.2.3 for success, a fault that may pass, or a rejection."""
    warning = status in {0x0001, 0x0107, 0x0116} or 0xB000 <= status <= 0xBFFF
    if status in {0x0000, _DUPLICATE} or warning:
        return
    code = f"0x{status:04X}"
    if 0xA700 <= status <= 0xA7FF or status in {0x0110, 0x0213}:
        raise Transient(N_("The other side has no room now (%(code)s).", code=code))
    if status == _NO_SUCH_CLASS:
        raise Rejected(N_("The other side does not keep such objects (%(code)s).", code=code))
    raise Rejected(N_("The other side refused the object (%(code)s).", code=code))


def _references(objects: Sequence[tuple[str, str]]) -> Iterator[Dataset]:
    for sop_class, sop_instance in objects:
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class, sop_instance
        yield item
