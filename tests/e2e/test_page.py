"""The page of a world in a real browser: a person signs in, backs up, and sees the freeze window to scale."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from simulator.scenario import Scenario
from tests.e2e.browser import Visit, browser, visit
from tests.e2e.conftest import ROOT, backupsim
from tests.e2e.running import Up, eventually, protected, up

if TYPE_CHECKING:
    from playwright.sync_api import Browser

GUIDE = ROOT / "docs/page.md"
SCHEMA = ROOT / "docs/schemas/record.schema.json"
HELD = "Take Snapshot"
IDLE_MILLISECONDS = 10_000
WITHIN = 0.01
"""Of the length of a freeze window."""
SCREENSHOTS = os.environ.get("BACKUPSIM_TEST_SCREENSHOTS")
"""A folder for pictures of what was seen."""
VIEWS = {name: f"/_page/{name}" for name in ("policies", "clock", "faults", "events", "resources", "lectern")}
LINKED = ("machines", "points")
"""Views of one machine or item, to which the overview has a link."""
SIZES = {"phone": (360, 740), "desktop": (1280, 900), "4k": (3840, 2160)}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as started:
        yield started


@dataclass
class World:
    up: Up
    scenario: Scenario

    @property
    def page(self) -> str:
        return str(self.up.client.endpoints["dashboard"])

    def events(self, job: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.up.client.sim("GET", "/events", job=job, limit="5000")["events"]
        return found


@pytest.fixture(scope="module")
def world(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with up(tmp_path_factory.mktemp("page") / "world") as started:
        yield World(started, protected(started.client))


@pytest.fixture
def visitor(chromium: Browser, world: World) -> Iterator[Visit]:
    """Signed in, on the overview; nothing may be asked of another host, and nothing complained of."""
    with visit(chromium) as made:
        made.page.goto(world.up.client.page_address())
        yield made
        assert made.foreign_requests(world.page) == []
        assert made.complaints == []


@pytest.fixture(scope="module")
def job(world: World) -> str:
    """A backup that has completed."""
    return world.scenario.back_up(world.scenario.item_id()).id


def picture(made: Visit, name: str) -> None:
    if SCREENSHOTS:
        made.page.screenshot(path=Path(SCREENSHOTS) / f"{name}.png", full_page=True)


def numbers(made: Visit, selector: str, *names: str) -> list[float]:
    """Attributes of the first drawn element of this kind."""
    found = made.page.locator(selector).first
    return [float(found.get_attribute(name) or "nan") for name in names]


def test_a_code_signs_in_once_and_leaves_no_token_in_the_address(chromium: Browser, world: World) -> None:
    address = world.up.client.page_address()
    with visit(chromium) as first, visit(chromium) as second:
        first.page.goto(address)
        assert first.page.url == world.page
        (cookie,) = first.context.cookies()
        assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Strict", "/_page")
        assert world.up.client.endpoints["sim_token"] not in first.page.content()
        second.page.goto(address)
        assert second.page.get_by_role("alert").is_visible()
        second.page.goto(world.page)
        assert second.page.url == f"{world.page}sign-in"
        code = world.up.client.page_address().rpartition("=")[2]
        second.page.get_by_role("textbox").fill(code)
        second.page.get_by_role("button").click()
        second.page.wait_for_url(world.page)


def test_the_freeze_window_appears_while_it_happens(visitor: Visit, world: World) -> None:
    world.up.client.sim("POST", "/pace", {"hold": [HELD]})
    try:
        visitor.page.get_by_role("button", name="Back up now").click()
        visitor.page.wait_for_url(re.compile(r"/jobs/"))
        visitor.page.locator("[data-event]").first.wait_for()
        assert visitor.page.locator("[data-freeze]").count() == 0
        assert visitor.page.locator("[data-part=status]").inner_text() == "InProgress"
    finally:
        world.up.client.sim("POST", "/pace", {"release": [HELD]})
    visitor.page.locator("[data-freeze]").wait_for()
    visitor.page.locator("[data-part=status]", has_text="Completed").wait_for()
    job = visitor.page.url.rpartition("/")[2]
    visitor.page.locator("[data-snapshot]").first.wait_for()
    assert_drawn_to_scale(visitor, world.events(job))
    assert visitor.page.locator("#disks progress").count() == visitor.page.locator("[data-snapshot]").count()


def assert_drawn_to_scale(visitor: Visit, events: list[dict[str, Any]]) -> None:
    """Where freeze, thaw and each snapshot are drawn is where their events say that they were."""
    by_name = {event["name"]: event for event in events}
    frozen, thawed = by_name["vss.frozen"], by_name["vss.thawed"]
    begin, end = frozen["monotonic_seconds"], thawed["monotonic_seconds"]
    left, width = numbers(visitor, "[data-freeze]", "x", "width")

    def share(seconds: float) -> float:
        return float((seconds - begin) / (end - begin))

    for event in (frozen, thawed):
        (drawn,) = numbers(visitor, f'[data-event="{event["id"]}"]', "data-x")
        assert abs((drawn - left) / width - share(event["monotonic_seconds"])) < WITHIN
    found = [event for event in events if event["name"] == "snapshot.found"]
    assert len(found) == visitor.page.locator("[data-snapshot]").count() > 1
    since = datetime.fromisoformat(frozen["data"]["real_time"])
    for event in found:
        stamp = datetime.fromisoformat(event["data"]["snapshot"][:26] + "+00:00")
        (drawn,) = numbers(visitor, f'[data-snapshot="{event["data"]["disk"]}"]', "x")
        taken = begin + (stamp - since).total_seconds()
        assert begin - 0.001 <= taken <= end, "a snapshot lies in the window, but for the storage's whole milliseconds"
        if taken >= begin:
            assert abs((drawn - left) / width - share(taken)) < WITHIN


@pytest.mark.slow
def test_a_failed_job_shows_what_helps(visitor: Visit, world: World) -> None:
    world.up.client.sim("POST", "/faults/set", {"fault": "snapshots-only-by-host"})
    try:
        name = world.scenario.start_backup(world.scenario.item_id())
        path = f"{world.scenario.vault_id}/backupJobs/{name}"
        ended = world.up.client.wait_for(path, lambda body: "endTime" in body["properties"])
    finally:
        world.up.client.sim("POST", "/faults/clear", {"all": True})
    error = ended["properties"]["errorDetails"][0]
    visitor.page.goto(f"{world.page}jobs/{name}")
    shown = visitor.page.locator("[data-part=errors]").inner_text()
    assert error["errorString"] in shown
    assert error["recommendations"][0] in shown
    assert visitor.page.locator(".mark.bad").count() > 0
    picture(visitor, "failed")


@pytest.mark.slow
def test_the_picture_is_worked_by_keys(visitor: Visit, world: World, job: str) -> None:
    visitor.page.goto(f"{world.page}jobs/{job}")
    visitor.page.locator("[data-freeze]").wait_for()
    (narrow,) = numbers(visitor, "[data-freeze]", "width")
    visitor.page.locator("[data-part=stage]").focus()
    visitor.page.keyboard.press("f")
    (wide,) = numbers(visitor, "[data-freeze]", "width")
    visitor.page.keyboard.press("+")
    (wider,) = numbers(visitor, "[data-freeze]", "width")
    visitor.page.keyboard.press("0")
    assert narrow < wide < wider
    assert numbers(visitor, "[data-freeze]", "width") == [narrow]
    visitor.page.get_by_role("button", name="vss.frozen").press("Enter")
    chosen = json.loads(visitor.page.locator("[data-part=chosen]").inner_text())
    assert chosen["name"] == "vss.frozen"


@pytest.mark.slow
def test_the_clock_is_advanced_and_a_fault_set_and_cleared(visitor: Visit, world: World) -> None:
    visitor.page.goto(f"{world.page}clock")
    before = visitor.page.locator("time").get_attribute("datetime") or ""
    visitor.page.get_by_role("button", name="Advance 1h").click()
    visitor.page.wait_for_function(
        "before => new Date(document.querySelector('time').dateTime) - new Date(before) >= 3600000", arg=before
    )
    visitor.page.goto(f"{world.page}faults")
    visitor.page.get_by_role("button", name="Set: snapshots-only-by-host").click()
    clear = visitor.page.get_by_role("button", name="Clear", exact=True)
    clear.wait_for()
    assert [each["fault"] for each in world.up.client.sim("GET", "/faults")["set"]] == ["snapshots-only-by-host"]
    clear.click()
    visitor.page.get_by_text("No fault is set.").wait_for()
    assert world.up.client.sim("GET", "/faults")["set"] == []


@pytest.mark.slow
def test_a_machine_shows_what_runs_in_it_and_what_changed_on_its_disks(visitor: Visit, world: World, job: str) -> None:
    world.scenario.work(world.scenario.machine_id(), transactions=5)
    visitor.page.get_by_role("link", name="sql01").click()
    visitor.page.get_by_role("rowheader", name="SqlServerWriter").wait_for()
    disks = world.up.client.sim("GET", "/vms/map", vm="sql01")["disks"]
    assert any(disk["changed_bytes"] for disk in disks)
    for disk in disks:
        drawn = visitor.page.locator(f"svg[data-disk='{disk['lun']}']")
        assert drawn.locator(".used").count() == len(disk["groups"])
        assert drawn.locator(".changed").count() == sum(bool(changed) for _, _, changed in disk["groups"])
    visitor.page.get_by_label("until").select_option(index=1)
    visitor.page.get_by_role("button", name="Show").click()
    visitor.page.wait_for_url(re.compile(r"until=\d"))
    until = visitor.page.url.rpartition("until=")[2]
    shown = world.up.client.sim("GET", "/vms/map", vm="sql01", until=until)["disks"]
    marks = [changed for disk in shown for _, _, changed in disk["groups"] if changed]
    assert visitor.page.locator(".changed").count() == len(marks)


@pytest.mark.slow
def test_a_policy_is_made_while_its_forecast_is_told(visitor: Visit, world: World) -> None:
    visitor.page.get_by_role("link", name="Policies").click()
    visitor.page.get_by_role("link", name="New policy").click()
    visitor.page.get_by_label("name", exact=True).fill("yearly3")
    visitor.page.get_by_label("each year").fill("many")
    visitor.page.get_by_text("yearly: many is no whole number").wait_for()
    visitor.page.get_by_label("each year").fill("3")
    save = visitor.page.get_by_role("button", name="Save the policy")
    save.wait_for()
    told = world.up.client.sim("POST", "/forecast", {"policy": "DefaultPolicy", "years": 2})
    counts = [int(text) for text in visitor.page.locator("[data-part=count]").all_inner_texts()]
    assert counts[0] == told["days"][0]["recovery_points"]
    assert counts[-1] > told["days"][-1]["recovery_points"], "the yearly rule keeps more"
    save.click()
    visitor.page.get_by_role("link", name="yearly3").wait_for()
    saved = world.up.client.get(world.scenario.policy_id("yearly3"))["properties"]["retentionPolicy"]
    assert saved["yearlySchedule"]["retentionDuration"] == {"count": 3, "durationType": "Years"}
    visitor.page.get_by_role("button", name="Delete: yearly3").click()
    visitor.page.get_by_role("link", name="yearly3").wait_for(state="detached")


@pytest.mark.slow
def test_a_file_is_found_by_its_name_and_brought_back(visitor: Visit, world: World, job: str) -> None:
    """The scenario's own files: the last version of one is deleted in the machine, and is in the recovery point."""
    visitor.page.locator("a[href*='points?']").first.click()
    visitor.page.get_by_text("expected within a month").wait_for()
    assert visitor.page.locator(".point.expected").count() > 0
    visitor.page.get_by_role("link", name="Find a file").click()
    visitor.page.get_by_label("name, or a part of it").fill("report-1.txt")
    visitor.page.get_by_role("button", name="Find").click()
    visitor.page.locator("tr[data-version]").first.wait_for()
    path = "F:\\report-1.txt"
    world.up.client.sim("POST", "/vms/files/act", {"vm": "sql01", "act": "rm", "path": path})
    of_disk = visitor.page.locator("section", has=visitor.page.get_by_role("heading", name="LUN 0"))
    with visitor.page.expect_download() as download:
        of_disk.locator("a[download]").first.click()
    of_disk.locator("button[data-request]").first.click()
    visitor.page.locator("#answer", has_text="It was accepted.").wait_for()
    told = world.up.client.sim("GET", "/vms/files", vm="sql01", name="report-1.txt")["files"]
    (back,) = [each for each in told if each["path"] == path]
    assert back["sha256"] == sha256(Path(download.value.path()).read_bytes()).hexdigest()
    assert visitor.violations() == []


