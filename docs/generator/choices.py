"""Choices of ours: where the real code is not public, or where we do otherwise on purpose.

The page of coverage shows them. Each names the module that decides it, and takes its facts from there where it can.
"""

from __future__ import annotations

from dataclasses import dataclass

from controlplane.arm.edge.dispatch import FORBIDDEN, MAX_SEGMENT_CHARACTERS
from controlplane.domain.compute.vm_sizes import SIZES
from controlplane.fabric_documents import EXTENSION_LIMIT
from controlplane.templates.secrets import LEAST
from simulator.packages import EARLIER_VERSIONS


@dataclass(frozen=True)
class Choice:
    """`elsewhere`: what is known of Azure or of the published Linux handler, and why we differ where we do."""

    about: str
    here: str
    elsewhere: str
    module: str


NOT_PUBLIC = "not public"
TEMPLATES = (
    (
        "`uniqueString()`",
        "a hash of 64 bits, as the azapi provider of Terraform computes it in its place",
        NOT_PUBLIC,
        "library/hashes.py",
    ),
    (
        "`dateTimeAdd()`",
        "adds years and months of the calendar; without a format keeps that of its base, or takes the general one "
        "where the base has a blank between date and time",
        "the public examples agree; more is not public",
        "library/dates.py",
    ),
    (
        "`pickZones()`",
        "every resource type is in zones 1 to 3 of every region that has zones",
        "depends on type and region",
        "library/resources.py",
    ),
    (
        "`and()`, `or()`, `coalesce()`",
        "evaluate no more arguments than they need",
        NOT_PUBLIC,
        "library/logic.py",
    ),
    (
        "Reading a resource of the same template",
        "waits for it when `reference()` or a `list…()` names it, or gives its id without an api-version; by id "
        "and version it is read as it is",
        "documented for names; for ids it is not",
        "evaluation/folding.py",
    ),
    (
        "Where a template may read resources",
        "everywhere in the body of a resource except its location, sku, kind, plan and zones, and in outputs",
        "documented for properties and outputs; what else is allowed is not public",
        "bodies.py",
    ),
    (
        "Line and column in an error of a template",
        "where the wrong value begins in the text of the request",
        "where the service's parser stopped, which is sometimes the end of the value",
        "source.py",
    ),
    (
        "How deep a template may be, and how much work",
        "100 levels of values and of expressions; about two hundred thousand laps of loops, or 32 million "
        "characters made",
        "has limits; their figures are not public",
        "language/limits.py",
    ),
    (
        "Order in `objectKeys()` and `sort()`",
        "keys as the object has them; equal elements stay in their order",
        NOT_PUBLIC,
        "library/lambdas.py",
    ),
)

