"""Functions that make ids of resources, and those that read them."""

from __future__ import annotations

from collections.abc import Sequence

from controlplane.templates.language.context import Context
from controlplane.templates.language.failure import TemplateError
from controlplane.templates.language.signature import INT, LATE_ONLY, OBJECT, TEXT, Function, Unfit, define
from controlplane.templates.language.values import Value

FULL = "Full"

WITHOUT_ZONES = frozenset(
    (
        *("australiacentral", "australiacentral2", "australiasoutheast", "brazilsoutheast", "canadaeast"),
        *("francesouth", "germanynorth", "japanwest", "koreasouth", "northcentralus", "norwaywest", "southafricawest"),
        *("southindia", "switzerlandwest", "uaecentral", "ukwest", "westcentralus", "westindia", "westus"),
    )
)
"""Regions in which `pickZones()` finds none: learn.microsoft.com/azure/reliability/regions-list."""


def type_and_name(kind: str, names: Sequence[str]) -> str:
    """`Namespace/type/name`, for a nested resource type by type and name in turn. A slash at the end of the type means
    nothing: many a published template has one."""
    namespace, *types = kind.rstrip("/").split("/")
    if not namespace or not types or not all(types):
        raise Unfit(f"the type '{kind}' is not a fully qualified resource type")
    if len(types) != len(names) or not all(names):
        raise Unfit(f"the type '{kind}' requires '{len(types)}' resource name argument(s)")
    return "/".join([namespace, *(f"{each}/{name}" for each, name in zip(types, names, strict=True))])


def _resource_id(context: Context, *arguments: str) -> str:
    """`resourceId([subscription], [group], type, name, ...)`: the type is the first that holds a slash."""
    scope = context.deployment.scope
    before, kind, names = _split(arguments, 2 if scope.group is not None else 1)
    relative = type_and_name(kind, names)
    if scope.group is None:
        subscription = before[0] if before else scope.subscription_id
        return f"/subscriptions/{subscription}/providers/{relative}"
    group = before[-1] if before else scope.group_name
    subscription = before[0] if len(before) == 2 else scope.subscription_id
    return f"/subscriptions/{subscription}/resourceGroups/{group}/providers/{relative}"


def _subscription_resource_id(context: Context, *arguments: str) -> str:
    before, kind, names = _split(arguments, 1)
    subscription = before[0] if before else context.deployment.scope.subscription_id
    return f"/subscriptions/{subscription}/providers/{type_and_name(kind, names)}"


def _tenant_resource_id(kind: str, *names: str) -> str:
    return f"/providers/{type_and_name(kind, names)}"


def _extension_resource_id(base: str, kind: str, *names: str) -> str:
    return f"{base.rstrip('/')}/providers/{type_and_name(kind, names)}"


def _split(arguments: Sequence[str], most_before: int) -> tuple[Sequence[str], str, Sequence[str]]:
    at = next((index for index, argument in enumerate(arguments) if "/" in argument), len(arguments))
    if at > most_before or at == len(arguments):
        raise Unfit("it takes a fully qualified resource type")
    return arguments[:at], arguments[at], arguments[at + 1 :]


def _pick_zones(namespace: str, kind: str, location: str, count: int = 1, offset: int = 0) -> list[str]:
    """Every region has zones 1 to 3, or none; every resource type is in all of them. The choice is ours."""
    if not 1 <= count <= 3 or not 0 <= offset <= 2:
        raise Unfit("the number of zones must be between 1 and 3, and the offset between 0 and 2")
    if location.replace(" ", "").lower() in WITHOUT_ZONES:
        return []
    if offset + count > 3:
        raise Unfit("the region has no such number of zones from this offset")
    return [str(1 + offset + index) for index in range(count)]


# ------------------------------------------------------------------------------------------------------- read late


def _reference(context: Context, name: str, api_version: str | None = None, full: str | None = None) -> Value:
    """The properties of a resource, or with 'Full' all but id, name and type."""
    if full is not None and full.lower() != FULL.lower():
        raise Unfit("its third argument can only be 'Full'")
    id = _checked(name)
    if context.resolver is None:
        raise Unfit("there is nothing to read yet")
    resource = context.resolver.get(id, api_version or None)
    if full is None:
        return resource.get("properties", {})
    properties = {key: value for key, value in resource.items() if key not in ("id", "name", "type")}
    return properties | _whereabouts(id, api_version)


def _whereabouts(id: str, api_version: str | None) -> dict[str, Value]:
    """What a full reference tells beside the resource itself."""
    base, _, relative = id.partition("/providers/")
    parts = base.strip("/").split("/")
    names = dict(zip(map(str.lower, parts[::2]), parts[1::2], strict=False))
    return {
        "apiVersion": api_version or "",
        "subscriptionId": names.get("subscriptions", ""),
        "resourceGroupName": names.get("resourcegroups", ""),
        "scope": "",
        "resourceId": relative,
        "condition": True,
        "isConditionTrue": True,
        "isTemplateResource": False,
        "isAction": False,
        "provisioningOperation": "Read",
    }


def listing(action: str) -> Function:
    """`listKeys(id, apiVersion, [body])` and its like: an action of the resource's own provider."""

    def run(context: Context, name: str, api_version: str, body: Value = None) -> Value:
        if context.resolver is None:
            raise Unfit("there is nothing to read yet")
        return context.resolver.act(action, _checked(name), api_version, body)

    return define(action, run, TEXT, TEXT, optional=(OBJECT,), in_context=True, late=True, only=LATE_ONLY)


def _checked(name: str) -> str:
    if not name.startswith("/"):
        raise TemplateError(f"The resource '{name}' is not defined in the template")
    return name


FUNCTIONS = (
    define("extensionResourceId", _extension_resource_id, TEXT, TEXT, TEXT, rest=TEXT),
    define("pickZones", _pick_zones, TEXT, TEXT, TEXT, optional=(INT, INT)),
    define(
        "reference",
        _reference,
        TEXT,
        optional=((*TEXT, "Null"), TEXT),
        in_context=True,
        late=True,
        only=LATE_ONLY,
    ),
    define(
        "references",
        lambda context, *arguments: [_reference(context, each) for each in arguments],
        TEXT,
        optional=(TEXT,),
        in_context=True,
        late=True,
        only=LATE_ONLY,
    ),
    define("resourceId", _resource_id, TEXT, TEXT, rest=TEXT, in_context=True),
    define("subscriptionResourceId", _subscription_resource_id, TEXT, TEXT, rest=TEXT, in_context=True),
    define("tenantResourceId", _tenant_resource_id, TEXT, TEXT, rest=TEXT),
)
"""`references()` over a loop is replaced by the planner, which knows the resources of the loop."""
