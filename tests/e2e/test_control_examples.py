"""The examples of docs/control.md that ask the control API by curl, run as they stand."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.conftest import ROOT
from tests.e2e.running import PATIENCE_SECONDS, Up, up

PAGE = (ROOT / "docs/control.md").read_text(encoding="utf-8")
BLOCKS = [block for block in re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL) if "curl" in block]
FIRST, *OTHERS = BLOCKS
"""The first tells the shell what the others use."""
FOLLOWING = "follow=true"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    if shutil.which("curl") is None:
        pytest.skip("curl is missing; on Debian and Ubuntu: apt install curl")
    with up(tmp_path_factory.mktemp("control") / "world") as world:
        yield world


def in_bash(world: Up, script: str) -> subprocess.Popen[str]:
    """In a folder that holds endpoints.json."""
    return subprocess.Popen(
        ["bash", "-euc", script],
        cwd=world.state,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_the_page_has_examples() -> None:
    assert "SIM_TOKEN=" in FIRST
    assert len(OTHERS) >= 4


@pytest.mark.parametrize("block", [block for block in BLOCKS if FOLLOWING not in block])
def test_an_example_is_answered(world: Up, block: str) -> None:
    process = in_bash(world, block if block is FIRST else FIRST + block)
    stdout, stderr = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0, stderr
    assert json.loads(stdout.replace("}{", "}\n{").splitlines()[-1])


@pytest.mark.parametrize("block", [block for block in BLOCKS if FOLLOWING in block])
def test_a_stream_goes_on_until_it_is_left(world: Up, block: str) -> None:
    world.client.put(world.client.group("seen"), {"location": "westus"})
    process = in_bash(world, FIRST + block)
    assert process.stdout
    try:
        lines = iter(process.stdout)
        next(line for line in lines if line == "event: arm.request\n")
        assert next(lines).startswith("data: {")
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.communicate()


def test_the_control_api_answers_its_bare_address_too(world: Up) -> None:
    answer = httpx.get(world.client.endpoints["sim"], trust_env=False)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NotFound")
    assert "the control API has no /_sim" in answer.json()["error"]["message"]
