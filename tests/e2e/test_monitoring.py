"""The page docs/monitoring.md, run as it stands by the real az; and the same questions put by az's own commands."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import ROOT
from tests.e2e.real_az import PATIENCE_SECONDS, Az, Refused
from tests.e2e.running import good_backup, protected, up

PAGE = (ROOT / "docs/monitoring.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
*TOLD, WITH_EXTENSION = BLOCKS
"""The last needs an extension of az."""
MARK = "---- next block"
ALERTS = "/subscriptions/{subscriptionId}/providers/Microsoft.AlertsManagement/alerts?api-version=2019-05-05-preview"
GRAPH = "/providers/Microsoft.ResourceGraph/resources?api-version=2021-03-01"


@pytest.mark.slow
def test_the_page_says_what_happens(az: Path, tmp_path: Path) -> None:
    program = f"backupsim() {{ '{sys.executable}' -m simulator.command.cli \"$@\"; }}\n"
    ends = "trap 'backupsim stop >/dev/null 2>&1 || true' EXIT\n"
    script = program + ends + f"echo '{MARK}'\n".join(TOLD)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "BACKUPSIM_AZ": str(az)}
    environment.pop("BACKUPSIM_STATE", None)
    done = subprocess.run(
        ["bash", "-eu", "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=4 * PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout.split(f"{MARK}\n")
    assert len(said) == len(TOLD)
    _, _, _, metrics, deleted, purged, states = said
    definitions, counted = metrics.splitlines()[:2], dict(line.split("\t") for line in metrics.splitlines()[2:])
    assert definitions == ["BackupHealthEvent", "RestoreHealthEvent"]
    assert counted == {"Healthy": "3.0", "TransientUnhealthy": "1.0", "PersistentUnhealthy": "3.0"}
    assert deleted.splitlines() == ["Delete Backup Data"]
    listed = purged.partition("it is 2026-03-22T08:00:00Z\n")[2].splitlines()
    assert [line.partition(" ")[2] for line in listed] == ["Purge Complete", "Upcoming Purge", "Delete Backup Data"]
    assert [line.partition("T")[0] for line in listed] == ["2026-03-22", "2026-03-20", "2026-03-08"]
    assert states.split()[:2] == ["Acknowledged", "Sev0"]
    assert "Sev0\t3" in states


@pytest.fixture(scope="module")
def watched(az: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Az]:
    """A world with one good backup, whose clock stands."""
    state = tmp_path_factory.mktemp("watched") / "world"
    clock = ("--clock", "virtual", "--start", "2026-03-01T08:00:00Z")
    with up(state, ("up", "--port", "0", "--state", str(state), *clock)) as world:
        good_backup(protected(world.client))
        yield Az(world, az)


@pytest.fixture
def vault(watched: Az) -> str:
    return str(watched("backup vault list --query [0].id"))


def graph(az: Az, query: str, **options: Any) -> dict[str, Any]:
    body = json.dumps({"query": query, "options": options})
    answer: dict[str, Any] = az.run("rest", "--method", "post", "--url", GRAPH, "--body", body)
    return answer


@pytest.mark.slow
def test_metrics_are_asked_for_as_az_does(watched: Az, vault: str) -> None:
    definitions = watched(f"monitor metrics list-definitions --resource {vault}")
    assert [each["name"]["value"] for each in definitions] == ["BackupHealthEvent", "RestoreHealthEvent"]
    assert {each["value"] for each in definitions[0]["dimensions"]} >= {"healthStatus", "dataSourceURL"}
    assert watched(f"monitor metrics list-namespaces --resource {vault}")[0]["classification"] == "Platform"
    day = "--start-time 2026-03-01T00:00:00Z --end-time 2026-03-02T00:00:00Z"
    listed = watched(f"monitor metrics list --resource {vault} --metrics BackupHealthEvent {day} --interval 1d")
    (point,) = listed["value"][0]["timeseries"][0]["data"]
    assert (point["count"], listed["interval"]) == (1.0, "P1D")
    by_machine = watched(
        f"monitor metrics list --resource {vault} --metrics BackupHealthEvent {day} --interval PT1H "
        "--dimension dataSourceURL healthStatus --aggregation Total Count"
    )
    (series,) = by_machine["value"][0]["timeseries"]
    told = {each["name"]["value"]: each["value"] for each in series["metadatavalues"]}
    assert told["healthstatus"] == "Healthy"
    assert told["datasourceurl"].endswith("/virtualMachines/sql01")
    assert sum(each["total"] for each in series["data"]) == 1.0
    with pytest.raises(Refused, match="Valid metrics: BackupHealthEvent,RestoreHealthEvent"):
        watched(f"monitor metrics list --resource {vault} --metrics CPU")


@pytest.mark.slow
def test_queries_are_answered_through_az_rest(watched: Az) -> None:
    jobs = "RecoveryServicesResources | where type =~ 'Microsoft.RecoveryServices/vaults/backupJobs'"
    counted = graph(watched, f"{jobs} | summarize n = count() by tostring(properties.operation)")["data"]
    assert {row["properties_operation"]: row["n"] for row in counted}["Backup"] == 1
    first = graph(watched, "Resources | project id | order by id asc", **{"$top": 2})
    assert first["totalRecords"] > first["count"] == 2
    rest = graph(watched, "Resources | project id | order by id asc", **{"$skipToken": first["$skipToken"]})
    assert first["totalRecords"] == 2 + rest["count"]
    for query, said in (
        ("Resources | where where", "ParserFailure"),
        ("NoSuchTable", "DisallowedLogicalTableName"),
        ("Resources | parse id with *", "is not simulated"),
    ):
        with pytest.raises(Refused, match=said):
            graph(watched, query)


@pytest.mark.slow
def test_queries_are_answered_through_az_graph(watched: Az) -> None:
    try:
        answer = watched.run("graph", "query", "-q", "Resources | project id, name | order by name asc", "--first", "2")
    except Refused as refused:
        if "'graph' is misspelled or not recognized" not in str(refused):
            raise
        pytest.skip("this az has no extension resource-graph; .ci/run installs it")
    assert (answer["count"], len(answer["data"])) == (2, 2)
    token = answer["skip_token"]
    more = watched.run(
        *("graph", "query", "-q", "Resources | project id, name | order by name asc", "--skip-token", token)
    )
    assert answer["total_records"] == 2 + more["count"]
    with pytest.raises(Refused, match="ParserFailure"):
        watched.run("graph", "query", "-q", "Resources | where where")
    query = re.search(r'^query="(.*)"$', WITH_EXTENSION, re.MULTILINE)
    assert query is not None
    counted = watched.run("graph", "query", "-q", query[1])["data"]
    assert "Completed" in [row["properties_status"] for row in counted]


@pytest.mark.slow
def test_alerts_are_seen_and_given_states(watched: Az) -> None:
    assert watched(f"rest --url '{ALERTS}'")["value"] == []
    place = "-g demo -v vault01 -c sql01 -i sql01 --backup-management-type AzureIaasVM --workload-type VM"
    watched(f"backup protection disable {place} --delete-backup-data true --yes")
    (fired,) = watched(f"rest --url '{ALERTS}&includeContext=true'")["value"]
    told, context = fired["properties"]["essentials"], fired["properties"]["context"]
    assert (told["alertRule"], told["severity"], told["alertState"]) == ("Delete Backup Data", "Sev0", "New")
    assert told["startDateTime"].startswith("2026-03-01T08:00")
    assert context["sourceId"].endswith("/virtualMachines/sql01")
    url = f"{fired['id']}/changestate?api-version=2019-05-05-preview&newState=Closed"
    watched(f"rest --method post --url '{url}' --body '{{\"comments\": \"meant\"}}'")
    assert watched(f"rest --url '{ALERTS}&alertState=Closed'")["value"][0]["id"] == fired["id"]
    rows = graph(
        watched,
        "AlertsManagementResources | project tostring(properties.essentials.alertState), "
        "tostring(properties.essentials.lastModifiedUserName)",
    )["data"]
    assert rows[0]["properties_essentials_alertState"] == "Closed"
    assert rows[0]["properties_essentials_lastModifiedUserName"] not in {"", "System"}
