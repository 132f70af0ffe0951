"""The views of policies: the list of those of all vaults, and one in a form with what it will come to."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from controlplane.json_object import Json
from simulator.client import Client, RequestFailed
from simulator.dashboard import policy_form
from simulator.dashboard.commands import VERSION, Action, of_az
from simulator.dashboard.policy_form import Form, NoPolicy
from simulator.failures import Failure
from simulator.recorder import story

VAULT = re.compile(r"/subscriptions/[^/?#]+/resourceGroups/[^/?#]+/providers/[^/?#]+/vaults/[^/?#]+", re.I)
NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{2,149}")
SHOWN_DAYS = (0, 1, 7, 30, 90, 180, 365, 730, 1825, 3650, 7300)
"""Of a forecast, besides the last."""
MOST_STEPS = 300
"""Of the line of a forecast."""
WIDTH, HEIGHT = 600, 120
FIRST_POINTS = 10


class NoVaultNamed(Failure):
    """What was named is no vault."""


Pairs = Sequence[tuple[str, str]]


def listed(client: Client) -> Json:
    """`{"vaults"}`: each with its policies of virtual machines, and where one is made anew."""
    return {"vaults": [_vault(client, vault["id"]) for vault in story.vaults(client)]}


def _vault(client: Client, vault: str) -> Json:
    policies = [
        {
            "name": policy["name"],
            "type": policy["properties"].get("policyType", ""),
            "frequency": policy["properties"]["schedulePolicy"]["scheduleRunFrequency"],
            "items": policy["properties"].get("protectedItemsCount", 0),
            "rules": _rules(policy["properties"]["retentionPolicy"]),
            "address": address(vault, policy["name"]),
            "delete": _delete(vault, policy["name"]),
        }
        for policy in client.list(f"{vault}/backupPolicies")
        if policy["properties"]["backupManagementType"] == "AzureIaasVM"
    ]
    return {"name": vault.rpartition("/")[2], "policies": policies, "new": address(vault)}


def _rules(retention: Json) -> list[tuple[int, str]]:
    """How many of which unit each rule keeps for."""
    kept = {unit: retention.get(f"{rule}Schedule") for rule, unit in policy_form.UNITS.items()}
    return [(each["retentionDuration"]["count"], unit.lower()) for unit, each in kept.items() if each]


def address(vault: str, policy: str = "") -> str:
    edit = f"&edit={quote(policy, safe='')}" if policy else ""
    return f"policy?vault={quote(vault, safe='')}{edit}"


def editor(client: Client, pairs: Pairs) -> Json:
    """The form: of the policy that `edit` names until something is sent, and what its fields come to."""
    vault, known, form = asked_for(client, pairs)
    return {
        "vault": vault,
        "machine": form["name"] or None,
        "form": form,
        "is_whole": known is None or policy_form.is_kept_by(form, known) or ("frequency" in dict(pairs)),
        "known": known is not None,
        "choices": policy_form,
        **preview(client, vault, form, known),
    }


def previewed(client: Client, pairs: Pairs) -> Json:
    """What the fields of the form come to."""
    vault, known, form = asked_for(client, pairs)
    return preview(client, vault, form, known)


def asked_for(client: Client, pairs: Pairs) -> tuple[str, Json | None, Form]:
    """The vault, the policy that is edited, and the fields; raises NoVaultNamed."""
    given = dict(pairs)
    vault = given.get("vault", "")
    if not VAULT.fullmatch(vault) or ".." in vault:
        raise NoVaultNamed("name a vault; the list of policies has a link for each")
    edited = given.get("edit", "")
    known = client.get(f"{vault}/backupPolicies/{quote(edited, safe='')}") if edited else None
    if known is not None and "frequency" not in given:
        return vault, known, policy_form.form_of(known)
    form = policy_form.read(pairs)
    return vault, known, form


def preview(client: Client, vault: str, form: Form, known: Json | None) -> Json:
    """`{"problem", "forecast", "save", "file"}`: what keeps the fields from being a policy, or what it comes to."""
    day = str(client.sim("GET", "/clock")["now"])[:10]
    nothing: Json = {"problem": "", "forecast": None, "save": None, "file": "", "years": form["years"]}
    try:
        body = policy_form.body_of(form, day)
        years = int(form["years"]) if form["years"].isdecimal() else 0
        asked = {"body": {**body, "name": form["name"] or "policy"}, "years": years}
        told = client.sim("POST", "/forecast", asked)
    except (NoPolicy, RequestFailed) as problem:
        return nothing | {"problem": str(problem)}
    is_named = NAME.fullmatch(form["name"])
    return nothing | {
        "forecast": _forecast(told),
        "save": _save(vault, form["name"], body, known) if is_named else None,
        "file": json.dumps(body),
    }


def _forecast(told: Json) -> Json:
    days: list[Json] = told["days"]
    shown = sorted({*(at for at in SHOWN_DAYS if at < len(days)), len(days) - 1}) if days else []
    most = max((day["recovery_points"] for day in days), default=0)
    return {
        "days": [{"after": at, **days[at]} for at in shown],
        "most": most,
        "line": _line(days, most),
        "width": WIDTH,
        "height": HEIGHT,
        "rules": told["rules"],
        "findings": told["findings"],
        "reach": told["reach"],
        "points": told["recovery_points"][:FIRST_POINTS],
        "until": told["until"][:10],
    }


def _line(days: list[Json], most: int) -> str:
    """How many recovery points there are at the end of each day, as the points of a line."""
    step = max(1, -(-len(days) // MOST_STEPS))
    last = max(1, len(days) - 1)
    at = [*range(0, len(days), step), *([len(days) - 1] if days else [])]
    return " ".join(
        f"{WIDTH * place / last:.1f},{HEIGHT - (HEIGHT - 4) * days[place]['recovery_points'] / max(1, most):.1f}"
        for place in at
    )


def _save(vault: str, name: str, body: Json, known: Json | None) -> Action:
    """What is not in the form stays as it was."""
    if known is not None and known["name"] == name:
        kept: dict[str, Any] = {
            key: value for key, value in known["properties"].items() if key != "protectedItemsCount"
        }
        body = {"properties": kept | body["properties"]}
    parts = vault.split("/")
    of_vault = ("--resource-group", parts[4], "--vault-name", parts[-1], "--name", name)
    words = ("backup", "policy", "create", *of_vault, "--backup-management-type", "AzureIaasVM", "--policy")
    path = f"arm{vault}/backupPolicies/{quote(name, safe='')}?api-version={VERSION}"
    return Action("PUT", path, body, of_az(*words, json.dumps(body)), "policies")


def _delete(vault: str, name: str) -> Action:
    parts = vault.split("/")
    of_vault = ("--resource-group", parts[4], "--vault-name", parts[-1], "--name", name)
    path = f"arm{vault}/backupPolicies/{quote(name, safe='')}?api-version={VERSION}"
    return Action("DELETE", path, {}, of_az("backup", "policy", "delete", *of_vault), "policies")