LONG_LIST = """async () => {
  const { showInWindow } = await import("/_page/static/rows.js");
  const box = document.createElement("div");
  box.className = "scroll long-list";
  const row = (at) => `<tr id="p${at}"><th scope="row"><a href="#p${at}">row ${at}</a></th><td>${at}</td></tr>`;
  box.innerHTML = `<table><tbody>${Array.from({ length: 10000 }, (_, at) => row(at)).join("")}</tbody></table>`;
  document.querySelector("main").prepend(box);
  showInWindow(box);
}"""


@pytest.mark.slow
def test_of_a_list_of_ten_thousand_only_what_can_be_seen_is_in_the_page(visitor: Visit) -> None:
    visitor.page.evaluate(LONG_LIST)
    box = visitor.page.locator(".long-list")
    assert 10 < box.locator("tr").count() < 150
    box.evaluate("box => { box.scrollTop = box.scrollHeight; }")
    visitor.page.get_by_role("link", name="row 9999").wait_for()
    assert box.locator("#p9999").get_attribute("aria-rowindex") == "10001"
    visitor.page.evaluate("() => { location.hash = '#p5000'; }")
    visitor.page.get_by_role("link", name="row 5000").wait_for()
    visitor.page.get_by_role("link", name="row 5000").focus()
    box.evaluate("box => { box.scrollTop += 200; }")
    assert visitor.page.evaluate("document.activeElement.textContent") == "row 5000"
    assert box.locator("tr").count() < 150


