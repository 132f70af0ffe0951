"""What stands before the page: callers, names, sessions, and requests that change something."""

from __future__ import annotations

import asyncio

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from simulator.dashboard.guard import LOOPBACK_NAMES, POLICY, Guard, cookie_name
from simulator.dashboard.relay import AtOnce, Relay, Target
from simulator.dashboard.sessions import Sessions
from simulator.serving import Message, Receive, Send

PREFIX = "/_page"
BASE = "http://127.0.0.1:7080"
OF_THE_PAGE = {"x-backupsim-page": "1"}


async def echo(request: Request) -> Response:
    return JSONResponse(
        {
            "path": request.scope["path"],
            "raw_path": request.scope["raw_path"].decode(),
            "query": request.url.query,
            "authorization": request.headers.get("authorization"),
            "cookie": request.headers.get("cookie"),
            "caller": request.client and request.client.host,
        }
    )


METHODS = ["GET", "POST"]
PASSWORD = "correct horse battery"


class Setting:
    """A guarded application, and browsers that have a session or none."""

    def __init__(self, password: str | None = None) -> None:
        self.sessions = Sessions(password=password)
        app = Starlette(routes=[Route(f"{PREFIX}/{{rest:path}}", echo, methods=METHODS)])
        behind = Starlette(routes=[Route("/{rest:path}", echo, methods=METHODS)])
        targets = {
            "arm": Target(behind, "", lambda: "arm-token"),
            "sim": Target(behind, "", lambda: "sim-token", frozenset({"/endpoints"})),
        }
        self.app = Guard(Relay(app, PREFIX, targets), self.sessions, PREFIX, LOOPBACK_NAMES)

    def far(self, base: str = "https://203.0.113.5:7443", *, by_password: bool = True) -> TestClient:
        """A browser of another machine, that has signed in with the password or has stolen a session of this one."""
        client = self.browser(session=not by_password, base=base, caller="203.0.113.7")
        if by_password:
            token = self.sessions.admit(PASSWORD)
            assert token
            client.cookies.set(f"backupsim_page_{base.rpartition(':')[2]}", token)
        return client

    def browser(self, *, session: bool = True, base: str = BASE, caller: str = "127.0.0.1") -> TestClient:
        client = TestClient(self.app, base_url=base, client=(caller, 50000), follow_redirects=False)
        if session:
            token = self.sessions.redeem(self.sessions.new_code())
            assert token
            port = base.rpartition(":")[2]
            client.cookies.set(f"backupsim_page_{port}", token)
        return client


@pytest.fixture
def setting() -> Setting:
    return Setting()


def test_who_has_a_session_is_let_in_and_told_to_load_nothing_from_elsewhere(setting: Setting) -> None:
    answer = setting.browser().get(f"{PREFIX}/")
    assert answer.status_code == 200
    assert answer.headers["content-security-policy"] == POLICY
    assert "'unsafe" not in POLICY
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"


def test_who_has_none_is_sent_to_sign_in(setting: Setting) -> None:
    browser = setting.browser(session=False)
    page = browser.get(f"{PREFIX}/jobs/1", headers={"accept": "text/html"})
    assert (page.status_code, page.headers["location"]) == (303, f"{PREFIX}/sign-in")
    assert browser.get(f"{PREFIX}/sim/clock").status_code == 401
    assert browser.get(f"{PREFIX}/sign-in").status_code == 200
    assert browser.get(f"{PREFIX}/static/page.css").status_code == 200


@pytest.mark.parametrize("name", ["evil.example", "evil.example:7080", "127.0.0.1.evil.example", "localhost.:7080", ""])
def test_a_name_that_is_not_this_machines_is_refused(setting: Setting, name: str) -> None:
    answer = setting.browser().get(f"{PREFIX}/", headers={"host": name})
    assert answer.status_code == 421


@pytest.mark.parametrize("base", ["http://localhost:7080", "http://[::1]:7080"])
def test_this_machines_names_are_let_in(setting: Setting, base: str) -> None:
    assert setting.browser(base=base).get(f"{PREFIX}/static/x").status_code == 200


@pytest.mark.parametrize("caller", ["203.0.113.7", "10.0.0.1", "testclient", ""])
def test_callers_from_elsewhere_are_refused(setting: Setting, caller: str) -> None:
    assert setting.browser(caller=caller).get(f"{PREFIX}/").status_code == 403


