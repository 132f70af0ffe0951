"""A program of its own: an interpreter that has loaded what handlers load first, and forks for each command of one.

The world starts it as `python -I warm_interpreter.py FD ROOM` and asks it for commands over the socket FD, one
message each. The parent never reads a message: it forks, and the child takes the message and with it the file for its
output. So nothing of a command, its environment least of all, is ever in the memory from which the next one is forked.

The child becomes what `python -I FOLDER COMMAND` would be: it leads a session, has the environment, the folder, the
arguments and the output that it was given, no other open file, and the same to show in /proc, where processes are told
by their environment. Then it runs FOLDER as the main program, and ends as an interpreter ends.

The parent sends `number process-id` when a command has begun and `number process-id code` when it has ended, a negative
code being the signal. It ends when the world does, or when nobody has asked it for long.

Standard library only, and not imported by anything: what it loads is in every handler that it forks.
"""

from __future__ import annotations

import binascii
import collections.abc
import contextlib
import ctypes
import datetime
import decimal
import enum
import functools
import gc
import json
import os
import pathlib
import pkgutil
import re
import runpy
import select
import socket
import subprocess
import sys
import threading
import time
import types
import typing
import urllib.parse
import warnings

PRELOADED = (
    (binascii, collections.abc, datetime, decimal, enum, functools, pkgutil, re),
    (subprocess, threading, time, types, urllib.parse, warnings),
)
"""What nothing below needs, and a handler does."""

READY = b"ready"
MESSAGE_BYTES = 128 * 1024
IDLE_SECONDS = 600
"""So long after its last command it ends."""


class Order(typing.NamedTuple):
    """What the child is to become."""

    number: int
    folder: str
    """Of the package, which is run as the main program."""
    arguments: list[str]
    """All that /proc shows, the interpreter first; the program sees those behind the folder."""
    working_folder: str
    environment: dict[str, str]


def serve(control: socket.socket) -> Order | None:
    """Fork for each message. Returns in a child, with what it is to run; None in the parent, when it is to end."""
    children: dict[int, tuple[int, int]] = {}
    poller = select.poll()
    poller.register(control, select.POLLIN)
    control.send(READY)
    while True:
        ready = poller.poll(IDLE_SECONDS * 1000)
        if not ready and not children:
            return None
        for descriptor, _ in ready:
            if descriptor in children:
                poller.unregister(descriptor)
                _tell_of_end(control, descriptor, *children.pop(descriptor))
            elif not control.recv(1, socket.MSG_PEEK):
                return None
            else:
                begun = _fork(control)
                if isinstance(begun, Order):
                    return begun
                number, process = begun
                watched = os.pidfd_open(process)
                children[watched] = number, process
                poller.register(watched, select.POLLIN)
                control.send(f"{number} {process}".encode())


def _fork(control: socket.socket) -> Order | tuple[int, int]:
    """In the child its order; in the parent number and process id of the command, once the child has its message."""
    taken, taking = os.pipe()
    process = os.fork()
    if process == 0:
        order = _take(control)
        os.write(taking, str(order.number).encode())
        return order
    os.close(taking)
    number = os.read(taken, 32)
    os.close(taken)
    return int(number), process


def _take(control: socket.socket) -> Order:
    os.setsid()
    message, (output, errors), _, _ = socket.recv_fds(control, MESSAGE_BYTES, 2)
    order = Order(**json.loads(message))
    nothing = os.open(os.devnull, os.O_RDONLY)
    for descriptor, stream in ((nothing, 0), (output, 1), (errors, 2)):
        os.dup2(descriptor, stream)
    return order


def _tell_of_end(control: socket.socket, watched: int, number: int, process: int) -> None:
    os.close(watched)
    _, status = os.waitpid(process, 0)
    control.send(f"{number} {process} {os.waitstatus_to_exitcode(status)}".encode())


def become(order: Order, control: socket.socket) -> None:
    """Leave everything behind that is the parent's."""
    for descriptor in map(int, os.listdir("/proc/self/fd")):
        if descriptor > 2:
            with contextlib.suppress(OSError):  # the one by which the folder was listed
                os.close(descriptor)
    control.detach()
    os.environ.clear()
    _show(order)  # after that, since the cleared variables lay where the shown ones are written
    os.environ.update(order.environment)
    os.chdir(order.working_folder)
    sys.orig_argv[:] = order.arguments
    sys.argv[:] = order.arguments[order.arguments.index(order.folder) :]


def _show(order: Order) -> None:
    """Write arguments and environment where /proc reads them: into the room that the parent was started with."""
    fields = pathlib.Path("/proc/self/stat").read_bytes().rpartition(b")")[2].split()
    # The fields 48 to 51 of proc_pid_stat(5), of which the first two are in front of the bracket.
    first_argument, last_argument, first_variable, last_variable = map(int, fields[45:49])
    variables = [f"{name}={value}" for name, value in order.environment.items()]
    _put(first_argument, last_argument, order.arguments)
    _put(first_variable, last_variable, variables)


def _put(start: int, end: int, texts: list[str]) -> None:
    content = b"".join(os.fsencode(text) + b"\0" for text in texts)
    assert len(content) <= end - start
    ctypes.memset(start, 0, end - start)
    ctypes.memmove(start, content, len(content))


def main() -> str | None:
    """What is to be run, in a child."""
    with socket.socket(fileno=int(sys.argv[1])) as control:
        gc.freeze()  # what is loaded stays as it is, and the memory that it lies in is shared with the children
        order = serve(control)
        if order is not None:
            become(order, control)
    return order and order.folder


if __name__ == "__main__":
    folder = main()
    if folder is not None:
        runpy.run_path(folder, run_name="__main__")