OTHER_ROWS = """async (changed) => {
  const { showInWindow, updateRows, withoutRows } = await import("/_page/static/rows.js");
  const link = (at) => `<a data-key="r${at}" href="#r${at}">row ${at}</a>`;
  const row = (at) => `<tr><th scope="row">${link(at)}</th><td>${at === changed ? "new" : "old"}</td></tr>`;
  const rows = Array.from({ length: 300 }, (_, at) => row(at)).join("");
  const table = `<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody>${rows}</tbody></table>`;
  const { shell, tables } = withoutRows(`<div class="scroll" id="other-list">${table}</div>`);
  const known = document.getElementById("other-list");
  if (known) return updateRows(known, tables[0]);
  const holder = document.createElement("div");
  holder.innerHTML = shell;
  document.querySelector("main").prepend(holder);
  showInWindow(holder.firstElementChild, 0, tables[0]);
  return shell.includes("row 0") ? 0 : holder.querySelectorAll("tr").length;
}"""


@pytest.mark.slow
def test_rows_that_are_the_same_stay_and_a_changed_one_keeps_its_focus(visitor: Visit) -> None:
    assert 10 < visitor.page.evaluate(OTHER_ROWS, -1) < 150
    visitor.page.evaluate("""() => { window.third = document.querySelector("[data-key=r3]"); }""")
    visitor.page.locator("[data-key=r4]").focus()
    assert visitor.page.evaluate(OTHER_ROWS, 4) is True
    assert visitor.page.locator("#other-list tr", has_text="new").inner_text().split() == ["row", "4", "new"]
    assert visitor.page.evaluate("document.activeElement.dataset.key") == "r4"
    assert visitor.page.evaluate("window.third === document.querySelector('[data-key=r3]')")


