"""A real PostgreSQL server for tests, in a temporary folder, on a free local port."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import real_parts
from ports import own_port


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running server; ``new_database`` gives each test its own."""

    port: int

    def new_database(self, *, like: str | None = None) -> str:
        """Make a database, empty or a copy of the one at the URL ``like``; return its URL.

        Nobody may be connected to the one that is copied.
        """
        import psycopg  # the clinic's own install has SQLite alone

        name = f"test_{uuid.uuid4().hex}"
        template = f' TEMPLATE "{like.rpartition("/")[2]}"' if like else ""
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"{template}')
        return self._url(name)

    def _url(self, database: str) -> str:
        return f"postgresql://clinic@127.0.0.1:{self.port}/{database}"

    @classmethod
    @contextmanager
    def running(cls) -> Iterator[PostgresServer]:
        """Start a server and stop it afterwards; without PostgreSQL see ``real_parts.lacking``."""
        programs = _programs()
        if programs is None:
            real_parts.lacking("PostgreSQL's server programs (initdb, pg_ctl) are not installed")
        # Not pytest's folder: the server's own user must be able to enter it.
        folder = Path(tempfile.mkdtemp(prefix="covid-d-postgres-"))
        user = _server_user()
        if user:
            shutil.chown(folder, user)
        port = own_port()
        data = folder / "data"
        try:
            _run(user, programs / "initdb", "-D", data, "-U", "clinic", "-A", "trust", "-E", "UTF8")
            options = f"-c listen_addresses=127.0.0.1 -c port={port} -c fsync=off -k {folder}"
            start = (programs / "pg_ctl", "-D", data, "-w", "-t", "300", "-l", folder / "log")
            _run(user, *start, "-o", options, "start")
            try:
                yield cls(port)
            finally:
                _run(user, programs / "pg_ctl", "-D", data, "-m", "immediate", "stop")
        finally:
            # A database for each of hundreds of tests: 40 s, for which nobody need wait.
            subprocess.run(
                ["sh", "-c", 'rm -rf "$0" &', str(folder)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                check=False,
            )


def _programs() -> Path | None:
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return versions[-1].parent if versions else None


def _server_user() -> str | None:
    """PostgreSQL refuses to run as root; Debian's package brings a user for it."""
    return "postgres" if hasattr(os, "geteuid") and os.geteuid() == 0 else None


def _run(user: str | None, *words: object) -> None:
    prefix = ["runuser", "-u", user, "--"] if user else []
    subprocess.run([*prefix, *map(str, words)], check=True, stdout=subprocess.DEVNULL, cwd="/")
