"""The documents of a goal state: a machine's desired state as the XML that guest agents read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from urllib.parse import quote
from xml.etree.ElementTree import Element, SubElement, tostring

from extension.contract.settings import to_ticks

PROTOCOL_VERSION = "2012-11-30"
SCHEMA = "1.0.0.0"


@dataclass(frozen=True, slots=True)
class PluginGoal:
    """One handler and its settings. `name` is Publisher.Type; `settings` is the text of an N.settings file."""

    name: str
    version: str
    state: Literal["enabled", "disabled", "uninstall"]
    sequence_number: int
    settings: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class GoalState:
    """`incarnation` grows with every change: an agent that has seen it has nothing to do."""

    incarnation: int
    container_id: str
    instance: str
    """Name of the role instance, for instance `_sql01`."""
    machine_id: str
    created: datetime
    plugins: tuple[PluginGoal, ...] = ()
    status_url: str = field(default="", repr=False)
    """Where the agent's status goes: a blob, with its SAS. Empty: nowhere but to the host."""
    private_address: str | None = None
    """Of the machine's first interface."""


def versions_xml() -> bytes:
    root = Element("Versions")
    _text(SubElement(root, "Preferred"), "Version", PROTOCOL_VERSION)
    _text(SubElement(root, "Supported"), "Version", PROTOCOL_VERSION)
    return _document(root)


def goal_state_xml(goal: GoalState, base_url: str) -> bytes:
    """`base_url` is how the asking agent reaches this server, without a slash at the end."""
    root = Element("GoalState")
    _text(root, "Version", PROTOCOL_VERSION)
    _text(root, "Incarnation", goal.incarnation)
    machine = SubElement(root, "Machine")
    _text(machine, "ExpectedState", "Started")
    _text(SubElement(machine, "LBProbePorts"), "Port", 16001)
    container = SubElement(root, "Container")
    _text(container, "ContainerId", goal.container_id)
    instance = SubElement(SubElement(container, "RoleInstanceList"), "RoleInstance")
    _text(instance, "InstanceId", goal.instance)
    _text(instance, "State", "Started")
    configuration = SubElement(instance, "Configuration")
    folder = f"{base_url}/machine/{goal.container_id}/{quote(goal.instance, safe='')}?comp="
    for tag, kind in _CONFIGURATIONS.items():
        _text(configuration, tag, f"{folder}config&type={kind}&incarnation={goal.incarnation}")
    # The certificate of a machine never changes, so an agent need not fetch it again.
    _text(configuration, "Certificates", f"{folder}certificates&incarnation=1")
    _text(configuration, "ConfigName", f"{goal.instance}.{goal.incarnation}.xml")
    return _document(root)


_CONFIGURATIONS = {
    "HostingEnvironmentConfig": "hostingEnvironmentConfig",
    "SharedConfig": "sharedConfig",
    "ExtensionsConfig": "extensionsConfig",
}


def extensions_config_xml(goal: GoalState, base_url: str) -> bytes:
    root = Element("Extensions", version=SCHEMA, goalStateIncarnation=str(goal.incarnation))
    family = SubElement(SubElement(SubElement(root, "GuestAgentExtension"), "GAFamilies"), "GAFamily")
    _text(family, "Name", "Prod")
    SubElement(family, "Uris")
    plugins = SubElement(root, "Plugins")
    settings = SubElement(root, "PluginSettings")
    for plugin in goal.plugins:
        SubElement(
            plugins,
            "Plugin",
            name=plugin.name,
            version=plugin.version,
            location=manifest_url(base_url, plugin.name),
            failoverlocation="",
            state=plugin.state,
            autoUpgrade="false",
            runAsStartupTask="false",
            isJson="true",
            useExactVersion="true",
        )
        of_plugin = SubElement(settings, "Plugin", name=plugin.name, version=plugin.version)
        runtime = SubElement(of_plugin, "RuntimeSettings", seqNo=str(plugin.sequence_number))
        runtime.text = plugin.settings
    if goal.status_url:
        SubElement(root, "StatusUploadBlob", statusBlobType="BlockBlob").text = goal.status_url
    SubElement(
        root,
        "InVMGoalStateMetaData",
        inSvdSeqNo=str(goal.incarnation),
        createdOnTicks=str(to_ticks(goal.created)),
        activityId=goal.container_id,
        correlationId=goal.container_id,
    )
    return _document(root)


def hosting_environment_xml(goal: GoalState) -> bytes:
    identity = f"{{{goal.machine_id}}}"
    root = Element("HostingEnvironmentConfig", version=SCHEMA, goalStateIncarnation=str(goal.incarnation))
    deployment = SubElement(root, "Deployment", name=goal.container_id, guid=identity, incarnation="0")
    SubElement(deployment, "Service", name="IaaS", guid="{00000000-0000-0000-0000-000000000000}")
    SubElement(root, "Incarnation", number="1", instance=goal.instance, guid=identity)
    SubElement(root, "Role", guid=identity, name=goal.instance.removeprefix("_"), settleTimeSeconds="0")
    return _document(root)


def shared_config_xml(goal: GoalState) -> bytes:
    identity = f"{{{goal.machine_id}}}"
    root = Element("SharedConfig", version=SCHEMA, goalStateIncarnation=str(goal.incarnation))
    SubElement(root, "Deployment", name=goal.container_id, guid=identity, incarnation="0")
    SubElement(root, "Incarnation", number=str(goal.incarnation))
    SubElement(root, "Role", guid=identity, name=goal.instance.removeprefix("_"))
    if goal.private_address:
        SubElement(SubElement(root, "Instances"), "Instance", id=goal.instance, address=goal.private_address)
    return _document(root)


def certificates_xml(sealed_base64: str) -> bytes:
    root = Element("CertificateFile")
    _text(root, "Version", PROTOCOL_VERSION)
    _text(root, "Incarnation", 1)
    _text(root, "Format", "Pkcs7BlobWithPfxContents")
    _text(root, "Data", sealed_base64)
    return _document(root)


def manifest_xml(name: str, versions: Sequence[str], base_url: str) -> bytes:
    root = Element("PluginVersionManifest")
    plugins = SubElement(root, "Plugins")
    for version in versions:
        plugin = SubElement(plugins, "Plugin")
        _text(plugin, "Version", version)
        _text(SubElement(plugin, "Uris"), "Uri", package_url(base_url, name, version))
    return _document(root)


def manifest_url(base_url: str, name: str) -> str:
    return f"{base_url}/packages/{quote(name)}/manifest.xml"


def package_url(base_url: str, name: str, version: str) -> str:
    return f"{base_url}/packages/{quote(name)}/{quote(version)}.zip"


def _text(parent: Element, tag: str, text: object) -> None:
    SubElement(parent, tag).text = str(text)


def _document(root: Element) -> bytes:
    document: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return document
