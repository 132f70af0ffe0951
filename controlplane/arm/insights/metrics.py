"""Microsoft.Insights/metrics and metricDefinitions of Recovery Services vaults."""

from __future__ import annotations

from controlplane.arm.edge.call import Answer, Call, as_json
from controlplane.arm.edge.routing import GROUP, Route, reading
from controlplane.domain.monitoring import health, metric, metric_query
from controlplane.domain.monitoring.metric_query import Supported
from controlplane.domain.recovery_services import vault
from controlplane.json_object import Json

INSIGHTS = f"{GROUP}/providers/{vault.TYPE}/{{vault}}/providers/Microsoft.Insights"
SUPPORTED = Supported(metric.NAMESPACE, tuple(metric.DEFINITIONS), tuple(metric.AGGREGATIONS), metric.GRAINS)


def list_definitions(call: Call) -> Answer:
    home = _vault(call)
    metric_query.check_names(call.query, ("api-version", "metricnamespace"))
    metric_query.check_namespace(call.query, SUPPORTED)
    return as_json({"value": metric.definitions(home["id"])})


def list_namespaces(call: Call) -> Answer:
    home = _vault(call)
    metric_query.check_names(call.query, ("api-version", "starttime"))
    namespace = {
        "id": f"{home['id']}/providers/microsoft.insights/metricNamespaces/{metric.NAMESPACE}",
        "type": "Microsoft.Insights/metricNamespaces",
        "name": metric.NAMESPACE,
        "classification": "Platform",
        "properties": {"metricNamespaceName": metric.NAMESPACE},
    }
    return as_json({"value": [namespace]})


def list_metrics(call: Call) -> Answer:
    home, now = _vault(call), call.ports.clock.now()
    query = metric_query.read(call.query, now, SUPPORTED)
    documents = call.ports.store.find(health.KIND, home["id"])
    events = [event for each in documents if not health.is_over(event := health.from_json(each.private), now)]
    return as_json(metric.answer(home["id"], home["location"], query, events))


def _vault(call: Call) -> Json:
    return call.get(vault.KIND, call.id.partition("/providers/Microsoft.Insights/")[0]).json()


ROUTES = (
    reading(f"{INSIGHTS}/metricDefinitions", list_definitions),
    reading(f"{INSIGHTS}/metricNamespaces", list_namespaces),
    Route("GET", f"{INSIGHTS}/metrics", list_metrics),
)
