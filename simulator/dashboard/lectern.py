"""The view of the lectern: jobs that wait for an audience, and a story that is told in this world."""

from __future__ import annotations

from urllib.parse import quote

from controlplane.json_object import Json
from simulator.client import Client
from simulator.dashboard import commands

REST_SECONDS = 3.0


def lectern(client: Client) -> Json:
    """`{"lectern", "stories", ...}`: both as the control API shows them, with what can be done."""
    shown = client.sim("GET", "/lectern")
    told = client.sim("GET", "/stories")
    return {
        "lectern": {**shown, "held": [_held(each) for each in shown["held"]]},
        "modes": _modes(),
        "stories": [{**each, "action": commands.tell_story(each["name"])} for each in told["stories"]],
        "told": told["told"],
        "is_telling": told["told"] is not None and told["told"]["status"] == "telling",
        "is_full": any(client.list(f"{client.subscription}/resourceGroups")),
        "next": commands.next_sentence(),
        "pause": commands.pause_story(),
        "resume": commands.resume_story(1.0),
        "fast": commands.resume_story(0.0),
        "end": commands.end_story(),
        "empty": commands.empty_world(),
    }


def of_job(client: Client, job: str) -> Json:
    """What the lectern does with one job: the border at which it waits, if at any, and what can be done."""
    held = client.sim("GET", "/lectern")["held"]
    border = next((each["border"] for each in held if each["job"] == job), "")
    return {**_modes(), "border": border, "go": commands.let_on(job)}


def _modes() -> Json:
    return {
        "pause": commands.set_lectern("step"),
        "slow": commands.set_lectern("slow", REST_SECONDS),
        "run": commands.set_lectern("run"),
    }


def _held(held: Json) -> Json:
    return {**held, "address": f"jobs/{quote(held['job'])}", "action": commands.let_on(held["job"])}
