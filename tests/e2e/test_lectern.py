"""The lectern of the page in a real browser: a backup step by step, its freeze replayed, and a story that is told."""

from __future__ import annotations

import json
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from typer.testing import CliRunner

from simulator.command.cli import app
from simulator.scenario import Scenario
from tests.e2e.browser import Visit, browser, visit
from tests.e2e.running import PATIENCE_SECONDS, Up, eventually, protected, scenario_of, up

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow
PASSWORD = "a password of the page"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with up(tmp_path_factory.mktemp("lectern") / "world") as started:
        yield started


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as started:
        yield started


@pytest.fixture
def visitor(chromium: Browser, world: Up) -> Iterator[Visit]:
    with visit(chromium) as made:
        made.page.goto(world.client.page_address())
        yield made
        assert made.complaints == []


@pytest.fixture
def scenario(world: Up) -> Scenario:
    """A machine that is protected, whichever test comes first."""
    if not world.client.sim("GET", "/vms")["vms"]:
        world.client.sim("POST", "/reset", {})
        return protected(world.client)
    return scenario_of(world.client)


def test_a_story_is_told_sentence_by_sentence_in_both_languages(visitor: Visit, world: Up) -> None:
    """In an empty world. What comes after the first sentences is tested without a browser."""
    world.client.sim("POST", "/reset", {})
    page = visitor.page
    page.get_by_role("link", name="Lectern").click()
    page.get_by_role("button", name="Tell: locked-group").click()
    page.get_by_role("heading", name=re.compile("waits")).wait_for()
    page.get_by_role("button", name="Next").click()
    first = page.locator(".told .say")
    first.wait_for()
    told = world.client.sim("GET", "/stories")["told"]
    assert told["moments"][1]["texts"]["en"] in first.inner_text()
    assert visitor.violations() == []
    page.goto(f"{world.client.endpoints['dashboard']}lectern?lang=zh-cn")
    assert told["moments"][1]["texts"]["zh-cn"] in first.inner_text()
    page.get_by_role("button", name="结束故事").click()
    page.locator(".told .end", has_text="故事已停止。").wait_for()
    page.get_by_text("已停止", exact=True).wait_for()
    page.goto(f"{world.client.endpoints['dashboard']}lectern?lang=en")


def test_a_backup_goes_step_by_step_and_its_freeze_is_played_slowed(
    visitor: Visit, world: Up, scenario: Scenario
) -> None:
    page = visitor.page
    page.reload()
    page.get_by_role("link", name="Lectern").click()
    page.get_by_role("button", name="Pause at borders").click()
    page.get_by_text("Jobs wait at each border to be let on.").wait_for()
    page.get_by_role("link", name="Overview").click()
    page.get_by_role("button", name="Back up now").click()
    page.wait_for_url(re.compile("/jobs/"))
    border = page.locator("#border")
    seen = list[str]()
    while True:
        page.wait_for_function(
            "seen => document.getElementById('border').textContent !== seen"
            " || document.querySelector('[data-part=status]').textContent === 'Completed'",
            arg=seen[-1] if seen else "nothing",
        )
        at = border.inner_text()
        if at == "nothing" and page.locator("[data-part=status]").inner_text() != "Completed":
            continue
        if at == "nothing":
            break
        seen.append(at)
        if page.locator("[data-freeze]").count() == 0:
            assert at == "Take Snapshot" or at.partition(" ")[0] in {"install", "enable"}
        page.get_by_role("button", name="One step").click()
    verbs = [at.partition(" ")[0] for at in seen]
    assert verbs[0] == "Take"
    assert "enable" in verbs[1:3], "after install, where this is the first backup"
    assert len(seen) == len(set(seen)) > 3
    page.get_by_role("button", name="Stop playing").wait_for()
    assert page.locator(".veil").count() == 1
    assert re.search(r"\((1 : [\d,]+|[\d.]+ : 1)\)", page.locator("[data-part=until-time]").inner_text())
    page.get_by_role("button", name="Stop playing").click()
    page.locator(".veil").wait_for(state="detached")
    page.get_by_role("button", name="Next event").click()
    assert json.loads(page.locator("[data-part=chosen]").inner_text())["name"] == "arm.request"
    page.get_by_role("button", name="Run on").click()
    eventually(lambda: world.client.sim("GET", "/lectern")["mode"] == "run", "jobs run")


