"""Microsoft.AlertsManagement/alerts: lists at a scope, one alert with its history, its state, and summaries."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace

from controlplane.arm.edge.call import Answer, Call, RequestBody, as_json
from controlplane.arm.edge.routing import GROUP, SUBSCRIPTION, Route, reading
from controlplane.domain import errors
from controlplane.domain.errors.queries import ALERT_NOT_FOUND
from controlplane.domain.monitoring import alert, alert_query
from controlplane.domain.monitoring.alert import SERVICE, essentials
from controlplane.domain.recovery_services import vault
from controlplane.jobs.documents import alerts
from controlplane.json_object import Json
from controlplane.ports import Document

NAMESPACE = "Microsoft.AlertsManagement"
ALERTS = f"providers/{alert.TYPE}"
VAULT_SCOPE = f"{GROUP}/providers/{vault.TYPE}/{{vault}}"
SCOPES = (SUBSCRIPTION, GROUP, VAULT_SCOPE)
"""Where alerts may be asked for. None is about a resource of another type."""
METADATA = f"/providers/{NAMESPACE}/alertsMetaData"
SERVICE_LIST = "MonitorServiceList"


class ChangeRequest(RequestBody):
    """The published SDK writes `comments`, later api-versions `comment`."""

    comments: str | None = None
    comment: str | None = None


def list_alerts(call: Call) -> Answer:
    query = dict(call.query)
    page = alert_query.read_page(query)
    if page.after:
        page = replace(page, after=_read_token(page.after))
    bodies, has_more = alert_query.page_of(_chosen(call), page)
    answer: Json = {"value": bodies}
    if has_more:
        others = {key: value for key, value in query.items() if key not in {"api-version", alert_query.TOKEN}}
        token = urlsafe_b64encode(bodies[-1]["id"].encode()).decode()
        answer["nextLink"] = call.url(call.id, {**others, alert_query.TOKEN: token})
    return as_json(answer)


def get_alert(call: Call) -> Answer:
    return as_json(_alert(call, call.id).json())


def get_history(call: Call) -> Answer:
    document = _alert(call, call.id.removesuffix("/history"))
    return as_json(alert.history(document.json(), document.private["history"]))


def change_state(call: Call) -> Answer:
    request = call.read(ChangeRequest)
    state = alert_query.read_state(call.query)
    with call.ports.store.transaction():
        document = _alert(call, call.id.removesuffix("/changestate"))
        comment = request.comments or request.comment or ""
        now = call.ports.clock.now()
        return as_json(alerts.change_state(call.ports.store, document, state, now, call.caller, comment))


def get_summary(call: Call) -> Answer:
    groups = alert_query.read_groups(call.query)
    return as_json(alert_query.summary(_chosen(call), _scope(call.id), groups))


def list_services(call: Call) -> Answer:
    identifier = call.query.get("identifier", "")
    if identifier.lower() != SERVICE_LIST.lower():
        raise errors.invalid_query("identifier", f"it must be {SERVICE_LIST}")
    names = sorted({SERVICE, *alert_query.OTHER_SERVICES})
    data = [{"name": name, "displayName": name} for name in names]
    return as_json({"properties": {"metadataIdentifier": SERVICE_LIST, "data": data}})


def _chosen(call: Call) -> list[Json]:
    """The alerts at the scope of the path that the request's filters leave."""
    scope = f"{_scope(call.id)}/".lower()
    if scope != f"{call.subscription_id}/".lower():
        call.ask("GET", scope.rstrip("/"))
    bodies = (document.json() for document in call.ports.store.find(alert.KIND))
    own = (body for body in bodies if f"{essentials(body)['targetResource']}/".startswith(scope))
    return alert_query.chosen(own, call.query, call.ports.clock.now())


def _scope(path: str) -> str:
    return path.partition(f"/providers/{NAMESPACE}/")[0]


def _alert(call: Call, path: str) -> Document:
    """An alert by its name, at whatever scope it is asked for; it must be about something there."""
    scope, number = _scope(path), path.rpartition("/")[2]
    document = call.find(alert.KIND, f"{call.subscription_id}/providers/{alert.TYPE}/{number}")
    if document is not None:
        body = document.json()
        target = essentials(body)["targetResource"]
        if f"{target}/".startswith(f"{scope}/".lower()) and not alert.is_over(body, call.ports.clock.now()):
            return document
    raise ALERT_NOT_FOUND.error(id=number)


def _read_token(token: str) -> str:
    try:
        return urlsafe_b64decode(token).decode()
    except ValueError:
        raise errors.invalid_query(alert_query.TOKEN, "it was not issued by this service") from None


def _routes(scope: str) -> tuple[Route, ...]:
    one = f"{scope}/{ALERTS}/{{alert}}"
    return (
        Route("GET", f"{scope}/{ALERTS}", list_alerts),
        reading(one, get_alert),
        reading(f"{one}/history", get_history),
        Route("POST", f"{one}/changestate", change_state, body=ChangeRequest, codes=(200,)),
        Route("GET", f"{scope}/providers/{NAMESPACE}/alertsSummary", get_summary),
    )


ROUTES = (*(route for scope in SCOPES for route in _routes(scope)), reading(METADATA, list_services))
