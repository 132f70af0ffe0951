"""What the keys of the contract mean, in words; the page that shows them refuses a key without, and a word too many."""

from __future__ import annotations

from collections.abc import Mapping

Meanings = Mapping[str, str]

SETTINGS: Meanings = {
    "publicSettings": "open to everyone on the machine",
    "protectedSettings": "CMS envelope around the protected settings, taken out of the file once it was read",
    "protectedSettingsCertThumbprint": "SHA-1 thumbprint of the certificate that opens the envelope",
}
PUBLIC: Meanings = {
    "locale": "language of the messages; one that is not spoken falls back to English",
    "taskId": "name of this attempt; a second attempt has another",
    "commandToExecute": "what to do",
    "commandStartTimeUTCTicks": "when the task began, in .NET ticks of real time; read as a number or 6.36458E+17, too",
    "vmType": "kind of machine; only a classic one gets a failed task into `status.status` of N.status",
    "objectStr": "open part of the task",
    "customSettings": "how this attempt is to be made",
}
PROTECTED: Meanings = {
    "objectStr": "the task with the addresses of its disks",
    "logsBlobUri": "SAS of the log blob, which must exist",
    "statusBlobUri": "SAS of the status blob, which must exist",
}
OBJECT: Meanings = {
    "blobSASUri": "a SAS for each disk; the report answers in this order; only in the protected part",
    "backupMetadata": "metadata that each snapshot shall bear",
    "backupMetadata[].Key": "name of a header behind `x-ms-meta-`",
    "backupMetadata[].Value": "its value",
    "snapshotTaskToken": "handed to the host service",
    "includedDisks": "which disks the task is about; absent: all",
    "includedDisks.dataDiskLunList": "their LUNs",
    "includedDisks.isOSDiskIncluded": "whether the OS disk is among them",
    "includedDisks.isAnyDiskExcluded": "whether some disk of the machine is not",
    "includedDisks.isAnyWADiskIncluded": "a disk with write accelerator: only the host can snapshot it",
    "includedDisks.isVmgsBlobIncluded": "guest state blob: only the host",
    "includedDisks.isVmmdBlobIncluded": "machine metadata blob: for the host",
    "includedDisks.isAnyDirectDriveDiskIncluded": "a disk without a page blob: only the host",
    "includedDisks.isVMADEEnabled": "the disks are encrypted inside the machine",
    "includedDisks.instantAccessDurationMinutes": "for the host",
    "dynamicConfigsFromCRP": "switches; names that nobody knows are ignored",
    "dynamicConfigsFromCRP[].Key": "its name",
    "dynamicConfigsFromCRP[].Value": "its position",
}
CUSTOM: Meanings = {
    "takeSnapshotFrom": "who takes the snapshots; the owner of the machine may overrule it in the registry",
    "isManagedVm": "whether the disks are managed disks",
    "canTakeCrashConsistentSnapshot": "whether this attempt may do without a freeze",
    "isOnlyOSDiskBackupEnabled": "for billing",
    "backupTaskId": "the task's name for the host, where it differs",
    "backupRetryCount": "0 for the first attempt",
    "waDiskLunList": "disks with write accelerator",
}
STATUS_BLOB: Meanings = {
    "version": "of the handler environment",
    "timestampUTC": "when the report was made, by the guest's clock",
    "status": "the report",
    "status.name": "the handler's name",
    "status.operation": "always the same",
    "status.status": "`success` while the task is under way, too: then the code is 4",
    "status.substatus": "empty",
    "status.code": "what became of the task",
    "status.taskId": "which task",
    "status.formattedMessage": "for people",
    "status.formattedMessage.lang": "its language",
    "status.formattedMessage.message": "the sentence, and the consistency as a number",
    "status.storageDetails": "what the guest found of its own storage",
    "status.storageDetails.partitionCount": "volumes",
    "status.storageDetails.totalUsedSizeInBytes": "in use on them",
    "status.storageDetails.isStoragespacePresent": "whether disks are pooled",
    "status.storageDetails.isSizeComputationFailed": "whether the size could not be found out",
    "status.commandStartTimeUTCTicks": "as it was received",
    "status.telemetryData": "durations, versions, name of the error",
    "status.telemetryData[].Key": "name",
    "status.telemetryData[].Value": "value",
    "status.uniqueMachineId": "identity of the installation; a restored copy has another",
    "status.snapshotInfo": "one entry for each disk, in the order of the task; null: no snapshot was tried",
    "status.snapshotInfo[].isSuccessful": "whether this disk has its snapshot",
    "status.snapshotInfo[].snapshotUri": "its address, without a signature",
    "status.snapshotInfo[].errorMessage": "what the storage answered, where it has none",
    "status.snapshotInfo[].blobUri": "address of the disk, without a signature",
    "status.snapshotInfo[].directDriveSnapshotIdentifier": "null for disks in page blobs",
    "status.vmHealthInfo": "whether the machine needs a look",
    "status.vmHealthInfo.vmHealthState": "see the codes below",
    "status.vmHealthInfo.vmHealthStatusCode": "code that the health follows from; it can be finer than `status.code`",
}
MESSAGE: Meanings = {
    "messageStr": "the sentence",
    "snapshotConsistency": "0 none, 1 file-system, 2 application, 3 crash",
    "jobMessage": "empty",
    "isSizeComputationFailed": "as in storageDetails",
}
_ELSEWHERE = ("status.telemetryData", "status.snapshotInfo", "status.vmHealthInfo")
STATUS_FILE: Meanings = {
    **{key: said for key, said in STATUS_BLOB.items() if not key.startswith(_ELSEWHERE)},
    **dict.fromkeys(_ELSEWHERE, "stands in the substatus"),
    "timestampUTC": "when it was written, by the guest's clock",
    "status.status": "success whatever became of the task, except on a classic machine: the handler did its part",
    "status.substatus": "one: the status blob, for an agent that hands it on",
    "status.substatus[].code": "always the same",
    "status.substatus[].name": "the whole status blob",
    "status.substatus[].status": "always the same",
    "status.substatus[].formattedMessage": "always null",
}