@pytest.mark.slow
def test_all_of_an_event_is_told_by_keys(visitor: Visit, world: World, job: str) -> None:
    visitor.page.goto(f"{world.page}events")
    visitor.page.get_by_label("pause").check()
    first = visitor.page.get_by_role("button", name="All of event").first
    number = int(first.inner_text())
    (told,) = world.up.client.sim("GET", "/events", since=str(number - 1), limit="1")["events"]
    first.focus()
    visitor.page.keyboard.press("Enter")
    detail = visitor.page.get_by_role("dialog")
    assert json.loads(detail.locator("pre").inner_text()) == told
    assert visitor.violations() == []
    visitor.page.keyboard.press("Escape")
    detail.wait_for(state="hidden")


@pytest.mark.slow
def test_commands_that_ask_the_same_stand_beside_each_action(visitor: Visit, world: World, job: str) -> None:
    visitor.page.get_by_text("Same by command").first.click()
    assert visitor.page.get_by_text(re.compile("^az backup protection backup-now")).is_visible()
    assert visitor.page.get_by_text(re.compile("^backupsim az backup protection backup-now")).is_visible()


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(chromium: Browser, world: World, job: str, theme: Any) -> None:
    with visit(chromium, color_scheme=theme) as made:
        made.page.goto(f"{world.page}sign-in")
        found = made.violations()
        made.page.goto(world.up.client.page_address())
        links = {name: made.page.locator(f"a[href*='{name}?']").first.get_attribute("href") for name in LINKED}
        addresses = {"overview": "/_page/", **VIEWS, **links}
        for name, address in addresses.items():
            made.page.goto(f"{world.page.removesuffix('/_page/')}{address}")
            found += [f"{name}: {each}" for each in made.violations()]
            picture(made, f"{name}-{theme}")
        made.page.goto(f"{world.page}jobs/{job}")
        made.page.locator("[data-freeze]").wait_for()
        found += made.violations()
        picture(made, f"job-{theme}")
        if SCREENSHOTS:
            made.page.goto(f"{world.page}?lang=zh-cn")
            for name, address in {**addresses, "job": f"/_page/jobs/{job}"}.items():
                made.page.goto(f"{world.page.removesuffix('/_page/')}{address}")
                picture(made, f"{name}-{theme}-zh-cn")
        assert found == []
        assert made.foreign_requests(world.page) == []


