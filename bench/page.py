"""The page under load: 1,000 protected machines with 10,000 recovery points, and 200 events a second for a minute.

The world is real and serves the page; its machines and points are documents, copies of one item that was backed up, and
its events are recorded by a thread of it. A Chromium looks at the overview, and then at the events. How long its main
thread was blocked is how late a timer of 10 ms fires. What it is late by before any event comes, in the same tab, is
what the machine does to it. Long tasks, heap, nodes and how long scripts, styles and layout took are Chromium's own
numbers. Needs Chromium and Playwright, as the tests of the page do.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil

from bench.report import Aim, finish, say
from controlplane.domain.arm_id import container_name, item_id, item_name
from controlplane.domain.events.service import WorldPaced
from controlplane.domain.recovery_services import recovery_point
from controlplane.domain.recovery_services.protected_item import KIND as ITEMS
from controlplane.json_object import Json
from simulator.client import Client
from simulator.scenario import Scenario
from simulator.world import Config, World, build

MACHINES, POINTS_EACH, EVENTS_PER_SECOND = 1_000, 10, 200
BLOCKED_MILLISECONDS = 50.0
STILL_SHARE = 0.25
"""Of the time that events come: how long it is looked at before."""
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
VIEWS = ("", "events")
WATCH = """() => {
  window.late = []; window.long = [];
  new PerformanceObserver((list) => { for (const each of list.getEntries()) window.long.push(each.duration); })
    .observe({ type: "longtask" });
  let due = performance.now() + 10;
  setInterval(() => { const now = performance.now(); window.late.push(Math.max(0, now - due)); due = now + 10; }, 10);
}"""


def measure(seconds: float) -> tuple[list[Aim], Json]:
    with (
        TemporaryDirectory(prefix="backupsim-bench-") as name,
        build(Config(state=Path(name) / "world")) as world,
        Client(world.endpoints) as client,
    ):
        item, vault = _protected(client)
        _fill(world, vault, item)
        say(f"{MACHINES} machines with {MACHINES * POINTS_EACH} recovery points are there")
        shown = {view or "overview": _looked_at(world, client.page_address, view, seconds) for view in VIEWS}
    blocked = max(each["blocked_p99_milliseconds"] for each in shown.values())
    return [Aim("main thread blocked, p99", round(blocked, 1), BLOCKED_MILLISECONDS, "at most", "ms")], shown


def _protected(client: Client) -> tuple[str, str]:
    """The ids of an item that was backed up once, and of its vault."""
    scenario = Scenario(client)
    scenario.protect(scenario.create_machine())
    scenario.back_up(scenario.item_id())
    return scenario.item_id(), scenario.vault_id


def _fill(world: World, vault: str, item: str) -> None:
    store = world.store
    first = store.get(ITEMS, item)
    point = next(iter(store.find(recovery_point.KIND)))
    assert first is not None
    group = item.split("/")[4]
    with store.transaction():
        for number in range(1, MACHINES):
            name, body = f"vm{number:05}", deepcopy(first.json())
            body["id"], body["name"] = item_id(vault, group, name), item_name(group, name)
            container = container_name(group, name).partition(";")[2]
            body["properties"] |= {"friendlyName": name, "containerName": container}
            store.put(ITEMS, body["id"], body, parent=first.parent, private=first.private)
            for copy in range(POINTS_EACH):
                told = deepcopy(point.json())
                told["name"] = f"{number:05}{copy:05}"
                told["id"] = f"{body['id']}/recoveryPoints/{told['name']}"
                store.put(recovery_point.KIND, told["id"], told, parent=body["id"], private=point.private)


def _looked_at(world: World, address: Any, view: str, seconds: float) -> Json:
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, BROWSERS)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page()
        began = time.perf_counter()
        page.goto(address())
        page.goto(f"{world.endpoints['dashboard']}{view}")
        page.locator("#live", has_text="live").wait_for()
        opened = time.perf_counter() - began
        page.evaluate(WATCH)
        page.wait_for_timeout(seconds * 1000 * STILL_SHARE)
        still = page.evaluate("() => { const late = window.late; window.late = []; window.long = []; return late; }")
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable")
        before = _state(session)
        with _events(world) as recorded:
            page.wait_for_timeout(seconds * 1000)
        after = _state(session)
        late, long = page.evaluate("() => [window.late, window.long]")
        browser.close()
    late.sort()
    still.sort()
    return {
        "events": recorded[0],
        "opened_seconds": round(opened, 2),
        "still_p99_milliseconds": round(still[int(len(still) * 0.99)], 1),
        "blocked_p50_milliseconds": round(late[len(late) // 2], 1),
        "blocked_p99_milliseconds": round(late[int(len(late) * 0.99)], 1),
        "blocked_most_milliseconds": round(late[-1], 1),
        "long_tasks": len(long),
        "longest_task_milliseconds": round(max(long, default=0.0), 1),
        "before": before,
        "after": after,
    }


@contextmanager
def _events(world: World) -> Iterator[list[int]]:
    """So many a second while this is open, in steps of 20 ms; how many there were."""
    ends, recorded, due = threading.Event(), [0], time.monotonic()
    step = EVENTS_PER_SECOND // 50

    def record() -> None:
        nonlocal due
        while not ends.wait(max(0.0, due - time.monotonic())):
            due += 0.02
            with world.store.transaction():
                for _ in range(step):
                    world.store.record(WorldPaced(0.0, {}, False, []).event())
            recorded[0] += step

    thread = threading.Thread(target=record, name="bench-events")
    thread.start()
    try:
        yield recorded
    finally:
        ends.set()
        thread.join()


def _state(session: Any) -> Json:
    """Of the tab by Chromium's own numbers, of its process and of ours by the system's, in MiB."""
    metrics = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
    own = psutil.Process(os.getpid())
    tabs = [each for each in own.children(recursive=True) if "--type=renderer" in " ".join(each.cmdline())]
    return {
        "heap_mib": round(metrics["JSHeapUsedSize"] / 2**20, 1),
        "spent_seconds": {
            name: round(metrics[f"{name}Duration"], 2) for name in ("Script", "RecalcStyle", "Layout", "Task")
        },
        "nodes": int(metrics["Nodes"]),
        "tab_mib": round(sum(each.memory_info().rss for each in tabs) / 2**20, 1),
        "world_mib": round(own.memory_info().rss / 2**20, 1),
    }


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python3 bench page", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args(arguments)
    if not any(map(shutil.which, BROWSERS)) or find_spec("playwright") is None:
        say("no Chromium or no Playwright; on Debian: apt install chromium, and pip install playwright")
        return 1
    aims, numbers = measure(options.seconds)
    for view, shown in numbers.items():
        say(f"{view}: {shown}")
    return finish("page", aims, numbers)


if __name__ == "__main__":
    sys.exit(main())
