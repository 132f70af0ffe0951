"""Writes the story of a job as one HTML file, which opens from disk, needs no network, and draws as the page does.

The scripts and the style stand in the file. Its content security policy allows these by their digests and nothing else.
"""

from __future__ import annotations

import base64
import re
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from controlplane.json_object import Json
from simulator.failures import Failure
from simulator.recorder import story as stories
from simulator.recorder.words import words

ASSETS = Path(__file__).parent / "assets"
MOST_BYTES = 2 * 1024 * 1024
"""A recording is no larger."""
_IMPORT = re.compile(r'^import \{[^}]*\} from "\./[\w.]+";\n', re.MULTILINE)
_START = """
const read = (id) => JSON.parse(document.getElementById(id).textContent);
showStory(document.querySelector("main"), read("story"), read("words"));
"""


class TooLarge(Failure):
    """The story does not fit into one file."""


def html(story: Json, language: str) -> str:
    """The whole file. Raises TooLarge."""
    script = "".join(_IMPORT.sub("", asset(name)) for name in ("lanes.js", "replay.js", "viewer.js")) + _START
    style = asset("lanes.css")
    text = (
        environment(ASSETS)
        .get_template("recording.html")
        .render(
            story=story,
            job=story["job"]["properties"],
            name=story["job"]["name"],
            story_json=in_html(story),
            words=in_template(words(language)),
            words_json=in_html(words(language)),
            language=language,
            script=script,
            style=style,
            policy=f"default-src 'none'; script-src 'sha256-{_digest(script)}'; style-src 'sha256-{_digest(style)}'; "
            "img-src data:; base-uri 'none'; form-action 'none'",
        )
    )
    if len(text.encode()) > MOST_BYTES:
        raise TooLarge("the story of this job does not fit into a file of 2 MiB; backupsim record JOB --json has all")
    return text


def asset(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")


def environment(*folders: Path) -> Environment:
    """Templates that escape what they are given, and fail on what they are not given."""
    return Environment(loader=FileSystemLoader(folders), autoescape=True, undefined=StrictUndefined, trim_blocks=True)


def in_template(words: Json) -> SimpleNamespace:
    """Words under their names: those of a dict would be taken for its methods where they are called alike."""
    return SimpleNamespace(**words)


def in_html(value: Json) -> str:
    """JSON that may stand in a script element: nothing in it ends the element."""
    return stories.to_text(value).replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _digest(text: str) -> str:
    return base64.b64encode(sha256(text.encode()).digest()).decode()
