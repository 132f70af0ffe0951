"""Templates and parameter files that lie in the world's own storage, and links that lead elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from controlplane.arm.resources.deployment_links import DEEPEST, MOST_BYTES, MOST_LINKS
from controlplane.json_object import Json
from controlplane.ports import Blob, Container
from tests.unit.controlplane.arm.arm_world import ACCOUNT, GROUP, ArmWorld, arm_world
from tests.unit.controlplane.templates.template_world import SCHEMA

DEPLOYMENTS = f"{GROUP}/providers/Microsoft.Resources/deployments"
DEPLOYMENT = f"{DEPLOYMENTS}/first"
MADE = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities"
HERE = "sql01disks"
PUBLIC_NAME = f"https://{HERE}.blob.core.windows.net"


@pytest.fixture
def world() -> Iterator[ArmWorld]:
    with arm_world() as world:
        world.add_group()
        world.add_account(ACCOUNT)
        yield world


def template(*resources: Json, **sections: Any) -> Json:
    return {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": list(resources), **sections}


def thing(name: str) -> Json:
    kind = "Microsoft.ManagedIdentity/userAssignedIdentities"
    return {"type": kind, "name": name, "apiVersion": "2023-01-31", "location": "westus"}


def nested(name: str, link: Json, **properties: Any) -> Json:
    properties = {"mode": "Incremental", "templateLink": link, **properties}
    return {"type": "Microsoft.Resources/deployments", "name": name, "apiVersion": "2022-09-01"} | {
        "properties": properties
    }


def request(**properties: Any) -> Json:
    return {"properties": {"mode": "Incremental", **properties}}


def put(world: ArmWorld, name: str, content: Json | bytes, public: bool = False) -> str:
    """The address of a template that is now in the storage."""
    container = "open" if public else "templates"
    blobs = world.ports.blobs
    if public and blobs.container(HERE, container) is None:
        blobs.put_container(HERE, Container(container, "", datetime.now(UTC), public="blob"))
    blob = Blob(HERE, container, name)
    blobs.put(blob, content if isinstance(content, bytes) else json.dumps(content).encode())
    return blobs.url(blob)


def signed(world: ArmWorld, uri: str, rights: str = "r", minutes: int = 60) -> str:
    blobs = world.ports.blobs
    return blobs.sas(blobs.parse(uri), rights, datetime.now(UTC) + timedelta(minutes=minutes))


def stored(world: ArmWorld) -> str:
    kinds = ("microsoft.resources/deployments", "operation", "run")
    found = [str(each.body) + str(each.private) for kind in kinds for each in world.ports.store.find(kind)]
    return "".join(found + [str(event.data) for event in world.ports.store.events()])


def test_a_deployment_is_made_from_a_template_with_a_signature(world: ArmWorld) -> None:
    link = signed(world, put(world, "main.json", template(thing("made"))))
    body = request(templateLink={"uri": link, "contentVersion": "1.0.0.0"})
    assert world.post(f"{DEPLOYMENT}/validate", body).status_code == 200
    assert world.follow(world.put(DEPLOYMENT, body))["status"] == "Succeeded"
    shown = world.get(DEPLOYMENT)["properties"]["templateLink"]
    assert shown == {"uri": link.partition("?")[0], "contentVersion": "1.0.0.0"}
    assert world.get(f"{MADE}/made")["name"] == "made"
    assert "sig=" not in stored(world)
    assert world.post(f"{DEPLOYMENT}/exportTemplate").json()["template"]["resources"][0]["name"] == "made"


def test_the_signature_may_come_apart_and_the_host_may_be_azures(world: ArmWorld) -> None:
    uri = put(world, "main.json", b"\xef\xbb\xbf// as az has it\n" + json.dumps(template(thing("made"))).encode())
    query = urlsplit(signed(world, uri)).query
    body = request(templateLink={"uri": f"{PUBLIC_NAME}/templates/main.json", "queryString": query})
    assert world.follow(world.put(DEPLOYMENT, body))["status"] == "Succeeded"
    assert query not in stored(world)


def test_a_public_container_needs_no_signature_and_what_if_reads_it(world: ArmWorld) -> None:
    uri = put(world, "main.json", template(thing("made")), public=True)
    answer = world.post(f"{DEPLOYMENT}/whatIf", request(templateLink={"uri": uri})).json()
    assert "Create" in [each["changeType"] for each in answer["properties"]["changes"]]


def test_parameters_are_read_from_a_file(world: ArmWorld) -> None:
    main = template(thing("[parameters('name')]"), parameters={"name": {"type": "string"}})
    values = {"contentVersion": "1.0.0.0", "parameters": {"name": {"value": "given"}}}
    uri = put(world, "values.json", values, public=True)
    body = request(template=main, parametersLink={"uri": uri})
    assert world.follow(world.put(DEPLOYMENT, body))["status"] == "Succeeded"
    shown = world.get(DEPLOYMENT)["properties"]
    assert (shown["parametersLink"]["uri"], shown["parameters"]["name"]["value"]) == (uri, "given")


def test_a_nested_deployment_reads_its_template_and_its_parameters(world: ArmWorld) -> None:
    inner = template(thing("[parameters('name')]"), parameters={"name": {"type": "string"}})
    values = put(world, "values.json", {"parameters": {"name": {"value": "[inner"}}}, public=True)
    link = {"uri": "[parameters('link')]"}
    literal = nested("literal", link, parameters={"name": {"value": "below"}})
    from_file = nested("file", link, parametersLink={"uri": values})
    secure = {"link": {"type": "secureString"}}
    uri = signed(world, put(world, "inner.json", inner))
    body = request(template=template(literal, parameters=secure), parameters={"link": {"value": uri}})
    assert world.follow(world.put(DEPLOYMENT, body))["status"] == "Succeeded"
    assert world.get(f"{MADE}/below")["name"] == "below"
    assert world.get(f"{DEPLOYMENTS}/literal")["properties"]["templateLink"]["uri"] == uri.partition("?")[0]
    assert "sig=" not in stored(world)
    body = request(template=template(from_file, parameters=secure), parameters={"link": {"value": uri}})
    status, code = world.error("PUT", DEPLOYMENT, body)
    assert (status, code) == (400, "InvalidTemplateDeployment")  # The name reached the provider with its bracket.


def test_a_path_is_read_beside_the_template_around_it(world: ArmWorld) -> None:
    put(world, "set/parts/leaf.json", template(thing("leaf")), public=True)
    put(world, "set/parts/middle.json", template(nested("leaf", {"relativePath": "leaf.json"})), public=True)
    beside = nested("middle", {"relativePath": "parts/middle.json"})
    told = {"link": {"type": "string", "value": "[deployment().properties.templateLink.uri]"}}
    uri = put(world, "set/main.json", template(beside, outputs=told), public=True)
    assert world.follow(world.put(DEPLOYMENT, request(templateLink={"uri": uri})))["status"] == "Succeeded"
    assert world.get(f"{MADE}/leaf")["name"] == "leaf"
    assert world.get(DEPLOYMENT)["properties"]["outputs"]["link"]["value"] == uri


def test_a_link_that_depends_on_a_resource_is_read_when_that_is_there(world: ArmWorld) -> None:
    put(world, "late.json", template(thing("late")), public=True)
    account = f"reference('{ACCOUNT}', '2023-01-01').primaryEndpoints.blob"
    late = nested("late", {"uri": f"[concat({account}, 'open/late.json')]"})
    assert world.follow(world.put(DEPLOYMENT, request(template=template(late))))["status"] == "Succeeded"
    assert world.get(f"{MADE}/late")["name"] == "late"


OUTSIDE = (
    "https://example.com/main.json",
    "http://169.254.169.254/metadata/instance",
    "http://127.0.0.1:22/a/b/c.json",
    "http://blobs.invalid:81/sql01disks/open/main.json",
    "https://nobody.blob.core.windows.net/open/main.json",
    "https://me:word@sql01disks.blob.core.windows.net.example.com/open/main.json",
)


@pytest.mark.parametrize("uri", OUTSIDE)
def test_what_is_not_of_this_world_is_refused_by_name(world: ArmWorld, uri: str) -> None:
    put(world, "main.json", template(), public=True)
    for body in (
        request(templateLink={"uri": f"{uri}?sig=abc"}),
        request(template=template(nested("x", {"uri": uri}))),
    ):
        for method, path in (("PUT", DEPLOYMENT), ("POST", f"{DEPLOYMENT}/validate"), ("POST", f"{DEPLOYMENT}/whatIf")):
            response = world.request(method, path, body)
            error = response.json()["error"]
            assert (response.status_code, error["code"]) == (501, "OperationNotSimulated")
            assert uri.replace("me:word@", "") in error["message"]
            assert "not requested" in error["message"]
            assert "sig=" not in error["message"]


@pytest.mark.parametrize("uri", ["file:///etc/passwd", "main.json", "//host/share/main.json", "http://[x/a/b/c", ""])
def test_what_is_no_address_is_refused(world: ArmWorld, uri: str) -> None:
    assert world.error("PUT", DEPLOYMENT, request(templateLink={"uri": uri})) == (400, "InvalidContentLink")


def test_what_cannot_be_read_is_told_without_its_signature(world: ArmWorld) -> None:
    uri = put(world, "main.json", template(thing("made")))
    good = signed(world, uri)
    links = [
        uri,
        good[:-6] + "AAAAAA",
        signed(world, uri, rights="w"),
        signed(world, uri, minutes=-1),
        good.replace("main.json", "other.json"),
        signed(world, put(world, "binary.json", b"\xff\xfe\x00")),
        signed(world, put(world, "large.json", b" " * (MOST_BYTES + 1))),
    ]
    for link in links:
        error = world.request("PUT", DEPLOYMENT, request(templateLink={"uri": link})).json()["error"]
        assert error["code"] == "InvalidContentLink"
        assert f"Unable to download deployment content from '{link.partition('?')[0]}'." in error["message"]
    assert world.error("GET", DEPLOYMENT) == (404, "DeploymentNotFound")


@pytest.mark.parametrize("content", [b"{", b"[]", b"", b"[" * 100_000])
def test_what_is_no_template_is_refused(world: ArmWorld, content: bytes) -> None:
    uri = put(world, "main.json", content, public=True)
    assert world.error("PUT", DEPLOYMENT, request(templateLink={"uri": uri})) == (400, "InvalidTemplate")


def test_a_link_must_lead_to_its_version_and_stand_alone(world: ArmWorld) -> None:
    uri = put(world, "main.json", template(), public=True)
    other = request(templateLink={"uri": uri, "contentVersion": "2.0.0.0"})
    assert world.error("PUT", DEPLOYMENT, other) == (400, "InvalidTemplate")
    both = request(templateLink={"uri": uri}, template=template())
    assert world.error("PUT", DEPLOYMENT, both) == (400, "InvalidRequestContent")
    both = request(template=template(), parameters={"a": {"value": 1}}, parametersLink={"uri": uri})
    assert world.error("PUT", DEPLOYMENT, both) == (400, "InvalidRequestContent")
    number = request(template=template(nested("x", {"uri": 5})))
    assert world.error("PUT", DEPLOYMENT, number) == (400, "InvalidRequestContent")
    spec = request(templateLink={"id": f"{GROUP}/providers/Microsoft.Resources/templateSpecs/a/versions/1"})
    assert world.error("PUT", DEPLOYMENT, spec) == (501, "OperationNotSimulated")


def test_no_client_says_where_its_deployment_stands(world: ArmWorld) -> None:
    uri = put(world, "main.json", template(thing("made")), public=True)
    of_a_nested_one = {"uri": uri, "query": "", "depth": 1, "left": MOST_LINKS}
    both = request(template=template(), templateLink={"uri": uri}, linkedFrom=of_a_nested_one)
    beside = request(templateLink={"relativePath": "main.json"}, linkedFrom=of_a_nested_one)
    assert world.error("PUT", DEPLOYMENT, both)[0] == 400
    assert world.error("PUT", DEPLOYMENT, beside)[0] == 400


def test_links_have_a_depth_and_a_number(world: ArmWorld) -> None:
    uri = put(world, "itself.json", template(), public=True)
    put(world, "itself.json", template(nested("[concat(deployment().name, 'x')]", {"uri": uri})), public=True)
    error = world.request("PUT", DEPLOYMENT, request(templateLink={"uri": uri}))
    assert (error.status_code, f"more than {DEEPEST} levels" in error.text) == (400, True)
    many = [nested(f"n{number}", {"uri": uri}) for number in range(MOST_LINKS + 1)]
    error = world.request("PUT", DEPLOYMENT, request(template=template(*many)))
    assert (error.status_code, f"more than {MOST_LINKS} links" in error.text) == (400, True)
