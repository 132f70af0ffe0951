"""The real terraform and its real provider azurerm in a world, as a person uses them: by `backupsim run` or with the
variables of `backupsim env`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.e2e.conftest import ROOT
from tests.e2e.running import Up

PATIENCE_SECONDS = 900
PLAIN = ("-no-color", "-input=false")
PROVIDER = """
terraform {
  required_providers {
    azurerm = {
      source = "hashicorp/azurerm"
    }
  }
}
"""


class TerraformFailed(Exception):
    """terraform ended with an error, and says which."""


class Terraform:
    """A folder with a configuration, and terraform in it. With `proxied` it believes to be talking to Azure. `home` is
    the home of whoever runs it, where it is not that of the tests."""

    def __init__(
        self,
        program: Path,
        world: Up,
        folder: Path,
        configuration: str,
        *,
        proxied: bool = True,
        home: Path | None = None,
    ) -> None:
        self._program = program
        self._world = world
        self._folder = folder
        self._proxied = proxied
        self._home = home
        folder.mkdir(parents=True, exist_ok=True)
        self.write(configuration)
        self.run("init", *PLAIN)

    def write(self, configuration: str, name: str = "main.tf") -> None:
        (self._folder / name).write_text(configuration, encoding="utf-8")

    def apply(self, **variables: Any) -> None:
        self.run("apply", "-auto-approve", *PLAIN, *_set(variables))

    def destroy(self, **variables: Any) -> None:
        self.run("destroy", "-auto-approve", *PLAIN, *_set(variables))

    def plan(self, **variables: Any) -> dict[str, Any]:
        """Resource's address -> its planned `change`, of those that change; `importing` alone is no change."""
        self.run("plan", "-out=plan", *PLAIN, *_set(variables))
        planned = json.loads(self.run("show", "-json", "plan"))
        changes = {each["address"]: each["change"] for each in planned.get("resource_changes", [])}
        return {address: each for address, each in changes.items() if each["actions"] not in (["no-op"], ["read"])}

    def resources(self) -> dict[str, Any]:
        """Resource's address -> the resource as `terraform show -json` has it. Data sources are left out."""
        module = json.loads(self.run("show", "-json")).get("values", {}).get("root_module", {})
        modules = [module, *module.get("child_modules", [])]
        found = [each for module in modules for each in module.get("resources", [])]
        return {each["address"]: each for each in found if each["mode"] == "managed"}

    def run(self, *arguments: str) -> str:
        """What the command printed."""
        done = subprocess.run(
            [*self._before, str(self._program), *arguments],
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        if done.returncode:
            raise TerraformFailed(f"terraform {' '.join(arguments)}\n{done.stdout[-4000:]}\n{done.stderr[-8000:]}")
        return done.stdout

    @property
    def _before(self) -> Sequence[str]:
        return [sys.executable, "-m", "simulator.command.cli", "run", "--"] if self._proxied else []

    @cached_property
    def _environment(self) -> Mapping[str, str]:
        of_tests = {
            "BACKUPSIM_STATE": str(self._world.state),
            "CHECKPOINT_DISABLE": "1",
            "PYTHONPATH": str(ROOT),
            "TF_CLI_CONFIG_FILE": str(self._settings()),
            "TF_IN_AUTOMATION": "1",
        }
        environment = {**os.environ, **of_tests} | ({"HOME": str(self._home)} if self._home else {})
        if self._proxied:
            return environment
        printed = subprocess.run(
            [sys.executable, "-m", "simulator.command.cli", "env", "--shell", "json"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=True,
        )
        variables: dict[str, str] = json.loads(printed.stdout)
        return environment | variables

    def _settings(self) -> Path:
        """Where the provider is taken from: the mirror beside the program, so that nothing is downloaded."""
        settings = self._folder / "terraform.rc"
        mirror = self._program.parent.parent / "mirror"
        taken = f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror}"\n  }}\n}}\n'
        settings.write_text(taken if mirror.exists() else "", encoding="utf-8")
        return settings


def imports_of(resources: Mapping[str, Any]) -> str:
    """A configuration that takes existing resources over."""
    return "\n".join(
        f'import {{\n  to = {address}\n  id = "{each["values"]["id"]}"\n}}\n' for address, each in resources.items()
    )


def _set(variables: Mapping[str, Any]) -> list[str]:
    written = {name: value if isinstance(value, str) else json.dumps(value) for name, value in variables.items()}
    return [f"-var={name}={value}" for name, value in written.items()]