@pytest.mark.slow
def test_it_speaks_chinese(chromium: Browser, world: World, job: str) -> None:
    with visit(chromium) as made:
        made.page.goto(world.up.client.page_address())
        made.page.get_by_role("link", name="中文").click()
        made.page.get_by_role("heading", name="受保护项").wait_for()
        made.page.goto(f"{world.page}jobs/{job}")
        made.page.locator(".freeze-name", has_text="冻结窗口").wait_for()
        assert made.page.locator("html").get_attribute("lang") == "zh-CN"
        assert made.violations() == []
        picture(made, "job-zh-cn")


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
def test_no_size_of_screen_needs_scrolling_sideways(chromium: Browser, world: World, job: str, size: str) -> None:
    width, height = SIZES[size]
    with visit(chromium, viewport={"width": width, "height": height}) as made:
        made.page.goto(world.up.client.page_address())
        assert made.page.evaluate("document.documentElement.scrollWidth") <= width
        picture(made, f"overview-{size}")
        made.page.goto(f"{world.page}jobs/{job}")
        made.page.locator("[data-freeze]").wait_for()
        assert made.page.evaluate("document.documentElement.scrollWidth") <= width
        picture(made, f"job-{size}")


@pytest.mark.slow
def test_while_nothing_happens_one_stream_is_open_and_nothing_is_asked(
    chromium: Browser, world: World, job: str
) -> None:
    """The browser's clock is the test's: its timers run for ten seconds at once."""
    with visit(chromium) as made:
        made.page.clock.install()
        made.page.goto(world.up.client.page_address())
        made.page.locator("#live", has_text="live").wait_for()
        before = list(made.requests)
        made.page.clock.run_for(IDLE_MILLISECONDS)
        assert made.requests == before
        assert len([url for url in before if "follow=true" in url]) == 1


