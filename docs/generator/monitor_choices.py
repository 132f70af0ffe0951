"""Choices of ours about what monitors read, and what the query language of Resource Graph has here."""

from __future__ import annotations

from controlplane.arm.resource_graph.backup_rows import JOBS_KEPT
from controlplane.arm.resource_graph.tables import TABLES
from controlplane.domain.monitoring import alert, health
from controlplane.kusto import aggregates, elsewhere, functions, operators, parser
from controlplane.kusto.expression_parser import COMPARISONS, LISTS
from docs.generator.choices import NOT_PUBLIC, Choice
from docs.generator.markdown import code, section, table

ALERTS = "controlplane/domain/monitoring/alert.py"
METRICS = "controlplane/domain/monitoring/metric.py"
MONITORING = (
    Choice(
        "Alerts that Azure Backup fires",
        f"of those documented for virtual machines all that can come about; kept {alert.KEPT.days} days; soft delete "
        "and the security features of a vault cannot be switched off, so no alert says so",
        "documented (learn.microsoft.com, backup-azure-monitoring-alerts): names, categories, severities, and that no "
        "alert is fired for a backup whose machine is gone or that met another backup",
        ALERTS,
    ),
    Choice(
        "The body of an alert",
        "as the service's, of which one is quoted in public; `sourceType`, `sourceVersion` and `formattedSourceType` "
        "of a machine are ours, and so are the sentences of security alerts",
        "quoted for a database only",
        ALERTS,
    ),
    Choice(
        "`alertsForAllJobFailures` of a vault",
        "without it alerts are fired; `Disabled` ends those of failed jobs. The other switches of "
        "`monitoringSettings` are kept and shown, without effect: there is no replication, and no classic alert",
        "documented",
        ALERTS,
    ),
    Choice(
        "Alerts and their time",
        "`timeRange` and `customTimeRange` look at when an alert was fired; without either it is the last day of "
        "world time",
        "which of its times they look at is not public",
        "controlplane/domain/monitoring/alert_query.py",
    ),
    Choice(
        "Alert processing rules, action groups and metric alert rules",
        "refused: nothing is sent anywhere",
        "route alerts to mail, webhooks and the like",
        ALERTS,
    ),
    Choice(
        "`RestoreHealthEvent`",
        "counted for restores of machines",
        "listed among the metrics of a vault; the page about them says that only blobs have it",
        "controlplane/domain/monitoring/health.py",
    ),
    Choice(
        "Health of an item in metrics",
        "`Degraded` for codes that begin with UserError, else `Unhealthy`; `Persistent` when the last job of the kind "
        "failed by the same code; a cancelled job is a failure of its user",
        "documented in these words; when the service goes from Transient to Persistent is not public",
        "controlplane/domain/monitoring/health.py",
    ),
    Choice(
        "Metrics where nothing happened",
        f"0 for Count and Total, nothing for the others; a request that tells dimensions apart gets only series with "
        f"an event; kept {health.KEPT.days} days",
        NOT_PUBLIC,
        METRICS,
    ),
    Choice(
        "How late alerts, metrics and Resource Graph are",
        "not at all: what a job has done is there with its end",
        "some minutes",
        METRICS,
    ),
    Choice(
        "Rows of Resource Graph",
        f"what the operations show, with the further keys that documented queries and public scripts read; jobs of "
        f"the last {JOBS_KEPT.days} days",
        "jobs of the last 14 days are documented; the rows of each type are not",
        "controlplane/arm/resource_graph/backup_rows.py",
    ),
    Choice(
        "A query that is wrong",
        "is refused before a row is read, by the rules of Kusto's types: a dynamic value must be cast where rows are "
        "sorted, grouped or joined by it",
        "documented for Kusto; where Resource Graph is more lenient is not public",
        "controlplane/kusto/expressions.py",
    ),
    Choice(
        "`dcount()` of a query",
        "is exact",
        "an estimate",
        "controlplane/kusto/aggregates.py",
    ),
)


def query_language() -> str:
    return section(
        "The query language of Resource Graph",
        "Names of tables match in any case, those of operators, functions and columns as they are written. What the "
        "language has besides is refused by its name, "
        f"{len(elsewhere.OPERATORS | elsewhere.FUNCTIONS | elsewhere.AGGREGATIONS)} names of it; a word that nobody "
        "has is a mistake in the query, with the place where it stands.",
        table(("what", "here"), [(what, ", ".join(map(code, names))) for what, names in _HERE.items()]),
        f"A query has at most {parser.MOST_JOINS} joins and {parser.MOST_EXPANSIONS} times mv-expand, and no step of "
        f"it makes more than {operators.MOST_ROWS:,} rows.",
    )


_HERE = {
    "tables": TABLES,
    "operators": parser.OPERATORS,
    "kinds of join": parser.JOIN_KINDS,
    "comparisons": (*COMPARISONS, *LISTS, "between", "!between"),
    "functions": functions.FUNCTIONS,
    "aggregations": (*aggregates.NAMES,),
}
