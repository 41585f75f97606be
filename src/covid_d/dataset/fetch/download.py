"""Download one large file over HTTP: resumes, retries, and never trusts what it did not verify."""

from __future__ import annotations

import json
import re
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import NoReturn

import httpx
from tqdm import tqdm

from covid_d.errors import DatasetError
from covid_d.files import sha256_of, write_atomically
from covid_d.language import N_

_LONGEST_PAUSE = 60.0
# The answers after which trying again can help (RFC 9110, 15.5 and 15.6).
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
# Ranges count encoded bytes: ask for the file as it is.
_HEADERS = {"Accept-Encoding": "identity", "User-Agent": "covid-d"}


@dataclass(frozen=True, slots=True)
class Download:
    """A finished download.

    Parameters
    ----------
    path
        The file.
    sha256
        Digest of the whole file.
    size
        Bytes.
    resumed_from
        Bytes that an earlier, interrupted attempt had already brought.
    """

    path: Path
    sha256: str
    size: int
    resumed_from: int


@dataclass(frozen=True, slots=True)
class _Remains:
    """Which file the bytes on disk are of; kept beside them as ``<name>.json``."""

    url: str
    validator: str = ""  # strong ETag or Last-Modified; empty: it cannot be resumed
    total: int = 0  # bytes; 0 when the server does not say
    complete: bool = False


class _PassingFaultError(Exception):
    """Something that may be gone at the next attempt."""

    def __init__(self, cause: str, wait: float = 0.0) -> None:
        super().__init__(cause)
        self.wait = wait


