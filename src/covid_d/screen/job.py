"""A job on disk: what was asked (``job.json``), the films listed, the parts written.

::

    job.json                bundle, options, code, counts
    list/000000.parquet     the films, 65,536 a file, as the archive was first listed
    films/00000000.parquet  a lot's rows, written whole or not at all
    trying/00000000         a lot that a process began; left behind by one that died
    salt                    secret of the hashes of patients and studies
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any, Final

from covid_d.detector.assessment import BundleId
from covid_d.detector.bundle.spec import BundleSpec
from covid_d.errors import CovidDError
from covid_d.language import N_, Sentence, Text
from covid_d.places import FolderPlace, Place, place_of
from covid_d.provenance import this_code
from covid_d.screen.identity import SALT_BYTES
from covid_d.screen.listing import ListedFilm
from covid_d.screen.table import count_of, group_of, listed_bytes, part_bytes, rows_of
from covid_d.settings import settings

FORMAT: Final = 1
RECORD: Final = "job.json"
FILE: Final = 65_536
"""Films a file of the list holds."""
GROUP: Final = 4_096
"""Films a row group of it holds: what a worker reads to answer a lot of these."""
LEAST: Final = 64
"""Films of a lot, as long as the lots are few enough."""
MOST_LOTS: Final = 16_384
"""Lots of a job before they grow: a folder of more files is slow on many file systems."""
_ANOTHER: Final = N_("Name another folder with --out, or run it as it was begun.")


@dataclass(frozen=True, slots=True)
class ScreenOptions:
    """What a job is asked; none of it may change while the job lasts.

    Parameters
    ----------
    archive
        Folder, address or table of the films.
    bundle
        Which answers.
    prevalence
        As of ``covid-d predict``.
    table
        Name of the likelihood ratios; ``None`` without a prevalence.
    identifiers
        Whether patients' numbers, studies' and days are kept as they are.
    """

    archive: str
    bundle: BundleId
    prevalence: float | None = None
    table: str | None = None
    identifiers: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return it as ``job.json`` holds it."""
        return {
            "archive": self.archive,
            "bundle": self.bundle.to_dict(),
            "prevalence": self.prevalence,
            "table": self.table,
            "identifiers": self.identifiers,
        }

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> ScreenOptions:
        """Return what :meth:`to_dict` was called on."""
        return cls(**{**kept, "bundle": BundleId.from_dict(kept["bundle"])})


