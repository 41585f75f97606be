from __future__ import annotations

import io
import json
import re
import shutil
import stat
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import numpy as np
import pytest

from covid_d.dataset.fetch import fetch as fetch_module
from covid_d.dataset.fetch.download import discard, download
from covid_d.dataset.fetch.fetch import (
    COHEN_ARCHIVE,
    COHEN_COMMIT,
    KERMANY_INSTRUCTIONS,
    RECORD,
    fetch_cohen,
    unpack,
)
from covid_d.errors import CovidDError, DatasetError

TOP = "covid-chestxray-dataset-7854/"
FILE = np.random.default_rng(7).bytes(400_000)


@dataclass
class Remote:
    """What the test's server serves, and what was asked of it."""

    content: bytes
    etag: str = '"one"'
    dated: str = ""
    ranges: bool = True
    # Bytes after which the n-th answer's connection is cut; the rest are sent whole.
    cuts: list[int] = field(default_factory=list)
    # Status codes of the first answers, before any content.
    statuses: list[int] = field(default_factory=list)
    ignores_if_range: bool = False
    location: str = ""
    asked: list[dict[str, str]] = field(default_factory=list)
    url: str = ""


def _handler(remote: Remote) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Keep the tests' output clean."""

        def do_GET(self) -> None:
            remote.asked.append({name.lower(): value for name, value in self.headers.items()})
            if remote.statuses:
                self._plain(remote.statuses.pop(0))
                return
            whole, start = remote.content, self._start()
            if start >= len(whole) > 0 and start:
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(whole)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(whole) - 1}/{len(whole)}")
            self.send_header("Content-Length", str(len(whole) - start))
            if remote.etag:
                self.send_header("ETag", remote.etag)
            if remote.dated:
                self.send_header("Last-Modified", remote.dated)
            self.end_headers()
            body = whole[start:]
            if remote.cuts:
                self.wfile.write(body[: remote.cuts.pop(0)])
                self.wfile.flush()
                self.close_connection = True
                return
            self.wfile.write(body)

        def _start(self) -> int:
            asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
            same = self.headers.get("If-Range") in {remote.etag, remote.dated}
            if asked is None or not remote.ranges or not (same or remote.ignores_if_range):
                return 0
            return int(asked[1])

        def _plain(self, status: int) -> None:
            self.send_response(status)
            if status in {301, 302}:
                self.send_header("Location", remote.location)
            if status == 429:
                self.send_header("Retry-After", "0")
            self.send_header("Content-Length", "0")
            self.end_headers()

    return Handler


@contextmanager
def _serving(remote: Remote) -> Iterator[Remote]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(remote))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    remote.url = f"http://127.0.0.1:{server.server_port}/archive.zip"
    try:
        yield remote
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def remote() -> Iterator[Remote]:
    with _serving(Remote(FILE)) as serving:
        yield serving


def _get(remote: Remote, path: Path, **options: object) -> bytes:
    download(remote.url, path, **{"pause": 0.0, "progress": False, **options})  # type: ignore[arg-type]
    return path.read_bytes()


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_download_brings_the_file_and_its_digest(remote: Remote, tmp_path: Path) -> None:
    got = download(remote.url, tmp_path / "deep" / "a.zip", progress=False)
    assert got.path.read_bytes() == FILE
    assert got.sha256 == sha256(FILE).hexdigest()
    assert (got.size, got.resumed_from) == (len(FILE), 0)
    assert len(remote.asked) == 1
    assert remote.asked[0]["accept-encoding"] == "identity"


def test_download_resumes_after_a_cut_in_the_same_call(remote: Remote, tmp_path: Path) -> None:
    remote.cuts = [150_000, 100_000]
    assert _get(remote, tmp_path / "a.zip") == FILE
    assert [asked.get("range") for asked in remote.asked] == [
        None,
        "bytes=150000-",
        "bytes=250000-",
    ]
    assert remote.asked[1]["if-range"] == '"one"'