SERVICE = (
    Choice(
        "Keys of a request body that no SDK of azure-cli knows",
        "passed over",
        'most providers pass them over; Compute and Network refuse many with 400 ("Could not find member")',
        "controlplane/arm/edge/request_body.py",
    ),
    Choice(
        "Keys of a request body that are kept without effect",
        "shown as they came, whatever their text is; a number or a truth value must be one, or a text of one",
        "each provider checks the words that it knows",
        "controlplane/arm/edge/kept_keys.py",
    ),
    Choice(
        "Linked templates",
        "blobs of this world's storage accounts, by their address here or by the one of Azure; any other address is "
        "refused with 501 and never requested. At most 4 MB for one and for all that one template links to, 5 levels "
        "and 100 links to a deployment. Shown without query; a `contentVersion` that does not match is "
        "`InvalidTemplate`",
        "any address that its network reaches; the figures and the last code are not public",
        "controlplane/arm/resources/deployment_links.py",
    ),
    Choice(
        "Limits of requests",
        "one bucket per scope and operation for the one caller, in real time; requests are refused only where that is "
        "switched on",
        "the same sizes and rates, per region and principal; always refused",
        "controlplane/arm/edge/rate_limits.py",
    ),
    Choice(
        "HEAD and OPTIONS where no operation has them",
        "HEAD answers 204 or the refusal of the GET, without a body; OPTIONS answers 200 with `Allow`",
        NOT_PUBLIC,
        "controlplane/arm/app.py",
    ),
    Choice(
        "What Azure has and this service has not",
        "501 with the operation's name; of Compute, ManagedIdentity, Network and Storage the types and verbs of "
        "azure-cli's SDKs are known, and another one is Azure's own 404 or 405; of other namespaces everything counts "
        "as something that Azure has",
        "has it",
        "controlplane/arm/edge/azure_operations.py",
    ),
    Choice(
        "A filter of a list of deployments, resources or roles",
        "a value that Azure never has is refused; so is, by its name, a type of resource that is not simulated or that "
        "is no entry of this list here",
        NOT_PUBLIC,
        "controlplane/arm/resources/resources.py",
    ),
    Choice(
        "A child of a vault, or a fabric, by a name that it cannot have",
        "`InvalidRestApiParameter`, naming `resourceName` or `fabricName`",
        "quoted in a report for `backupstorageconfig`; for the others by analogy",
        "controlplane/arm/edge/dispatch.py",
    ),
    Choice(
        "Names in a path",
        f"up to {MAX_SEGMENT_CHARACTERS} characters, none of `{' '.join(sorted(FORBIDDEN - {chr(0xFFFD)}))}`",
        "the characters are published, their refusal differs from type to type",
        "controlplane/arm/edge/dispatch.py",
    ),
    Choice(
        "api-versions of a strict world",
        "those that clients in use request",
        "longer lists, which differ from region to region",
        "controlplane/arm/edge/api_versions.py",
    ),
    Choice(
        "`replicationVaultSettings` of a vault",
        "kept and shown, set at once and without effect; the rest of Site Recovery is refused",
        "Terraform reads it with every vault and writes it for VMware machines; a real vault takes a while for it",
        "controlplane/arm/recovery_services/replication_vault_settings.py",
    ),
    Choice(
        "Addresses of virtual networks",
        "of IPv4 alone, and one range for each subnet; others are refused by name, and a subnet shows the actions of a "
        "delegation as they were sent",
        "networks of both versions; the actions come from the service that a subnet is delegated to",
        "controlplane/domain/network/network.py",
    ),
    Choice(
        "Deletion of a resource group",
        "finished when the 202 is answered; a resource that cannot be deleted is tried again while others can",
        "takes minutes; the order is not public",
        "controlplane/arm/resources/group_deletion.py",
    ),
    Choice(
        "What is checked before a deployment writes anything",
        "every resource is tried by its own operation, on an overlay of the store that is discarded; a resource that "
        "waits for a long-running operation is not tried",
        "what each provider's preflight checks is not public",
        "controlplane/arm/resources/preflight.py",
    ),
    Choice(
        "The api-version of a resource in a template",
        "any date that is not in the future",
        "those that its provider knows",
        "controlplane/domain/resources/deployment.py",
    ),
    Choice(
        "Default values of secure parameters in an exported template",
        "left out",
        NOT_PUBLIC,
        "controlplane/templates/secrets.py",
    ),
    Choice(
        "The text of a secure parameter in an error of its deployment, of one nested in it, or of what it writes",
        f"`***`, if it has {LEAST} characters or more",
        NOT_PUBLIC,
        "controlplane/templates/secrets.py",
    ),
    Choice(
        "A parameter or output whose type contains a secure type",
        "is shown without its value",
        NOT_PUBLIC,
        "controlplane/templates/evaluation/types.py",
    ),
    Choice(
        "An operation that runs when its deployment is cancelled",
        "is listed as Canceled; its resource is finished",
        "is listed as Canceled after some time; its resource is finished, too",
        "controlplane/jobs/deployment.py",
    ),
    *(
        Choice(about, here, elsewhere, f"controlplane/templates/{module}")
        for about, here, elsewhere, module in TEMPLATES
    ),
    Choice(
        "Role assignments",
        "kept and shown, without effect: whoever has a token may do everything; any GUID may be a role, a few built-in "
        "ones are known by name",
        "decide who may do what",
        "controlplane/arm/authorization/role_assignments.py",
    ),
    Choice(
        "Diagnostic settings",
        "kept and shown, without effect: nothing is sent anywhere",
        "send logs and metrics to the named sinks",
        "controlplane/arm/insights/diagnostic_settings.py",
    ),
    Choice(
        "A PUT of a virtual machine without data disks",
        "keeps the data disks it has; an empty list detaches them",
        "not public",
        "controlplane/arm/compute/virtual_machine_request.py",
    ),
    Choice(
        "Network rules of a storage account",
        "`defaultAction` and `bypass` of `networkAcls` count for backups and restores: an account that denies needs "
        "the exception `AzureServices`, also for the snapshots that a machine takes of its unmanaged disks. Rules for "
        "addresses, subnets and resources have no effect, and no other request is refused",
        "count for every request; which code a refused backup ends with is not public",
        "simulator/account_rules.py",
    ),
    Choice(
        "Network security groups",
        "those of a machine's first interface and of its subnet say whether it reaches the storage, if it has an "
        "unmanaged disk and so takes its snapshots itself: by service tag, or by all addresses. They filter nothing "
        "else",
        "filter all traffic; the ranges of addresses of a service tag change every week",
        "controlplane/domain/network/outbound.py",
    ),
    Choice(
        "Public IP addresses",
        "from 203.0.113.0/24, which is set aside for documentation, then from 198.18.0.0/15; nothing answers there",
        "addresses of the region's own",
        "controlplane/arm/network/public_ip_addresses.py",
    ),
    Choice(
        "What-if",
        "each resource is tried on a copy of the store, at once; nested deployments are not expanded",
        "a prediction by each provider, with noise, in a long-running operation",
        "controlplane/arm/resources/what_if.py",
    ),
    Choice(
        "Marketplace images",
        "every publisher, offer and SKU has one version, 1.0.0",
        "a catalogue",
        "controlplane/arm/compute/virtual_machine_images.py",
    ),
    Choice(
        "Versions of the VMSnapshot handler",
        f"{', '.join(EARLIER_VERSIONS)} and the current one are published; they differ only in their manifests",
        "which versions are published, and how they differ, is not public",
        "simulator/packages.py",
    ),
    Choice(
        "The version of an extension",
        "chosen again with every goal state of its machine; `enableAutomaticUpgrade` is shown, without further effect",
        "a minor version is installed with the next change of the machine's model, an automatic upgrade at any time",
        "simulator/host/documents.py",
    ),
    Choice(
        "The SAS of the blob to which a guest agent reports",
        "lasts 30 days; a start of the host, a boot and a change of the extensions make another one. Where machines "
        "share one address, it is given only for the token of its machine",
        "lasts until the year 9999; a machine is known by its network",
        "simulator/host/machine.py",
    ),
    Choice(
        "A PUT of an extension that changes nothing",
        "nothing runs again, unless it had failed",
        "documented for settings that did not change; not for an extension that failed",
        "controlplane/arm/compute/virtual_machine_extensions.py",
    ),
    Choice(
        "`provisionAfterExtensions`",
        "the named extensions must exist already; each is provisioned by its own request",
        "the agent follows the order within one goal state",
        "controlplane/arm/compute/virtual_machine_extensions.py",
    ),
    Choice(
        "An extension that never reports a final status",
        f"has failed after {EXTENSION_LIMIT.seconds // 60} minutes of the world's time",
        "users quote this limit; it is not documented as one",
        "controlplane/adapters/fabric.py",
    ),
    Choice(
        "Publishers",
        "only those of extensions are listed; images of every publisher exist",
        "a catalogue",
        "controlplane/arm/compute/virtual_machine_extension_images.py",
    ),
    Choice(
        "Sizes of machines",
        f"{len(SIZES)} common ones are listed, every other name of the same form is accepted; all behave alike",
        "each region has its own; others are refused",
        "controlplane/domain/compute/vm_sizes.py",
    ),
    Choice(
        "Security profile, priority, licence, availability set and zones of a machine",
        "kept and shown, without effect",
        "they decide where and how it runs",
        "controlplane/arm/compute/virtual_machine_request.py",
    ),
    Choice(
        "Availability sets",
        "kept, and show the machines that name them; a machine may name one that does not exist",
        "place the machines; a named set must exist",
        "controlplane/arm/compute/availability_sets.py",
    ),
    Choice(
        "The agent of a stopped machine",
        "not ready, with the version Unknown",
        "quoted so by users; some answers show no agent at all",
        "controlplane/arm/compute/virtual_machine_view.py",
    ),
    Choice(
        "Properties of a machine that stay for good",
        "refused with 409 `PropertyChangeNotAllowed` by a table; a PUT that leaves one out leaves it as it was",
        "most are quoted in reports; of the others azurerm makes a new machine, which says that they cannot change",
        "controlplane/domain/compute/machine_changes.py",
    ),
    Choice(
        "Passwords, custom data and unattended-setup files of a machine that exists",
        "passed over, as they were never kept: other ones are not noticed",
        "refused with 409 `PropertyChangeNotAllowed` where they differ",
        "controlplane/arm/compute/virtual_machine_request.py",
    ),
    Choice(
        "Values that a key may not have",
        "refused by the lists of azure-cli's SDKs with each service's error; values of later SDKs are refused too",
        "a service knows the values of every api-version; the names of its types in the messages are not public",
        "controlplane/arm/edge/choices.py",
    ),
    Choice(
        "A public address whose request names no SKU",
        "Standard where it is Static, else Basic",
        "Basic by documentation, which can no longer be made",
        "controlplane/arm/network/public_ip_addresses.py",
    ),
    Choice(
        "A larger size of a managed disk",
        "given while its machine is deallocated, or it is attached to none; the partition stays as it is",
        "a data disk grows under a running machine too, except a shared one, and one that passes 4 TiB unless it is "
        "Premium SSD v2 or Ultra (learn.microsoft.com, expand-disks); the partition is the user's affair there too",
        "controlplane/arm/compute/disks.py",
    ),
    Choice(
        "An upload to a managed disk",
        "goes on until its access is ended by a request, not by its time; whether a VHD was uploaded is not checked",
        "the end of the access is documented as what makes the disk usable; what happens without it is not",
        "controlplane/arm/compute/disk_access.py",
    ),
    Choice(
        "The ETag of a disk whose state changed by itself",
        "none is sent until the disk is written again, so that no client is told that it is unchanged",
        "disks have no documented ETag",
        "controlplane/arm/compute/disk_access.py",
    ),
    Choice(
        "The blob of a deleted managed disk",
        "stays while recovery points or snapshots hold snapshots of it",
        "snapshots of a managed disk are stored separately",
        "controlplane/arm/compute/disks.py",
    ),
)