class ScreenJob:
    """One screening, begun once and continued until every film has its row.

    Made by :meth:`begin` or :meth:`open`.

    Parameters
    ----------
    place
        Where it is kept.
    record
        What ``job.json`` holds.
    """

    def __init__(self, place: Place, record: dict[str, Any]) -> None:
        self.place = place
        self.record = record
        self.options = ScreenOptions.from_dict(record["options"])

    @classmethod
    def begin(
        cls, address: str | Path, options: ScreenOptions, spec: BundleSpec | None = None
    ) -> ScreenJob:
        """Return the job at a place: the one that is there, if it asks the same, else a new one.

        Parameters
        ----------
        address
            Of the place.
        options
            What is asked.
        spec
            What the bundle says of itself: kept, so that a report needs no bundle.

        Raises
        ------
        CovidDError
            If another job is there: of another archive, bundle, option or version of the code; or
            if something else than a job is there.
        """
        place = place_of(address)
        found = _record(place)
        if found is None:
            if place.names(""):
                raise CovidDError(
                    N_("%(place)s is not empty and holds no job.", place=place.address),
                    N_("Name an empty or new folder with --out."),
                )
            return cls._new(place, options, spec)
        job = cls(place, found)
        different = job._differs(options)
        if different is not None:
            raise CovidDError(different, _ANOTHER)
        return job

    @classmethod
    def open(cls, address: str | Path) -> ScreenJob:
        """Return the job that is at a place.

        Raises
        ------
        CovidDError
            If there is none.
        """
        place = place_of(address)
        found = _record(place)
        if found is None:
            raise CovidDError(
                N_("There is no job at %(place)s.", place=place.address),
                N_("Begin one with: covid-d screen run ARCHIVE --out JOB"),
            )
        return cls(place, found)

    @classmethod
    def _new(cls, place: Place, options: ScreenOptions, spec: BundleSpec | None) -> ScreenJob:
        given = settings().screen_salt
        salt = given.get_secret_value().encode() if given else secrets.token_bytes(SALT_BYTES)
        if given is None:
            place.write("salt", salt.hex(), mode=0o600)
        job = cls(
            place,
            {
                "format": FORMAT,
                "code": this_code(),
                "options": options.to_dict(),
                "spec": spec and spec.model_dump(mode="json"),
                "salt": _fingerprint(salt),
                "began": _now(),
                "films": None,
                "lot": None,
                "ended": None,
                "counts": None,
            },
        )
        job.save()
        return job

    def _differs(self, options: ScreenOptions) -> Text | None:
        """Return what a job that is there was asked otherwise."""
        place, kept = self.place.address, self.options
        if kept.bundle != options.bundle:
            return N_(
                "The job in %(place)s is answered by another bundle: %(kept)s, not %(asked)s.",
                place=place,
                kept=_short(kept.bundle),
                asked=_short(options.bundle),
            )
        ours, theirs = options.to_dict(), kept.to_dict()
        for name in ours:
            if ours[name] != theirs[name]:
                return N_(
                    "The job in %(place)s was begun with another %(name)s: %(kept)s, not "
                    "%(asked)s.",
                    place=place,
                    name=name,
                    kept=theirs[name],
                    asked=ours[name],
                )
        if self.record["code"] != this_code():
            return N_(
                "The job in %(place)s was begun by COVID-D %(kept)s; this is %(asked)s.",
                place=place,
                kept=self.record["code"],
                asked=this_code(),
            )
        return None

    @property
    def spec(self) -> BundleSpec | None:
        """What the bundle that answers says of itself."""
        kept = self.record["spec"]
        return None if kept is None else BundleSpec.model_validate(kept)

    @property
    def films(self) -> int | None:
        """How many films were listed; ``None`` until all are."""
        films: int | None = self.record["films"]
        return films

    @property
    def lot(self) -> int:
        """Films of a lot; only the last has fewer."""
        return int(self.record["lot"] or LEAST)

    @property
    def lots(self) -> int:
        """How many lots the films make."""
        return -(-(self.films or 0) // self.lot)

    def save(self) -> None:
        """Write ``job.json``."""
        self.place.write(RECORD, json.dumps(self.record, ensure_ascii=False, indent=2) + "\n")

    def salt(self) -> bytes:
        """Return the secret of the job's hashes.

        Raises
        ------
        CovidDError
            If it is gone, or is another than the job began with.
        """
        given = settings().screen_salt
        try:
            salt = (
                given.get_secret_value().encode()
                if given
                else bytes.fromhex(self.place.read("salt").decode("ascii"))
            )
        except (FileNotFoundError, ValueError):
            salt = b""
        if _fingerprint(salt) != self.record["salt"]:
            raise CovidDError(
                N_("The job in %(place)s has lost its salt.", place=self.place.address),
                N_("Put its file salt back, or set COVID_D_SCREEN_SALT to what it was."),
            )
        return salt

    def write_list(
        self, films: Iterable[ListedFilm], on_listed: Callable[[int], object] = lambda _: None
    ) -> None:
        """Write the list, a file at a time; from now on these are the job's films.

        Parameters
        ----------
        films
            All of them.
        on_listed
            Called with how many there are so far.
        """
        left = iter(films)
        count = number = 0
        while some := list(islice(left, FILE)):
            self.place.write(_list_name(number), listed_bytes(some, GROUP))
            count, number = count + len(some), number + 1
            on_listed(count)
        lot = LEAST
        while lot < GROUP and count > lot * MOST_LOTS:
            lot *= 2
        self.record |= {"films": count, "lot": lot}
        self.save()

    def films_of(self, lot: int) -> tuple[int, list[ListedFilm]]:
        """Return the number of a lot's first film, and its films."""
        first = lot * self.lot
        group = first % FILE // GROUP
        films = list(group_of(self.place.read(_list_name(first // FILE)), group))
        start = first % GROUP
        return first, films[start : start + self.lot]

    def done(self) -> set[int]:
        """Return the lots whose part is written."""
        names = self.place.names("films")
        return {int(name.partition(".")[0]) for name in names if name.endswith(".parquet")}

    def missing(self) -> list[int]:
        """Return the lots whose part is not, in order."""
        done = self.done()
        return [lot for lot in range(self.lots) if lot not in done]

    def films_in(self, lots: Iterable[int]) -> int:
        """Return how many films some lots hold."""
        last = self.lots - 1
        short = self.lots * self.lot - (self.films or 0)
        return sum(self.lot - (short if lot == last else 0) for lot in lots)

    def write_part(self, lot: int, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write a lot's rows, and forget that somebody tried it."""
        content = part_bytes(rows, identifiers=self.options.identifiers)
        self.place.write(_part_name(lot), content)
        self.forget(lot)

    def rows(self, columns: Sequence[str] | None = None) -> Iterator[list[dict[str, Any]]]:
        """Yield the rows written so far, a part at a time, in the films' order.

        Parameters
        ----------
        columns
            Some of them; by default all.
        """
        for lot in sorted(self.done()):
            yield rows_of(self.place.read(_part_name(lot)), columns)

    def written(self) -> int:
        """Return how many rows are written, as the parts themselves say."""
        return sum(count_of(self.place.read(_part_name(lot))) for lot in self.done())

    def tried(self, lot: int) -> dict[str, Any] | None:
        """Return what a process noted that began a lot and did not end it; ``None`` without one."""
        try:
            noted: dict[str, Any] = json.loads(self.place.read(_note_name(lot)))
        except FileNotFoundError:
            return None
        except ValueError:  # cut off by the same death
            return {}
        return noted

    def note(self, lot: int, said: Mapping[str, Any]) -> None:
        """Note that a lot is begun; whoever finds the note knows that its writer died."""
        self.place.write(_note_name(lot), json.dumps(said))

    def forget(self, lot: int) -> None:
        """Take a note back."""
        self.place.remove(_note_name(lot))

    def end(self, counts: Mapping[str, Any]) -> None:
        """Record that every film has its row."""
        self.record |= {"ended": _now(), "counts": dict(counts)}
        self.save()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other runs out of a folder while this one lasts; stores know no locks.

        Raises
        ------
        CovidDError
            If another run works on the job.
        """
        if os.name == "nt" or not isinstance(self.place, FolderPlace):
            yield
            return
        import fcntl

        with (self.place.folder / ".lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise CovidDError(
                    N_("Another run works on the job in %(place)s.", place=self.place.address),
                    N_("Wait until it ends: covid-d screen status JOB"),
                ) from error
            self.place.sweep()
            yield


def _record(place: Place) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(place.read(RECORD))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise _unreadable(place, N_("job.json is damaged")) from error
    if found.get("format") != FORMAT:
        raise _unreadable(place, N_("another version of COVID-D wrote it"))
    return found


def _unreadable(place: Place, reason: Sentence) -> CovidDError:
    return CovidDError(
        N_("The job in %(place)s cannot be read: %(reason)s.", place=place.address, reason=reason),
        _ANOTHER,
    )


def _short(bundle: BundleId) -> str:
    return f"{bundle.name} {bundle.version} ({bundle.sha256[:12]})"


def _fingerprint(salt: bytes) -> str:
    return sha256(b"covid-d screen" + salt).hexdigest()[:16]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _list_name(number: int) -> str:
    return f"list/{number:06}.parquet"


def _part_name(lot: int) -> str:
    return f"films/{lot:08}.parquet"


def _note_name(lot: int) -> str:
    return f"trying/{lot:08}"