def test_download_resumes_in_a_later_call(remote: Remote, tmp_path: Path) -> None:
    remote.cuts = [150_000]
    path = tmp_path / "a.zip"
    with pytest.raises(DatasetError, match="could not be downloaded") as caught:
        _get(remote, path, attempts=1)
    assert "goes on where it stopped" in caught.value.next_step
    assert (tmp_path / "a.zip.part").stat().st_size == 150_000
    assert not path.exists()
    got = download(remote.url, path, progress=False)
    assert got.resumed_from == 150_000
    assert path.read_bytes() == FILE
    assert not (tmp_path / "a.zip.part").exists()


@pytest.mark.parametrize("ignores_if_range", [False, True])
def test_download_restarts_when_the_remote_file_changed(
    remote: Remote, tmp_path: Path, ignores_if_range: bool
) -> None:
    remote.cuts = [150_000]
    with pytest.raises(DatasetError):
        _get(remote, tmp_path / "a.zip", attempts=1)
    remote.content, remote.etag = FILE[::-1], '"two"'
    remote.ignores_if_range = ignores_if_range
    assert _get(remote, tmp_path / "a.zip") == FILE[::-1]


def test_download_resumes_by_date_when_there_is_no_etag(remote: Remote, tmp_path: Path) -> None:
    remote.etag, remote.dated = "", "Mon, 22 Jun 2020 10:00:00 GMT"
    remote.cuts = [150_000]
    assert _get(remote, tmp_path / "a.zip") == FILE
    assert remote.asked[1]["if-range"] == remote.dated


@pytest.mark.parametrize(
    ("etag", "dated"), [("", ""), ('W/"weak"', "Mon, 22 Jun 2020 10:00:00 GMT")]
)
def test_download_starts_again_without_a_strong_validator(
    remote: Remote, tmp_path: Path, etag: str, dated: str
) -> None:
    remote.etag, remote.dated = etag, dated
    remote.cuts = [150_000]
    assert _get(remote, tmp_path / "a.zip") == FILE
    assert [asked.get("range") for asked in remote.asked] == [None, None]


def test_download_survives_a_server_without_ranges(remote: Remote, tmp_path: Path) -> None:
    remote.ranges, remote.cuts = False, [150_000]
    assert _get(remote, tmp_path / "a.zip") == FILE


def test_a_part_of_another_address_is_not_continued(remote: Remote, tmp_path: Path) -> None:
    remote.cuts = [150_000]
    with pytest.raises(DatasetError):
        _get(remote, tmp_path / "a.zip", attempts=1)
    with _serving(Remote(FILE[::-1])) as other:
        assert _get(other, tmp_path / "a.zip") == FILE[::-1]
        assert "range" not in other.asked[0]


def test_a_whole_part_without_its_mark_is_recognised(remote: Remote, tmp_path: Path) -> None:
    remote.cuts = [399_999]
    with pytest.raises(DatasetError):
        _get(remote, tmp_path / "a.zip", attempts=1)
    with (tmp_path / "a.zip.part").open("ab") as stream:  # killed between last byte and mark
        stream.write(FILE[-1:])
    assert _get(remote, tmp_path / "a.zip") == FILE
    assert len(remote.asked) == 2


def test_a_part_longer_than_the_file_is_thrown_away(remote: Remote, tmp_path: Path) -> None:
    remote.cuts = [150_000]
    with pytest.raises(DatasetError):
        _get(remote, tmp_path / "a.zip", attempts=1)
    with (tmp_path / "a.zip.part").open("ab") as stream:
        stream.write(FILE)
    assert _get(remote, tmp_path / "a.zip") == FILE


@pytest.mark.parametrize("status", [429, 500, 503])
def test_passing_faults_are_tried_again(remote: Remote, tmp_path: Path, status: int) -> None:
    remote.statuses = [status, status]
    assert _get(remote, tmp_path / "a.zip", attempts=3) == FILE


def test_attempts_are_bounded(remote: Remote, tmp_path: Path) -> None:
    remote.statuses = [503] * 10
    with pytest.raises(DatasetError, match="503"):
        _get(remote, tmp_path / "a.zip", attempts=3)
    assert len(remote.asked) == 3


