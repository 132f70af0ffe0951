"""`python -m docs.generator.read_sdk SITE_PACKAGES`: writes down which operations the published SDKs know.

Facts only: of each operation its group and name, its verb and its path. The table is the measure of coverage.
"""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

from controlplane.arm.edge.unsimulated import FILE

SDKS = ("azure-mgmt-recoveryservices", "azure-mgmt-recoveryservicesbackup")


def operations(module: str) -> Iterator[dict[str, str]]:
    """The operations in the text of an SDK's module: in each group, every method with the request that it builds."""
    tree = ast.parse(module)
    requests = {function.name: request(function) for function in tree.body if isinstance(function, ast.FunctionDef)}
    for group in tree.body:
        if not isinstance(group, ast.ClassDef):
            continue
        for method in group.body:
            if isinstance(method, ast.FunctionDef) and (built := _builder(method)) in requests:
                verb, path = requests[built]
                name = method.name.removeprefix("_").removesuffix("_initial")
                yield {"group": _name(group), "name": name, "verb": verb, "path": path}


def _name(group: ast.ClassDef) -> str:
    """As the client calls it; empty for the client's own methods."""
    return "" if group.name.startswith("_") else group.name.removesuffix("Operations") or group.name


def request(builder: ast.FunctionDef) -> tuple[str, str]:
    """Verb and path of the request that this function builds."""
    nodes = list(ast.walk(builder))
    calls = [node for node in nodes if isinstance(node, ast.Call) and ast.unparse(node.func) == "HttpRequest"]
    verbs = [word.value for call in calls for word in call.keywords if word.arg == "method"]
    paths = [node.value for node in nodes if isinstance(node, ast.Constant) and str(node.value).startswith("/")]
    return str(ast.literal_eval(verbs[0])) if verbs else "", str(paths[0]) if paths else ""


def _builder(method: ast.FunctionDef) -> str:
    calls = (ast.unparse(node.func) for node in ast.walk(method) if isinstance(node, ast.Call))
    return next((name for name in calls if name.startswith("build_")), "")


def table(site_packages: Path) -> dict[str, Any]:
    """Name of an SDK -> its version, its api-version and its operations."""
    installed = {each.metadata["Name"].lower(): each for each in distributions(path=[str(site_packages)])}
    return {name: _sdk(installed[name], site_packages / Path(*name.split("-"))) for name in SDKS}


def _sdk(distribution: Distribution, folder: Path) -> dict[str, Any]:
    module = (folder / "operations" / "_operations.py").read_text(encoding="utf-8")
    configuration = ast.parse((folder / "_configuration.py").read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(configuration) if isinstance(node, ast.Call) and len(node.args) == 2]
    defaults = {ast.unparse(call.args[0]): call.args[1] for call in calls}
    version = ast.literal_eval(defaults["'api_version'"])
    return {"version": distribution.version, "api_version": version, "operations": list(operations(module))}


if __name__ == "__main__":
    FILE.write_text(json.dumps(table(Path(sys.argv[1])), indent=1) + "\n", encoding="utf-8", newline="\n")
