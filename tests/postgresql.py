"""A PostgreSQL server for the tests: the machine's own programs, in a folder of its own, and gone with the tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from itertools import count
from pathlib import Path

import sqlalchemy as sa

DEBIAN = Path("/usr/lib/postgresql")
PATIENCE_SECONDS = 60.0
USER = "world"
SETTINGS = {"listen_addresses": "", "fsync": "off", "max_connections": "200", "shared_buffers": "32MB"}
"""Reached by its socket alone. What a power cut would cost is lost with the folder anyway."""


def programs() -> Path | None:
    """The folder with the programs of a server; None where there is none."""
    on_path = shutil.which("initdb")
    if on_path is not None:
        return Path(on_path).resolve().parent
    installed = [path.parent for path in DEBIAN.glob("*/bin/initdb")]
    return max(installed, key=lambda path: int(path.parent.name), default=None)


class PostgreSQL:
    """A running server."""

    def __init__(self, folder_of_programs: Path) -> None:
        self._numbers = count(1)
        self._folder = Path(tempfile.mkdtemp(prefix="backupsim-pg-"))  # the path of a socket must be short
        data = self._folder / "data"
        # It refuses to run as root.
        owner = "postgres" if os.geteuid() == 0 else None
        if owner is not None:
            shutil.chown(self._folder, owner)
        options = ("-U", USER, "--auth=trust", "--no-sync", "--encoding=UTF8")
        made = (folder_of_programs / "initdb", "-D", data, *options)
        subprocess.run(made, user=owner, cwd=self._folder, capture_output=True, check=True)
        settings = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
        self._process = subprocess.Popen(
            [folder_of_programs / "postgres", "-D", data, "-k", self._folder, *settings],
            user=owner,
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._engine = sa.create_engine(self._address("postgres"), isolation_level="AUTOCOMMIT")
        self._wait_until_ready()

    def new_database(self) -> str:
        """The address of an empty one."""
        name = f"world{next(self._numbers)}"
        with self._engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        return self._address(name)

    def close(self) -> None:
        self._engine.dispose()
        self._process.terminate()
        try:
            self._process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._folder)

    def _address(self, database: str) -> str:
        return f"postgresql+psycopg://{USER}@/{database}?host={self._folder}"

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                self._engine.connect().close()
                return
            except sa.exc.OperationalError:
                assert self._process.poll() is None, "the server has ended"
                assert time.monotonic() < deadline, "the server does not answer"
                time.sleep(0.02)  # another process, which has no clock of ours