def test_connections_that_bring_something_do_not_use_up_attempts(
    remote: Remote, tmp_path: Path
) -> None:
    remote.cuts = [50_000] * 6
    assert _get(remote, tmp_path / "a.zip", attempts=2) == FILE


def test_lasting_faults_are_not_tried_again(remote: Remote, tmp_path: Path) -> None:
    remote.statuses = [404]
    with pytest.raises(DatasetError, match="404") as caught:
        _get(remote, tmp_path / "a.zip")
    assert "--url" in caught.value.next_step
    assert len(remote.asked) == 1


def test_nobody_listening_is_an_error_with_a_next_step(tmp_path: Path) -> None:
    with _serving(Remote(FILE)) as gone:
        url = gone.url
    with pytest.raises(DatasetError, match="could not be downloaded"):
        download(url, tmp_path / "a.zip", attempts=2, pause=0.0, progress=False)


@pytest.mark.parametrize(
    "url", ["ftp://example.org/a.zip", "file:///etc/passwd", "a.zip", "http://", "http://x:port"]
)
def test_other_addresses_are_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(DatasetError, match=re.escape(url)):
        download(url, tmp_path / "a.zip")


def test_redirects_are_followed(remote: Remote, tmp_path: Path) -> None:
    remote.location, remote.statuses = remote.url, [302]
    assert _get(remote, tmp_path / "a.zip") == FILE