def download(
    url: str,
    path: Path,
    *,
    sha256: str | None = None,
    attempts: int = 6,
    pause: float = 1.0,
    timeout: float = 30.0,
    progress: bool = True,
) -> Download:
    """Download ``url`` to ``path``, going on where an earlier attempt stopped.

    Bytes are kept in ``path`` + ``.part`` until the file is whole. It is resumed only when the
    server confirms, by ETag or date (RFC 9110, 13.1.5 If-Range), that the file is still the same
    one; otherwise it starts again from nothing. A file that an earlier call finished is not
    downloaded again; :func:`discard` removes it with what is kept beside it.

    Parameters
    ----------
    url
        ``http`` or ``https`` address. An ``https`` address is never followed to ``http``.
    path
        Where the file goes; its folder is made when missing.
    sha256
        Expected digest, hexadecimal. A file with another one is removed.
    attempts
        Attempts in a row that may bring nothing new before giving up.
    pause
        Seconds before the second attempt; doubled each time, at most a minute.
    timeout
        Seconds of silence after which a connection counts as dead.
    progress
        Whether to show a progress bar on standard error.

    Raises
    ------
    DatasetError
        If the address is refused, the server keeps failing, the disk cannot be written or the
        digest is another than expected.
    """
    _check_address(url)
    part = _part(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            _take_back(url, path)
        resumed_from = _resumable(url, part)
        _fill(url, part, attempts=attempts, pause=pause, timeout=timeout, progress=progress)
        digest = sha256_of(part)
        if sha256 and digest != sha256.lower():
            discard(path)
            raise DatasetError(
                N_(
                    "The SHA-256 of %(url)s is %(digest)s, not %(sha256)s as expected; "
                    "the download was removed.",
                    url=url,
                    digest=digest,
                    sha256=sha256.lower(),
                ),
                N_("Try again; if it stays so, the file behind the address has changed."),
            )
        size = part.stat().st_size
        part.replace(path)
    except OSError as error:
        raise DatasetError(
            N_("Cannot write %(part)s: %(reason)s.", part=part, reason=error.strerror or error),
            N_("Free some space or choose another folder; the download goes on where it stopped."),
        ) from error
    return Download(path, digest, size, resumed_from)


def discard(path: Path) -> None:
    """Remove a download, finished or not, and what is kept beside it."""
    path.unlink(missing_ok=True)
    _forget(_part(path))


def _check_address(url: str) -> None:
    try:
        parsed = httpx.URL(url)
        known = parsed.scheme in {"http", "https"} and bool(parsed.host)
    except httpx.InvalidURL:
        known = False
    if not known:
        raise DatasetError(
            N_("%(url)r is no http or https address.", url=url), N_("Correct --url.")
        )


def _take_back(url: str, path: Path) -> None:
    """Make an earlier call's finished file a part again, if it is the file asked for."""
    remains = _read_note(_part(path))
    if remains.url != url or not remains.complete or remains.total != path.stat().st_size:
        raise DatasetError(
            N_("%(path)s is in the way of the download.", path=path), N_("Move or remove it.")
        )
    path.replace(_part(path))


def _fill(
    url: str, part: Path, *, attempts: int, pause: float, timeout: float, progress: bool
) -> None:
    """Bring the part to its full length, however many connections that takes."""
    failures = 0
    limits = httpx.Timeout(timeout)
    with (
        httpx.Client(follow_redirects=True, timeout=limits, headers=_HEADERS) as client,
        tqdm(
            desc=f"Downloading {part.stem}",
            unit="B",
            unit_scale=True,
            unit_divisor=1024,
            disable=not progress,
        ) as bar,
    ):
        while not _read_note(part).complete:
            before = _resumable(url, part)
            try:
                _attempt(client, url, part, bar)
            except (httpx.RequestError, _PassingFaultError) as error:
                # A connection that brought something, which is kept, is no failure in a row.
                failures = 1 if _resumable(url, part) > before else failures + 1
                if failures >= attempts:
                    raise DatasetError(
                        N_(
                            "%(url)s could not be downloaded: %(error)s.",
                            url=url,
                            error=_cause(error),
                        ),
                        N_(
                            "Check the connection and run the command again; it goes on where it "
                            "stopped if the server allows it."
                        ),
                    ) from error
                wait = min(_LONGEST_PAUSE, pause * 2 ** (failures - 1))
                time.sleep(max(wait, min(_LONGEST_PAUSE, getattr(error, "wait", 0.0))))


def _attempt(client: httpx.Client, url: str, part: Path, bar: tqdm[NoReturn]) -> None:
    """Read one response into the part."""
    offset = _resumable(url, part)
    headers = {}
    if offset:
        headers = {"Range": f"bytes={offset}-", "If-Range": _read_note(part).validator}
    with client.stream("GET", url, headers=headers) as response:
        if url.startswith("https:") and response.url.scheme != "https":
            raise DatasetError(
                N_("%(url)s leads to the unencrypted %(end)s.", url=url, end=response.url),
                N_("Name another --url."),
            )
        if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            if response.headers.get("Content-Range", "").strip() == f"bytes */{offset}":
                _write_note(part, replace(_read_note(part), total=offset, complete=True))
                return
            _forget(part)
            raise _PassingFaultError("the server cannot resume the download")
        if response.status_code in _PASSING:
            raise _PassingFaultError(
                f"the server answered {response.status_code} {response.reason_phrase}",
                _retry_after(response),
            )
        if response.status_code not in {httpx.codes.OK, httpx.codes.PARTIAL_CONTENT}:
            raise DatasetError(
                N_(
                    "%(url)s answered %(status_code)s %(reason_phrase)s.",
                    url=url,
                    status_code=response.status_code,
                    reason_phrase=response.reason_phrase,
                ),
                N_("Check the address, or name another one with --url."),
            )
        if response.status_code == httpx.codes.PARTIAL_CONTENT:
            start, total = _content_range(response)
            if start != offset or _validator(response) not in {"", _read_note(part).validator}:
                _forget(part)
                raise _PassingFaultError("the server answered with another range or file")
        else:
            offset, total = 0, int(response.headers.get("Content-Length", 0))
        remains = _Remains(url, _validator(response), total)
        _save(response, part, offset, remains, bar)
    size = part.stat().st_size
    if total and size != total:
        _forget(part)
        raise _PassingFaultError(f"{size} bytes came instead of {total}")
    _write_note(part, _Remains(url, remains.validator, size, complete=True))


def _save(
    response: httpx.Response, part: Path, offset: int, remains: _Remains, bar: tqdm[NoReturn]
) -> None:
    bar.total = remains.total or None
    bar.n = offset
    bar.refresh()
    with part.open("r+b" if offset else "wb") as stream:
        # After the old bytes are cut off, before new ones come: the note never describes others.
        _write_note(part, remains)
        stream.seek(offset)
        for chunk in response.iter_raw():
            stream.write(chunk)
            bar.update(len(chunk))


def _resumable(url: str, part: Path) -> int:
    """Bytes of the part that can be kept: none unless it is known which file they are of."""
    remains = _read_note(part)
    known = remains.url == url and (remains.validator or remains.complete)
    if not (known and part.exists()):
        _forget(part)
        return 0
    return part.stat().st_size


def _part(path: Path) -> Path:
    return path.with_name(path.name + ".part")


def _note(part: Path) -> Path:
    return part.with_suffix(".json")


def _read_note(part: Path) -> _Remains:
    try:
        return _Remains(**json.loads(_note(part).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return _Remains("")


def _write_note(part: Path, remains: _Remains) -> None:
    write_atomically(_note(part), json.dumps(asdict(remains)))


def _forget(part: Path) -> None:
    part.unlink(missing_ok=True)
    _note(part).unlink(missing_ok=True)


def _validator(response: httpx.Response) -> str:
    """Return the value that If-Range accepts; weak ETags are not allowed there."""
    etag = str(response.headers.get("ETag", ""))
    if etag and not etag.startswith("W/"):
        return etag
    # A weak ETag says that equal dates may hide other bytes.
    return "" if etag else str(response.headers.get("Last-Modified", ""))


def _content_range(response: httpx.Response) -> tuple[int, int]:
    match = re.fullmatch(
        r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", "").strip()
    )
    if match is None:
        return -1, 0
    return int(match[1]), 0 if match[2] == "*" else int(match[2])


def _retry_after(response: httpx.Response) -> float:
    value = response.headers.get("Retry-After", "")
    return float(value) if value.isdigit() else 0.0


def _cause(error: Exception) -> str:
    return str(error).rstrip(".") or type(error).__name__
