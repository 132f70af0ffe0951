"""The first process of a machine's namespaces: brings up its addresses and folders, and runs what is to run in it.

It runs as `python inside.py ORDER` under `unshare`, with the standard library alone. ORDER is JSON:

    {"channel": number of an open socket, "listen": [[address, port], ...], "bind": [[folder, over], ...],
     "command": [...]}

It makes the listening sockets, which belong to this network, and sends them through the channel to whoever serves them
from outside; one byte back says that they are served. When the channel ends, so does everything here: with this process
the kernel ends all others of its namespace, and the namespaces, their addresses and mounts go with them.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading

ENDED_FROM_OUTSIDE = 143
"""As a shell tells of a program that SIGTERM ended."""


def listening(address: str, port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((address, port))
    made.listen(64)
    return made


def prepare(addresses: list[str], bind: list[list[str]]) -> None:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for address in addresses:
        if address != "127.0.0.1":
            subprocess.run(["ip", "address", "add", f"{address}/32", "dev", "lo"], check=True)
    for folder, over in bind:
        subprocess.run(["mount", "--bind", folder, over], check=True)


def end_with(channel: socket.socket) -> None:
    channel.recv(1)
    os._exit(ENDED_FROM_OUTSIDE)


def main() -> int:
    order = json.loads(sys.argv[1])
    listen = [(str(address), int(port)) for address, port in order["listen"]]
    prepare(list(dict.fromkeys(address for address, _ in listen)), order["bind"])
    channel = socket.socket(fileno=order["channel"])
    sockets = [listening(address, port) for address, port in listen]
    socket.send_fds(channel, [b"."], [each.fileno() for each in sockets])
    for each in sockets:
        each.close()
    if channel.recv(1) != b".":
        return ENDED_FROM_OUTSIDE
    threading.Thread(target=end_with, args=(channel,), daemon=True).start()
    child = subprocess.Popen(order["command"])
    for number in (signal.SIGINT, signal.SIGQUIT):  # a terminal sends them to the program as well
        signal.signal(number, signal.SIG_IGN)
    while True:
        ended, status = os.wait()  # orphans of this namespace become children of its first process
        if ended == child.pid:
            return os.waitstatus_to_exitcode(status) % 256


if __name__ == "__main__":
    sys.exit(main())