def test_https_never_falls_back_to_http(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.scheme == "https":
            return httpx.Response(302, headers={"Location": "http://example.org/a.zip"})
        return httpx.Response(200, content=FILE)

    # A certificate for a local server would need another package: replace only the wire.
    monkeypatch.setattr(
        httpx.HTTPTransport, "handle_request", lambda _self, request: answer(request)
    )
    with pytest.raises(DatasetError, match="unencrypted"):
        download("https://example.org/a.zip", tmp_path / "a.zip", progress=False)
    assert not (tmp_path / "a.zip").exists()


def test_a_wrong_digest_is_an_error_and_the_part_is_removed(remote: Remote, tmp_path: Path) -> None:
    expected = sha256(FILE).hexdigest()
    remote.content = FILE[:-1] + b"!"
    with pytest.raises(DatasetError, match=expected):
        _get(remote, tmp_path / "a.zip", sha256=expected)
    assert _names(tmp_path) == set()
    remote.content = FILE
    assert _get(remote, tmp_path / "a.zip", sha256=expected.upper()) == FILE


def test_a_finished_download_is_not_repeated(remote: Remote, tmp_path: Path) -> None:
    _get(remote, tmp_path / "a.zip")
    assert _get(remote, tmp_path / "a.zip") == FILE
    assert len(remote.asked) == 1
    discard(tmp_path / "a.zip")
    assert _names(tmp_path) == set()


def test_a_stranger_file_is_never_overwritten(remote: Remote, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_text("mine")
    with pytest.raises(DatasetError, match="in the way"):
        _get(remote, tmp_path / "a.zip")
    assert (tmp_path / "a.zip").read_text() == "mine"
    assert remote.asked == []


def test_a_folder_that_cannot_be_written_is_an_error(remote: Remote, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DatasetError, match="Cannot write"):
        _get(remote, tmp_path / "file" / "a.zip")


# --- unpacking -------------------------------------------------------------------------------


def _zip(entries: dict[str, bytes], *, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _cohen(**more: bytes) -> bytes:
    return _zip(
        {
            TOP: b"",
            TOP + "metadata.csv": b"patientid,finding\n",
            TOP + "images/": b"",
            TOP + "images/a.jpg": b"not really a film",
            **more,
        }
    )


def _archive(tmp_path: Path, content: bytes) -> tuple[Path, Path]:
    archive, folder = tmp_path / "a.zip", tmp_path / "inside" / "out"
    archive.write_bytes(content)
    folder.mkdir(parents=True)
    return archive, folder


def test_unpack_leaves_out_the_top_folder(tmp_path: Path) -> None:
    archive, folder = _archive(tmp_path, _cohen())
    assert unpack(archive, folder, expected=("metadata.csv", "images/"), progress=False) == 2
    assert (folder / "images" / "a.jpg").read_bytes() == b"not really a film"
    assert _names(folder) == {"metadata.csv", "images"}


def test_unpack_keeps_several_top_folders(tmp_path: Path) -> None:
    archive, folder = _archive(tmp_path, _zip({"a/1": b"1", "b/2": b"2"}))
    assert unpack(archive, folder, progress=False) == 2
    assert _names(folder) == {"a", "b"}


@pytest.mark.parametrize(
    "name",
    [
        "../evil",
        TOP + "../../evil",
        "/evil",
        "C:/evil",
        "..\\evil",
        TOP + "a\\..\\..\\evil",
        "\\\\x\\y",
    ],
)
def test_unpack_never_leaves_its_folder(tmp_path: Path, name: str) -> None:
    archive, folder = _archive(tmp_path, _zip({TOP + "ok": b"1", name: b"evil"}))
    with pytest.raises(DatasetError, match="unsafe entry"):
        unpack(archive, folder, progress=False)
    assert not [path for path in tmp_path.rglob("*") if "evil" in path.name or path.name == "y"]


def test_unpack_refuses_links(tmp_path: Path) -> None:
    link = zipfile.ZipInfo(TOP + "link")
    link.create_system = 3
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        opened.writestr(link, "/etc/passwd")
    archive, folder = _archive(tmp_path, buffer.getvalue())
    with pytest.raises(DatasetError, match="unsafe entry"):
        unpack(archive, folder, progress=False)


def test_unpack_names_what_is_missing(tmp_path: Path) -> None:
    archive, folder = _archive(tmp_path, _zip({TOP + "metadata.csv": b"", TOP + "images": b""}))
    with pytest.raises(DatasetError, match="holds no images/"):
        unpack(archive, folder, expected=("metadata.csv", "images/"), progress=False)
    assert _names(folder) == set()


def test_unpack_finds_damage_inside(tmp_path: Path) -> None:
    content = bytearray(_zip({TOP + "film": b"A" * 1000}, compression=zipfile.ZIP_STORED))
    content[content.index(b"AAAA") + 500] ^= 1
    archive, folder = _archive(tmp_path, bytes(content))
    with pytest.raises(DatasetError, match="damaged"):
        unpack(archive, folder, progress=False)


@pytest.mark.parametrize(
    "content", [b"", b"<html>Not found</html>", _cohen()[:-30]], ids=["empty", "page", "torn"]
)
def test_unpack_refuses_what_is_no_archive(tmp_path: Path, content: bytes) -> None:
    archive, folder = _archive(tmp_path, content)
    with pytest.raises(DatasetError, match="no zip archive"):
        unpack(archive, folder, progress=False)


def test_unpack_refuses_bombs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch_module, "_LARGEST", 1_000_000)
    archive, folder = _archive(tmp_path, _zip({TOP + "zeros": bytes(2_000_000)}))
    with pytest.raises(DatasetError, match="would unpack"):
        unpack(archive, folder, progress=False)
    assert _names(folder) == set()


# --- the collections -------------------------------------------------------------------------


def _fetch(remote: Remote, folder: Path, digest: str | None = None) -> fetch_module.Fetched:
    return fetch_cohen(folder, url=remote.url, sha256=digest, attempts=1, pause=0.0, progress=False)


@pytest.fixture
def cohen(remote: Remote) -> Remote:
    remote.content = _cohen(**{TOP + "images/big.png": FILE})
    return remote


def test_fetch_cohen_leaves_the_collection_and_nothing_else(cohen: Remote, tmp_path: Path) -> None:
    fetched = _fetch(cohen, tmp_path / "cohen")
    assert _names(tmp_path) == {"cohen"}
    assert _names(tmp_path / "cohen") == {"metadata.csv", "images", RECORD}
    assert (tmp_path / "cohen" / "images" / "big.png").read_bytes() == FILE
    assert fetched.sha256 == sha256(cohen.content).hexdigest()
    assert (fetched.files, fetched.digest_was_given) == (3, False)
    record = json.loads((tmp_path / "cohen" / RECORD).read_text())
    assert record["url"] == cohen.url
    assert record["sha256"] == fetched.sha256


def test_fetch_cohen_again_asks_nothing(cohen: Remote, tmp_path: Path) -> None:
    first = _fetch(cohen, tmp_path / "cohen")
    assert _fetch(cohen, tmp_path / "cohen") == first
    assert _fetch(cohen, tmp_path / "cohen", first.sha256) == first
    assert len(cohen.asked) == 1
    with pytest.raises(DatasetError, match="already exists"):
        _fetch(cohen, tmp_path / "cohen", "0" * 64)


def test_fetch_cohen_resumes_and_verifies(cohen: Remote, tmp_path: Path) -> None:
    cohen.cuts = [200_000]
    digest = sha256(cohen.content).hexdigest()
    with pytest.raises(DatasetError, match="could not be downloaded"):
        _fetch(cohen, tmp_path / "cohen", digest)
    assert _names(tmp_path) == {"cohen.zip.part", "cohen.zip.json"}
    assert _fetch(cohen, tmp_path / "cohen", digest).digest_was_given
    assert cohen.asked[1]["range"] == "bytes=200000-"
    assert _names(tmp_path) == {"cohen"}


def test_fetch_cohen_removes_what_is_corrupted(cohen: Remote, tmp_path: Path) -> None:
    digest = sha256(cohen.content).hexdigest()
    cohen.content = cohen.content[:-1] + b"!"
    with pytest.raises(DatasetError, match="SHA-256"):
        _fetch(cohen, tmp_path / "cohen", digest)
    assert _names(tmp_path) == set()


@pytest.mark.parametrize(
    "content",
    [b"<html>sign in</html>", _zip({TOP + "README.md": b""}), _cohen(**{"../evil": b""})],
    ids=["page", "another archive", "unsafe"],
)
def test_fetch_cohen_leaves_nothing_of_a_bad_archive(
    remote: Remote, tmp_path: Path, content: bytes
) -> None:
    remote.content = content
    with pytest.raises(DatasetError):
        _fetch(remote, tmp_path / "cohen")
    assert _names(tmp_path) == set()


def test_fetch_cohen_keeps_the_download_when_the_disk_is_full(
    cohen: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=1000))
        with pytest.raises(CovidDError, match="are free") as caught:
            _fetch(cohen, tmp_path / "cohen")
    assert "kept" in caught.value.next_step
    _fetch(cohen, tmp_path / "cohen")
    assert len(cohen.asked) == 1
    assert _names(tmp_path) == {"cohen"}


def test_fetch_cohen_keeps_the_download_after_ctrl_c(
    cohen: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "copyfileobj", interrupted)
        with pytest.raises(KeyboardInterrupt):
            _fetch(cohen, tmp_path / "cohen")
    assert _names(tmp_path) == {"cohen.zip", "cohen.zip.json"}
    _fetch(cohen, tmp_path / "cohen")
    assert len(cohen.asked) == 1


def test_fetch_cohen_never_touches_a_folder_with_something_in_it(
    cohen: Remote, tmp_path: Path
) -> None:
    (tmp_path / "cohen").mkdir()
    (tmp_path / "cohen" / "notes.txt").write_text("mine")
    with pytest.raises(DatasetError, match="already exists"):
        _fetch(cohen, tmp_path / "cohen")
    assert cohen.asked == []


def test_the_default_address_is_pinned() -> None:
    assert re.fullmatch(r"[0-9a-f]{40}", COHEN_COMMIT)
    assert httpx.URL(COHEN_ARCHIVE).host == "github.com"
    assert COHEN_ARCHIVE.endswith(f"/{COHEN_COMMIT}.zip")


def test_kermany_instructions_say_account_command_and_folder() -> None:
    for needed in ("account", "kaggle datasets download", "chest_xray", "--kermany", "CC BY 4.0"):
        assert needed in KERMANY_INSTRUCTIONS
