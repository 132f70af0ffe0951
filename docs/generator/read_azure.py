"""`python -m docs.generator.read_azure SITE_PACKAGES > controlplane/arm/edge/azure_operations.json`: what Azure has.

Facts only, from the text of azure-cli's SDKs: of a few namespaces every type with its verbs. By it an operation that
Azure has and this service has not is told from one that nobody has.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docs.generator.read_sdk import request

DETAILED = ("microsoft.compute", "microsoft.managedidentity", "microsoft.network", "microsoft.storage")
_NAMESPACE = re.compile(r"/providers/(Microsoft\.\w+)/", re.IGNORECASE)


def table(site_packages: Path) -> dict[str, Any]:
    """Namespace in lower case -> path below it, names as `*` -> its verbs."""
    operations: dict[str, dict[str, set[str]]] = {name: {} for name in DETAILED}
    for verb, path in _requests(site_packages / "azure" / "mgmt"):
        first = _NAMESPACE.search(path)
        if first and first[1].lower() in operations:
            below = "/".join("*" if part[0] == "{" else part.lower() for part in path[first.end() :].split("/") if part)
            operations[first[1].lower()].setdefault(below, set()).add(verb)
    return {
        name: {path: " ".join(sorted(verbs)) for path, verbs in sorted(paths.items())}
        for name, paths in operations.items()
    }


def _requests(folder: Path) -> Iterator[tuple[str, str]]:
    for file in sorted(folder.rglob("operations/*.py")):
        if "aio" in file.parts:
            continue
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("build_"):
                yield request(node)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(table(Path(sys.argv[1])), indent=1) + "\n")