def test_files_and_maps_by_the_command(world: Up, scenario: Scenario, tmp_path: Path) -> None:
    """All in this process, which costs less than ten of them."""

    def command(name: str, *words: str) -> str:
        """Options stand right after the name, since `guest` passes on what comes later."""
        done = CliRunner().invoke(app, [*name.split(), "--state", str(world.state), *words])
        assert done.exit_code == 0, done.output
        return done.output

    scenario.back_up(scenario.item_id())
    point = scenario.recovery_points(scenario.item_id())[-1].id
    (machine,) = world.client.sim("GET", "/vms")["vms"]
    local, path = tmp_path / "notes.txt", "F:\\notes.txt"
    local.write_text("first", encoding="utf-8")
    command("guest", "sql01", "put", str(local), path)
    assert path in json.loads(command("guest", "--json", "sql01", "encrypt", "F:\\notes.*"))["files"]
    kept = world.client.sim("GET", "/vms/files", vm=machine["id"], name="notes.txt")["files"]
    assert len(kept) == 1
    command("guest", "sql01", "rm", path)
    assert world.client.sim("GET", "/vms/files", vm=machine["id"], name="notes.txt")["files"] == []
    file = json.loads(command("vault files", point, "report-*", "--json"))["files"][0]
    assert file["name"] in command("vault files", point)
    to = tmp_path / "old.txt"
    command("vault cat", point, file["name"], "--disk", str(file["lun"]), "--to", str(to))
    assert to.stat().st_size == file["size_bytes"]
    shown = command("vault map", "sql01")
    told = json.loads(command("vault map", "sql01", "--json"))
    assert all(disk["name"] in shown for disk in told["disks"])
    assert "已用" in command("vault map", "sql01", "--lang", "zh-cn")


def _address() -> str:
    """Of this machine in a network, or of loopback where it is in none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way, suppress(OSError):
        way.connect(("192.0.2.1", 9))  # sends nothing: it only chooses a way
        return str(way.getsockname()[0])
    return "127.0.0.1"


def test_another_machine_needs_https_and_the_password(tmp_path: Path) -> None:
    """A caller that comes by an address of the network, and not by loopback."""
    address, file = _address(), tmp_path / "password.txt"
    file.write_text(f"{PASSWORD}\n", encoding="utf-8")
    state = tmp_path / "world"
    arguments = ("up", "--port", "0", "--host", address, "--page-password-file", str(file), "--state", str(state))
    with up(state, arguments) as started:
        endpoints = started.client.endpoints
        trusted = ssl.create_default_context(cafile=endpoints["ca_file"])
        plain = httpx.get(str(endpoints["dashboard"]), trust_env=False, timeout=PATIENCE_SECONDS)
        is_far = not ip_address(address).is_loopback
        assert (plain.status_code, "by HTTPS alone" in plain.text) == ((403, True) if is_far else (401, False))
        home = f"{endpoints['arm']}/_page"
        with httpx.Client(verify=trusted, base_url=home, trust_env=False, timeout=PATIENCE_SECONDS) as far:
            assert far.get("/", headers={"accept": "text/html"}).headers["location"] == "/_page/sign-in"
            assert far.post("/sign-in", data={"password": "another password"}).status_code == 403
            assert far.post("/sign-in", data={"password": PASSWORD}).status_code == 303
            assert far.get("/").status_code == 200
            assert far.get("/sim/clock").json()["now"]
            assert far.get("/sim/endpoints").status_code == 403
        assert PASSWORD not in "".join(path.read_text(errors="replace") for path in state.rglob("*.log"))