def test_without_a_password_they_are_told_how_the_page_is_opened_to_them(setting: Setting) -> None:
    answer = setting.browser(caller="203.0.113.7", base="https://203.0.113.5:7443").get(f"{PREFIX}/")
    assert (answer.status_code, "--page-password-file FILE" in answer.text) == (403, True)


def test_with_a_password_they_are_let_in_by_https_alone() -> None:
    setting = Setting(PASSWORD)
    assert setting.far().get(f"{PREFIX}/").status_code == 200
    assert setting.far().get(f"{PREFIX}/sim/clock").json()["caller"] == "127.0.0.1"
    plain = setting.far("http://203.0.113.5:7080").get(f"{PREFIX}/")
    assert (plain.status_code, "by HTTPS alone" in plain.text) == (403, True)


def test_a_session_of_a_code_and_a_name_of_another_site_are_good_for_nobody_elsewhere() -> None:
    setting = Setting(PASSWORD)
    assert setting.far(by_password=False).get(f"{PREFIX}/sim/clock").status_code == 401
    assert setting.far().get(f"{PREFIX}/", headers={"host": "evil.example:7443"}).status_code == 421
    assert setting.far().post(f"{PREFIX}/codes").status_code == 403
    assert setting.browser().get(f"{PREFIX}/").status_code == 200, "this machine needs no password"


def test_only_the_page_itself_may_ask_for_changes(setting: Setting) -> None:
    browser = setting.browser()
    path = f"{PREFIX}/arm/subscriptions"
    assert browser.post(path).status_code == 403
    assert browser.post(path, headers={**OF_THE_PAGE, "sec-fetch-site": "cross-site"}).status_code == 403
    assert browser.post(path, headers={**OF_THE_PAGE, "sec-fetch-site": "same-origin"}).status_code == 200
    assert browser.post(path, headers=OF_THE_PAGE).status_code == 200


def test_a_request_is_passed_on_with_a_token_and_without_the_cookie(setting: Setting) -> None:
    path = "/subscriptions/s/x/VM%3Bname?api-version=1&x=%2F"
    told = setting.browser().get(f"{PREFIX}/arm{path}", headers={"authorization": "Bearer theirs"}).json()
    assert told == {
        "path": "/subscriptions/s/x/VM;name",
        "raw_path": "/subscriptions/s/x/VM%3Bname",
        "query": "api-version=1&x=%2F",
        "authorization": "Bearer arm-token",
        "cookie": None,
        "caller": "127.0.0.1",
    }


def test_secrets_of_the_world_are_not_for_a_browser(setting: Setting) -> None:
    browser = setting.browser()
    assert browser.get(f"{PREFIX}/sim/endpoints").status_code == 403
    assert browser.get(f"{PREFIX}/sim/endpoints/").status_code == 403
    assert browser.get(f"{PREFIX}/sim/%65ndpoints").status_code == 403
    assert browser.get(f"{PREFIX}/sim/clock").json()["authorization"] == "Bearer sim-token"


def test_an_address_without_its_slash_leads_to_the_page(setting: Setting) -> None:
    answer = setting.browser().get(PREFIX)
    assert (answer.status_code, answer.headers["location"]) == (307, f"{PREFIX}/")


def test_so_many_views_are_made_at_once_and_the_others_wait() -> None:
    at_work, most, asked = 0, 0, 0
    go_on = asyncio.Event()

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        nonlocal at_work, most, asked
        at_work, asked = at_work + 1, asked + 1
        most = max(most, at_work)
        await go_on.wait()
        at_work -= 1

    async def nothing() -> Message:
        return {}

    async def ignore(message: Message) -> None:
        return None

    async def scene() -> None:
        views = AtOnce(app, 2)
        asking = [asyncio.ensure_future(views({}, nothing, ignore)) for _ in range(5)]
        for _ in range(10):
            await asyncio.sleep(0)
        assert asked == 2
        go_on.set()
        await asyncio.gather(*asking)

    asyncio.run(scene())
    assert (most, asked) == (2, 5)


def test_worlds_of_one_machine_have_cookies_of_their_own() -> None:
    assert cookie_name({"host": "127.0.0.1:7080"}) != cookie_name({"host": "127.0.0.1:7081"})
    assert cookie_name({"host": "[::1]"}) == cookie_name({"host": "localhost"}) == "backupsim_page"
