"""Choices of ours: where the real code is not public, or where we do otherwise on purpose.

The page of coverage shows them. Each names the module that decides it, and takes its facts from there where it can.
"""

from __future__ import annotations

from dataclasses import dataclass

from controlplane.adapters.fabric import EXTENSION_LIMIT
from controlplane.arm.edge.dispatch import FORBIDDEN, MAX_SEGMENT_CHARACTERS
from controlplane.domain.compute.restore_point_collection import FIRST_GROUP
from controlplane.domain.compute.vm_sizes import SIZES
from controlplane.domain.recovery_services.recovery_point import ARCHIVE_AFTER, ARCHIVED_FOR
from controlplane.domain.recovery_services.resource_guard import UNLOCKED_FOR
from controlplane.domain.recovery_services.vault import DEFAULT_REDUNDANCY
from controlplane.jobs.restore.rehydration import DAYS
from controlplane.jobs.restore.restore import JOB_TYPES
from controlplane.jobs.restore.restore_machine import CREATE
from controlplane.jobs.restore.restore_original import BACK_UP, REPLACE
from controlplane.jobs.restore.restore_transfer import FROM_SNAPSHOTS
from controlplane.ports import ServiceSettings
from controlplane.templates.secrets import LEAST
from simulator.host.wireserver import FREEZE_PATIENCE_SECONDS, FREEZES
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
        "the answer of a vault that never replicated anything; the rest of Site Recovery is refused",
        "Terraform reads it with every vault",
        "controlplane/arm/recovery_services/replication_vault_settings.py",
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
        "Public IP addresses",
        "from 203.0.113.0/24, which is set aside for documentation, then from 198.18.0.0/15; nothing answers there",
        "addresses of the region's own",
        "controlplane/arm/network/public_ip_addresses.py",
    ),
    Choice(
        "What-if",
        "each resource is tried on a copy of the store, at once; a nested deployment is not looked into",
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
        "A larger size of a managed disk",
        "given while its machine is deallocated, or it is attached to none; the partition stays as it is",
        "many data disks can grow under a running machine; the partition is the user's affair there too",
        "controlplane/arm/compute/disks.py",
    ),
    Choice(
        "The blob of a deleted managed disk",
        "stays while recovery points or snapshots hold snapshots of it",
        "snapshots of a managed disk are stored separately",
        "controlplane/arm/compute/disks.py",
    ),
    Choice(
        "Redundancy of a vault whose request names none",
        f"`{DEFAULT_REDUNDANCY}`",
        "an answer recorded in September 2026 shows it; older threads and quickstarts say geo-redundant",
        "controlplane/domain/recovery_services/vault.py",
    ),
    Choice(
        "The switch of Cross Region Restore",
        "kept and shown, without effect: there is no second region, and the operations on it are refused by name; it "
        "can be set in a geo-redundant vault, and then stays",
        "documented; the code of the refusal in other vaults is not public",
        "controlplane/domain/recovery_services/vault_settings.py",
    ),
    Choice(
        "The code of a move to the archive that is refused",
        "the documented ones: snapshots count as active dependencies, and a point that is not in the vault yet as too "
        "short a time there",
        "documented as a list of codes and causes",
        "controlplane/domain/recovery_services/recovery_point.py",
    ),
    Choice(
        "A PUT of an existing vault",
        "settings and identity that it omits stay, tags that it omits are removed; a request without changes keeps "
        "the ETag",
        "which settings a PUT resets is not public",
        "controlplane/arm/recovery_services/vault_change.py",
    ),
    Choice(
        "A PATCH of a vault",
        "200 where it changes only tags, else 202 with an operation that has succeeded",
        "documented: 200 or 202",
        "controlplane/arm/recovery_services/vaults.py",
    ),
    Choice(
        "The customer-managed key of a vault",
        "only the form of its address is checked: no world has a key vault",
        "the service wraps its own key with it",
        "controlplane/domain/recovery_services/vault_encryption.py",
    ),
    Choice(
        "Immutability",
        "the deletion of an item is accepted, and fails while one of its recovery points is held; no policy of the "
        "vault may keep less, used or not; with TimeBased, a point is held for the given days or until it expires",
        "documented, the failing deletion quoted in a report; what TimeBased forbids besides deletion is not public",
        "controlplane/domain/recovery_services/immutability.py",
    ),
    Choice(
        "Resource guards",
        "must be in this subscription and in the vault's region; everybody who is signed in gets a guard's consent by "
        f"naming its request object; unlockDelete lasts {UNLOCKED_FOR.total_seconds() / 60:.0f} minutes",
        "a guard may be in another tenant; its owner gives consent by a role; for how long is not public",
        "controlplane/domain/recovery_services/resource_guard.py",
    ),
    Choice(
        "Names of four request objects of a resource guard",
        "those of stopping, restoring, immutability and encryption follow the pattern of the others",
        NOT_PUBLIC,
        "controlplane/domain/recovery_services/resource_guard.py",
    ),
    Choice(
        "An empty vault that is deleted",
        "is listed as a deleted vault until the service's next clean-up, within an hour of world time",
        "recorded: `purgeAt` is the time of the deletion, and the vault is still listed days later",
        "controlplane/jobs/retention/deleted_vaults.py",
    ),
    Choice(
        "The machines of a deleted vault",
        "may be protected by another vault at once; those of soft-deleted items in a vault may not",
        NOT_PUBLIC,
        "controlplane/jobs/documents/items.py",
    ),
    Choice(
        "Names of a vault's usages",
        "counts of items, policies and recovery points, and the bytes moved into the vault",
        NOT_PUBLIC,
        "controlplane/domain/recovery_services/vault_usage.py",
    ),
    Choice(
        "Values of a vault's settings that no vault may have",
        "`InvalidRestApiParameter`, naming the group of settings",
        "quoted in reports for `properties`, `monitoringSettings` and `redundancySettings`; for the others by analogy. "
        "In 2024 incomplete alert settings were refused too, since 2024-02-01; here they are completed",
        "controlplane/domain/recovery_services/vault_settings.py",
    ),
    Choice(
        "Snapshots of a weekly enhanced policy",
        "1 to 30 days, shorter than the weekly retention",
        "documented for enhanced policies; a report of 2024 says that weekly ones want 5 days, as standard ones do",
        "controlplane/domain/recovery_services/policy.py",
    ),
    Choice(
        "The window of an hourly policy",
        "a multiple of the interval",
        "so refuses azurerm; a sample of PowerShell has a window of 23 hours with an interval of 4",
        "controlplane/domain/recovery_services/policy.py",
    ),
    Choice(
        "The 200 policies of a vault",
        "those that came with it count; another one is refused",
        "documented; the code of the refusal is not public",
        "controlplane/domain/recovery_services/policy.py",
    ),
    Choice(
        "The change of a policy that protects something",
        "202 and a ConfigureBackup job for each item that it backs up; suspended items need none",
        "PowerShell shows such jobs; when the service answers 200 at once is not public",
        "controlplane/arm/recovery_services/backup_policies.py",
    ),
    Choice(
        "Policies with only crash-consistent snapshots",
        "refused by name",
        "a preview: snapshots of a running machine without the extension",
        "controlplane/domain/recovery_services/policy.py",
    ),
    Choice(
        "A request to set soft delete to Enabled, with an api-version before 2026",
        "the vault has AlwaysON, as every vault; with later versions the request is refused",
        "accepts it with 2025-08-01 and refuses it in 2026; since which version, and what it then shows, is not public",
        "controlplane/domain/recovery_services/vault_settings.py",
    ),
    Choice(
        "A machine whose protection is stopped or suspended",
        "may be protected in another vault, and is then not resumed in the first",
        "documented for machines whose protection was stopped; soft-deleted ones stay with their vault here",
        "controlplane/jobs/protection/lifecycle.py",
    ),
    Choice(
        "Backup status",
        "Protected for an item in every state, so that it names the vault",
        "not public for items that are stopped or soft-deleted",
        "controlplane/arm/recovery_services/backup_status.py",
    ),
    Choice(
        "Validation of a restore",
        "the checks of the restore itself, rolled back before it begins",
        "checks more than the request, for instance permissions",
        "controlplane/jobs/dry_run.py",
    ),
    Choice(
        "Export of jobs",
        "a JSON blob with the jobs as lists show them, readable for an hour; no workbook",
        "a workbook for a spreadsheet",
        "controlplane/arm/recovery_services/job_export.py",
    ),
    Choice(
        "Archive",
        f"for points of a monthly or yearly rule, {ARCHIVE_AFTER.days} days old, kept for {ARCHIVED_FOR.days} more and "
        "without snapshots; each ready one is recommended; the job is called MoveRecoveryPoint",
        "the rules are documented; when a point is recommended is not",
        "controlplane/domain/recovery_services/recovery_point.py",
    ),
    Choice(
        "Rehydration",
        f"at once, for {DAYS.start} to {DAYS.stop - 1} days, together with the restore that requests it",
        "takes up to fifteen hours",
        "controlplane/jobs/restore/rehydration.py",
    ),
    Choice(
        "Recovery of files",
        "a Python script for every system, which reads the disks over HTTPS with a password and copies the files; any "
        "number of sessions for a recovery point",
        "an executable on Windows; the script mounts the disks over iSCSI",
        "controlplane/jobs/restore/recover_files.py",
    ),
    Choice(
        "Source scan",
        "can be switched on and off; nothing scans for threats, so the summary stays Unknown",
        "Defender scans",
        "controlplane/arm/recovery_services/source_scan.py",
    ),
    Choice(
        "Keys of a storage account",
        "key1 and key2 are the same",
        "two different keys; clients expect two, and the storage here has one",
        "controlplane/arm/storage/storage_accounts.py",
    ),
    Choice(
        "A virtual machine without adminPassword",
        "accepted: passwords are never read, so nothing can keep or show them",
        "a new machine needs a password or a key",
        "controlplane/arm/compute/virtual_machine_request.py",
    ),
    Choice(
        "Managed disks",
        "page blobs in the service's own account, backed up through the same handler as disks in user accounts; "
        "the machine shows the extension either way",
        "the service backs managed disks up through restore points of Compute",
        "controlplane/arm/compute/disks.py",
    ),
    Choice(
        "Restore point collections",
        f"one group for each location, number {FIRST_GROUP}; a collection is deleted with its last restore point, the "
        "group stays; a user cannot create collections",
        "a group holds 600 collections, then comes the next number; when a collection is deleted is not public",
        "controlplane/domain/compute/restore_point_collection.py",
    ),
    Choice(
        "A restore point that its owner deletes",
        "its recovery point is only in the vault from that moment on",
        "when the service notices is not public",
        "controlplane/arm/compute/restore_point_collections.py",
    ),
    Choice(
        "A lock on the group of the restore points",
        f"snapshots stay, and so do expired recovery points; from "
        f"{ServiceSettings().instant_snapshots_per_item} on backups fail with `UserErrorRpCollectionLimitReached`, "
        "under a read-only lock at once with `UserErrorResourceIsInLockedState`",
        "clean-up and backups fail, as documented; how the first failure shows is not public",
        "controlplane/jobs/documents/restore_points.py",
    ),
    Choice(
        "Restore to the original location",
        "backs the machine up, deallocates it, replaces its disks and brings it back to its power state; for "
        "machines on unmanaged disks too; a machine that does not start again gets its old disks back",
        "documented for managed disks; the order, and what happens to a machine that does not start, are not public",
        "controlplane/jobs/restore/restore_original.py",
    ),
    Choice(
        "Restore to an alternate location",
        "the machine has the size of the recovery point, one network interface and no public address; it is up when "
        "the job ends",
        "what the interface is called, and what else is created, is not public",
        "controlplane/jobs/restore/restore_machine.py",
    ),
    Choice(
        "Texts in a restore job",
        "property `Job Type`: "
        + ", ".join(f"`{word}`" for word in JOB_TYPES.values())
        + "; tasks: "
        + ", ".join(f"`{step.name}`" for step in (FROM_SNAPSHOTS, CREATE, BACK_UP, REPLACE)),
        "recorded are `Recover disks` and `Transfer data from vault`",
        "controlplane/jobs/restore/restore.py",
    ),
    Choice(
        "A failed or cancelled restore",
        "leaves nothing: no disks, no machine, and not the backup that was taken first",
        "the service may leave the disks",
        "controlplane/jobs/engine/plan.py",
    ),
    Choice(
        "How long a snapshot task may stay silent",
        f"{ServiceSettings().snapshot_timeout_seconds // 60} minutes, {ServiceSettings().snapshot_attempts} attempts",
        "the service's numbers are not public; the handler itself gives up later",
        "controlplane/service_settings.py",
    ),
    Choice(
        "Second attempt",
        "only after a failure that the freeze may have caused; it may do without one",
        "when the service tries again, and with what, is not public",
        "controlplane/jobs/backup/snapshot_task.py",
    ),
    Choice(
        "How many machines freeze at once",
        f"{FREEZES} in a world; a further freeze waits for {FREEZE_PATIENCE_SECONDS:.0f} seconds and is then refused, "
        "and the job's error says so",
        "machines do not share the processes that freeze them",
        "simulator/host/wireserver.py",
    ),
)
