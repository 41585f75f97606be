"""A real S3-compatible store on this machine: OpenStack Swift with its S3 interface, by Debian.

Proxy, account, container and object server run as processes of their own over one folder, with one
copy of everything. Nothing of theirs lies outside of the folder.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import real_parts
from ports import own_port

PYTHON: Final = "/usr/bin/python3"  # Debian's, which has Debian's packages
KEY: Final = "test:tester"
SECRET: Final = "testing"
_LONGEST: Final = 300.0
# The programs read /etc/swift/swift.conf, wherever the rest of their settings lies.
_RUN: Final = """
import sys
import swift.common.utils
from swift.common import storage_policy
swift.common.utils.SWIFT_CONF_FILE = sys.argv[1] + "/swift.conf"
swift.common.utils.validate_configuration = swift.common.utils.validate_hash_conf
storage_policy.reload_storage_policies()
from swift.common.wsgi import run_wsgi
sys.exit(run_wsgi(sys.argv[2], sys.argv[3]))
"""
_RING: Final = """
import sys
from swift.common.ring import RingBuilder
folder, kind, port = sys.argv[1:]
ring = RingBuilder(4, 1, 1)
ring.add_dev({"region": 1, "zone": 1, "ip": "127.0.0.1", "port": int(port), "device": "disk",
              "weight": 1.0, "replication_ip": "127.0.0.1", "replication_port": int(port)})
ring.rebalance()
ring.get_ring().save(f"{folder}/{kind}.ring.gz")
"""
_PROXY: Final = f"""
[pipeline:main]
pipeline = catch_errors cache s3api tempauth slo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:{{memcached}}
[filter:s3api]
use = egg:swift#s3api
s3_acl = false
max_bucket_listing = 50
[filter:slo]
use = egg:swift#slo
[filter:tempauth]
use = egg:swift#tempauth
user_{KEY.replace(":", "_")} = {SECRET} .admin
"""
_STORAGE: Final = """
[pipeline:main]
pipeline = {kind}-server
[app:{kind}-server]
use = egg:swift#{kind}
"""


@dataclass(frozen=True, slots=True)
class S3Server:
    """A store that runs.

    Parameters
    ----------
    endpoint
        Its address.
    proxy
        The process that answers; the store is gone while it is stopped.
    """

    endpoint: str
    proxy: subprocess.Popen[bytes]

    @property
    def environment(self) -> Mapping[str, str]:
        """What programs must find in their environment to use it."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": "us-east-1",
        }


@contextmanager
def s3_server(folder: Path) -> Iterator[S3Server]:
    """Run a store over a folder while it lasts; without Swift see ``real_parts.lacking``."""
    found = subprocess.run(
        [PYTHON, "-c", "import swift.common.middleware.s3api"], capture_output=True
    )
    memcached = shutil.which("memcached")
    if found.returncode != 0 or memcached is None:
        real_parts.lacking("OpenStack Swift or memcached is not installed")
    (folder / "data" / "disk").mkdir(parents=True)
    (folder / "swift.conf").write_text(
        "[swift-hash]\nswift_hash_path_suffix = tests\n[storage-policy:0]\nname = one\n"
        "default = yes\n"
    )
    cache, *others = (own_port() for _ in range(5))
    ports = dict(zip(("account", "container", "object", "proxy"), others, strict=True))
    with ExitStack() as stack:
        words_of_cache = [memcached, "-l", "127.0.0.1", "-p", str(cache), "-u", _user(), "-m", "16"]
        stack.enter_context(_running(folder, "memcached", cache, words_of_cache))
        processes = {}
        for kind, port in ports.items():
            words = (
                _PROXY.format(memcached=cache) if kind == "proxy" else _STORAGE.format(kind=kind)
            )
            head = (
                f"[DEFAULT]\nbind_ip = 127.0.0.1\nbind_port = {port}\nworkers = 0\n"
                f"user = {_user()}\nswift_dir = {folder}\ndevices = {folder / 'data'}\n"
                "mount_check = false\ndisable_fallocate = true\n"
            )
            (folder / f"{kind}.conf").write_text(head + words)
            if kind != "proxy":
                subprocess.run([PYTHON, "-c", _RING, folder, kind, str(port)], check=True)
            command: list[str | Path] = [
                PYTHON,
                "-c",
                _RUN,
                folder,
                folder / f"{kind}.conf",
                f"{kind}-server",
            ]
            processes[kind] = stack.enter_context(_running(folder, kind, port, command))
        yield S3Server(f"http://127.0.0.1:{ports['proxy']}", processes["proxy"])


@contextmanager
def _running(
    folder: Path, kind: str, port: int, command: Sequence[str | Path]
) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / f"{kind}.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            stdout=log,
            stderr=log,
            env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        )
    try:
        began = time.monotonic()
        while not _answers(port):
            if process.poll() is not None or time.monotonic() - began > _LONGEST:
                raise RuntimeError((folder / f"{kind}.log").read_text(errors="replace")[-2000:])
            time.sleep(0.05)
        yield process
    finally:
        process.kill()
        process.wait()


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
        return True
    return False


def _user() -> str:
    import pwd

    return pwd.getpwuid(os.getuid()).pw_name


def create_bucket(server: S3Server, name: str) -> None:
    """Create a bucket, signed as any S3 client signs."""
    from urllib.request import Request, urlopen

    request = Request(f"{server.endpoint}/{name}", method="PUT", headers=_signed(server, name))
    with urlopen(request, timeout=_LONGEST):
        return


def _signed(server: S3Server, name: str) -> dict[str, str]:
    """Return the headers of a signed PUT of a bucket (AWS Signature, version 4)."""
    import hashlib
    import hmac
    from datetime import UTC, datetime

    now = datetime.now(UTC)
    stamp, day, host = f"{now:%Y%m%dT%H%M%SZ}", f"{now:%Y%m%d}", server.endpoint.split("//")[1]
    empty = hashlib.sha256(b"").hexdigest()
    headers = f"host:{host}\nx-amz-content-sha256:{empty}\nx-amz-date:{stamp}\n"
    names = "host;x-amz-content-sha256;x-amz-date"
    asked = f"PUT\n/{name}\n\n{headers}\n{names}\n{empty}"
    scope = f"{day}/us-east-1/s3/aws4_request"
    said = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(asked.encode()).hexdigest()}"
    key = f"AWS4{SECRET}".encode()
    for word in scope.split("/"):
        key = hmac.new(key, word.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, said.encode(), hashlib.sha256).hexdigest()
    return {
        "x-amz-date": stamp,
        "x-amz-content-sha256": empty,
        "Authorization": f"AWS4-HMAC-SHA256 Credential={KEY}/{scope}, SignedHeaders={names}, "
        f"Signature={signature}",
    }
