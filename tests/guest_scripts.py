"""Scripts and their settings, put into the folder that stands for the root of a simulated Linux machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from extension.script_settings import SCRIPT_SETTINGS

PRE, POST = "/etc/azure/pre.sh", "/etc/azure/post.sh"


def put(root: Path, place: str, text: str, *, mode: int = 0o700) -> Path:
    """Write a file at a path of the machine."""
    file = root / place.lstrip("/")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text + "\n", encoding="utf-8")
    file.chmod(mode)
    return file


def put_settings(root: Path, *, place: str = SCRIPT_SETTINGS, mode: int = 0o600, **keys: Any) -> None:
    """Settings of the two usual scripts, with these keys over the least that is needed."""
    settings = {"preScriptLocation": PRE, "postScriptLocation": POST} | keys
    put(root, place, json.dumps(settings), mode=mode)


def put_scripts(root: Path, pre: str = "exit 0", post: str = "exit 0", **keys: Any) -> None:
    """The two usual scripts with these bodies, and settings for them."""
    put(root, PRE, pre)
    put(root, POST, post)
    put_settings(root, **keys)
