"""The page of the conformance suite: how it is run, and every requirement with where it is known from."""

from __future__ import annotations

from collections import Counter

from docs.generator.markdown import block, code, codes, page, section, table
from simulator.conformance.requirement import PROFILES, Requirement
from simulator.conformance.scenes import SCENES
from simulator.conformance.suite import CHAPTERS, REQUIREMENTS, SUITE_VERSION, implied

MOST_IMPLIED = 6
"""Of more the number is told."""


def text() -> str:
    levels = Counter(each.level for each in REQUIREMENTS.values())
    return page(
        "Conformance",
        f"`backupsim conform` judges anybody's snapshot handler, in any language, by what it writes on the wire and on "
        f"the disk. Version {SUITE_VERSION} has {len(REQUIREMENTS)} requirements in {len(CHAPTERS)} chapters: "
        f"{levels['must']} that a handler must meet, and {levels['should']} that it should. How a handler is written "
        "is in [the guide](handler-guide.md).",
        _use(),
        _judging(),
        *(_chapter(chapter.name, chapter.requirements) for chapter in CHAPTERS),
        _scenes(),
    )


def _use() -> str:
    return section(
        "How to run it",
        block(
            "backupsim conform examples/handlers/python --select MAN --select FRZ-02\n"
            "backupsim conform examples/handlers/python --profile linux --select STB --junit conform.xml "
            "--html conform.html",
            "sh",
        ),
        "Without `--select` all requirements are judged, which takes about a minute. What one run found can be what "
        "the next one is compared with:",
        block(
            "backupsim conform examples/handlers/python --select STB --json > known.json\n"
            "backupsim conform examples/handlers/python --select STB --baseline known.json --skip STB-27",
            "sh",
        ),
        "A handler is a folder, a zip, or a command that prints the path of one as its last line. No world is needed: "
        "each scene has a machine, a guest, a host and a storage of its own, which speak the published protocols over "
        "HTTP. It needs openssl, and Linux, since it finds the processes of a handler in `/proc`.",
        "Exit codes: 0 every must is met; 1 one is not; 2 wrong use; 3 this machine lacks something. With a baseline, "
        "which is what `--json` wrote, 1 says that something has failed that it does not know, or that something "
        "passes which it knows as failed: so what is known can only become less. The last line is a summary.",
        "`--html FILE` writes a page with the messages of each scene in which something failed; with `--lang zh-cn` it "
        "is Chinese, as is what the command prints. `--json` and `--junit` are for programs and stay English.",
        "`--select` takes an id or the letters of a group, and plays only the scenes that it needs. `--from OLD` names "
        "the version that the chapter of updates begins with. `--repeat N` plays each scene N times; one failure is "
        "enough. Every command of a handler finds the name of its scene in `BACKUPSIM_CONFORM_SCENE`, and the ids that "
        "it is played for in `BACKUPSIM_CONFORM_REQUIREMENTS`, so that its own logs can name them.",
    )


def _judging() -> str:
    return section(
        "How it judges",
        "A scene runs the handler under one arrangement and keeps a recording: commands with their exit codes, every "
        "message, files and blobs, freezes, and processes. A requirement is a check of such a recording. Where one "
        "needs another, it fails with it and says so; what else fails for the same reason is listed as implied. What "
        "a profile does not have is not applicable, and told as that. A requirement's id is never given to another.",
        "No signature and no token of a scene is shown in a reason, a file or a page.",
    )


def _chapter(name: str, requirements: list[Requirement]) -> str:
    rows = [
        (code(each.id), each.level, _expected(each), code(each.scene), each.source, _implied(each.id))
        for each in requirements
    ]
    return section(name.capitalize(), table(("id", "level", "expected", "scene", "known from", "implies"), rows))


def _expected(requirement: Requirement) -> str:
    only = "" if tuple(requirement.profiles) == PROFILES else f" ({', '.join(requirement.profiles)} only)"
    return f"{requirement.expected}{only}"


def _implied(id: str) -> str:
    found = sorted(implied(id))
    return codes(found) if len(found) <= MOST_IMPLIED else f"{len(found)} others"


def _scenes() -> str:
    served = Counter(each.scene for each in REQUIREMENTS.values())
    rows = [(code(scene.name), scene.done, str(served[scene.name])) for scene in SCENES.values()]
    return section("Scenes", table(("scene", "what is done", "requirements"), rows))
