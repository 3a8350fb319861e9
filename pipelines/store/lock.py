"""One writer at a time, by a kernel file lock that dies with its process."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from pipelines.errors import StoreError, StoreLocked

_POLL_SECONDS = 0.05


@contextlib.contextmanager
def writer_lock(store: Path, wait: timedelta) -> Iterator[None]:
    """Hold the store's writer lock (`<store>.lock`); wait at most `wait` for it.

    The lock file names its holder, for the message of whoever comes second; it is left in place,
    because removing it would let two writers lock two different files.

    Raises `StoreLocked` naming the holder's process, host and command.
    """
    path = store.with_name(store.name + ".lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise StoreError(
            f"the store's folder cannot be written to: {os.strerror(error.errno or 0)}",
            where=str(path.parent),
            expected="a folder that this user may write to, with room for the store",
            hint="free some space, change the folder's rights, or name another file under `store:`",
        ) from None
    try:
        _acquire(descriptor, path, store, wait)
        holder = {"pid": os.getpid(), "host": socket.gethostname(), "command": Path(sys.argv[0]).name}
        os.ftruncate(descriptor, 0)
        with contextlib.suppress(OSError):  # a full disk takes no note; whoever needs room will say so
            os.pwrite(descriptor, json.dumps(holder).encode(), 0)
        yield
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, path: Path, store: Path, wait: timedelta) -> None:
    deadline = time.monotonic() + wait.total_seconds()
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                raise
        else:
            return
        if time.monotonic() >= deadline:
            raise StoreLocked(
                f"another process is writing to this store: {_holder(path)}",
                where=str(store),
                expected="one writer at a time",
                hint="wait for it to finish, or let this command wait: --wait 5m",
            )
        time.sleep(_POLL_SECONDS)


def _holder(path: Path) -> str:
    try:
        holder = json.loads(path.read_text())
        return f"process {holder['pid']} on {holder['host']} ({holder['command']})"
    except (OSError, ValueError, KeyError):
        return "its holder has not said who it is"