@pytest.mark.slow
def test_it_is_read_without_javascript(chromium: Browser, world: World, job: str) -> None:
    with visit(chromium, java_script_enabled=False) as made:
        made.page.goto(world.up.client.page_address())
        assert made.page.get_by_role("rowheader", name="sql01").is_visible()
        made.page.goto(f"{world.page}jobs/{job}")
        assert made.page.get_by_role("listitem").filter(has_text="vss.frozen").first.is_visible()


@pytest.mark.slow
def test_a_recording_opens_from_disk_without_a_network(
    chromium: Browser, visitor: Visit, world: World, job: str, tmp_path: Path
) -> None:
    visitor.page.goto(f"{world.page}jobs/{job}")
    with visitor.page.expect_download() as download:
        visitor.page.get_by_role("link", name="Download the recording").click()
    file = tmp_path / "recording.html"
    download.value.save_as(file)
    assert file.stat().st_size < 2 * 1024 * 1024
    for theme in ("light", "dark"):
        with visit(chromium, offline=True, color_scheme=theme) as made:
            made.page.goto(file.as_uri())
            made.page.locator("[data-snapshot]").first.wait_for()
            assert made.page.get_by_text("Verified: every check passed.").is_visible()
            assert_drawn_to_scale(made, world.events(job))
            assert made.violations() == []
            assert [url for url in made.requests if not url.startswith(("file:", "data:"))] == []
            assert made.complaints == []
            picture(made, f"recording-{theme}")


@pytest.mark.slow
def test_the_command_writes_the_same_recording(world: World, job: str, tmp_path: Path) -> None:
    file = tmp_path / "job.html"
    done = backupsim("record", job, "--html", str(file), "--json", "--state", str(world.up.state))
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    jsonschema.validate(told, json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert told["job"]["name"] == job
    assert told["verdict"]["verified"] is True
    assert [event["name"] for event in told["events"]].count("vss.frozen") == 1
    assert told["events"][0]["name"] == "arm.request"
    text = file.read_text(encoding="utf-8")
    secrets = [world.up.client.endpoints[key] for key in ("sim_token", "client_secret")]
    assert [secret for secret in secrets if secret in text + done.stdout] == []
    assert not re.search(r"[?&]sig=(?!REDACTED)", text + done.stdout)
    (report,) = told["reports"]
    assert json.loads(report["status"])[0]["status"]["taskId"] == report["task_id"]
    assert "freeze" in report["log"]


@pytest.mark.slow
def test_the_command_prints_an_address_that_signs_in(world: World, chromium: Browser) -> None:
    done = backupsim("dashboard", "--state", str(world.up.state))
    assert done.returncode == 0, done.stderr
    with visit(chromium) as made:
        made.page.goto(done.stdout.strip())
        assert made.page.url == world.page


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="the browser of this test is a shell script")
def test_the_commands_of_the_guide(world: World, job: str, tmp_path: Path) -> None:
    """As they stand there, but for `up`. The browser is the one that BROWSER names, as Python's own module has it."""
    script, opened = tmp_path / "browser", tmp_path / "opened"
    script.write_text(f'#!/bin/sh\nprintf %s "$1" > {opened}.new && mv {opened}.new {opened}\n', encoding="utf-8")
    script.chmod(0o755)
    blocks = re.findall(r"^```\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if not line.startswith("backupsim up")]
    assert len(lines) == 2
    for line in lines:
        done = subprocess.run(
            [sys.executable, "-m", "simulator.command.cli", *shlex.split(line)[1:]],
            cwd=tmp_path,
            env={
                **os.environ,
                "BROWSER": f"{script} %s",
                "BACKUPSIM_STATE": str(world.up.state),
                "PYTHONPATH": str(ROOT),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    eventually(opened.exists, "the browser was started")
    assert opened.read_text(encoding="utf-8").startswith(f"{world.page}sign-in?code=")
    assert "Verified: every check passed." in (tmp_path / "job.html").read_text(encoding="utf-8")
