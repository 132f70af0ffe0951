"""The writers of Windows Server: those of every system, and those of its roles and of programs."""

from __future__ import annotations

from random import Random
from uuid import UUID

from simulator.guest.vss.writer import WRITER_FREEZE_LIMIT_SECONDS, Level, Writer, WriterClass

# The identities are Microsoft's, the same on every machine. The levels of the in-box writers are not published; that
# system components freeze last is what the levels are for.
IN_BOX = (
    WriterClass("Task Scheduler Writer", "d61d61c8-d73a-4eee-8cdd-f6f9786b7124", "Schedule",
                instance_id="1bddd48e-5052-49db-9b07-b96f96727e6b"),
    WriterClass("VSS Metadata Store Writer", "75dfb225-e2e4-4d39-9ac9-ffaff65ddf06", "",
                instance_id="088e7a7d-09a8-4cc6-a609-ad90e75ddc93"),
    WriterClass("Performance Counters Writer", "0bada1de-01a9-4625-8278-69e735f39dd2", ""),
    WriterClass("System Writer", "e8132975-6f93-4464-a53e-1050253ae220", "CryptSvc"),
    WriterClass("ASR Writer", "be000cbe-11fe-4426-9c58-531aa6355fc4", "VSS"),
    WriterClass("Shadow Copy Optimization Writer", "4dc3bdd4-ab48-4d07-adb0-3bee2926fd7f", "VSS"),
    WriterClass("Registry Writer", "afbab4a2-367d-4d15-a586-71dbb18f8485", "VSS"),
    WriterClass("COM+ REGDB Writer", "542da469-d3e1-473c-9f4f-7847f01fc64f", "VSS"),
    WriterClass("WMI Writer", "a6ad56c2-b509-4e6c-bb19-49d8f43532f0", "Winmgmt"),
)  # fmt: skip
SQL_SERVER = WriterClass("SqlServerWriter", "a65faa63-5ea8-4ebc-9dbd-a0c4db26912a", "SQLWriter", Level.BACK_END)

_OF_ROLES = (
    ("MSSearch Service Writer", "cd3f2362-8bef-46c7-9181-d62844cdc0b2", "WSearch"),
    ("BITS Writer", "4969d978-be47-48b0-b100-f328f07ac1e0", "BITS"),
    ("IIS Config Writer", "2a40fd15-dfca-4aa8-a654-1f8c654603f6", "AppHostSvc"),
    ("IIS Metabase Writer", "59b1f0cf-90ef-465f-9609-6ca8b2938366", "IISADMIN"),
    ("Microsoft Exchange Writer", "76fe1ac4-15f7-4bcd-987e-8e1acb462fb7", "MSExchangeIS"),
    ("SharePoint Services Writer", "da452614-4858-5e53-a512-38aab25c61ad", "SPWriter"),
    ("WIDWriter", "8d5194e1-e455-434a-b2e5-51296cce67df", "WIDWriter"),
    ("NTDS", "b2014c9e-8711-4c5c-a5a9-3cf384484757", "NTDS"),
    ("ADAM (instance) Writer", "dd846aaa-a1b6-42a8-aaf8-03dcb6114bfd", "ADAM_instance"),
    ("ADFS VSS Writer", "772c45f8-ae01-4f94-940c-94961864acad", "ADFSSRV"),
    ("AD RMS Writer", "886c43b1-d455-4428-a37f-4d6b9e43f50f", ""),
    ("Certificate Authority", "6f5b15b5-da24-4d88-b737-63063e3a1f86", "CertSvc"),
    ("FRS Writer", "d76f5a28-3092-4589-ba48-2958fb88ce29", "NtFrs"),
    ("DFS Replication service writer", "2707761b-2324-473d-88eb-eb007a359533", "DFSR"),
    ("Dhcp Jet Writer", "be9ac81e-3619-421f-920f-4c6fea9e93ad", "DHCPServer"),
    ("WINS Jet Writer", "f08c1483-8407-4a26-8c26-6c267a629741", "WINS"),
    ("Cluster Database", "41e12264-35d8-479b-8e5c-9b23d1dad37e", "ClusSvc"),
    ("Cluster Shared Volume VSS Writer", "1072ae1c-e5a7-4ea1-9e4a-6f7964656570", "ClusSvc"),
    ("Dedup Writer", "41db4dbf-6046-470e-8ad5-d5081dfb1b70", "ddpvssvc"),
    ("FSRM Writer", "12ce4370-5bb7-4c58-a76a-e5d5097e3674", "srmsvc"),
    ("Microsoft Hyper-V VSS Writer", "66841cd4-6ded-4f4b-8f17-fd23f8ddc3de", "vmms"),
    ("MSMQ Writer (MSMQ)", "7e47b561-971a-46e6-96b9-696eeaa53b2a", "MSMQ"),
    ("NPS VSS Writer", "35e81631-13e1-48db-97fc-d5bc721bb18a", "EventSystem"),
    ("TS Gateway Writer", "368753ec-572e-4fc7-b4b9-ccd9bdc624cb", "TSGateway"),
    ("TermServLicensing", "5382579c-98df-47a7-ac6c-98a6d7106e09", "TermServLicensing"),
    ("Sync Share Service VSS Writer", "d46bf321-fdba-4a35-8ec3-454df03bc86a", "SyncShareSvc"),
    ("WDS VSS Writer", "82cb5521-68db-4626-83a4-7fc6f88853e9", "WDSServer"),
)
"""Name, id, and service. The ids of most are in Microsoft's pages on in-box writers, those of Exchange, SharePoint and
the cluster database in many scripts; the services are from memory."""
_EXCHANGE = "Microsoft Exchange Writer"
_EXCHANGE_LIMIT_SECONDS = 20.0
"""Within which Exchange wants its thaw."""

OF_ROLES = tuple(
    WriterClass(
        name,
        writer_id,
        service,
        Level.FRONT_END,
        freeze_limit_seconds=_EXCHANGE_LIMIT_SECONDS if name == _EXCHANGE else WRITER_FREEZE_LIMIT_SECONDS,
    )
    for name, writer_id, service in _OF_ROLES
)
"""Writers of roles, features and programs that a bare server has not."""

ALL = {each.name: each for each in (*IN_BOX, SQL_SERVER, *OF_ROLES)}


def in_box_writers(chance: Random) -> list[Writer]:
    """Those of a bare Windows Server; instance ids are drawn where they differ from machine to machine."""
    return [Writer(each, each.instance_id or guid(chance)) for each in IN_BOX]


def guid(chance: Random) -> str:
    return str(UUID(int=chance.getrandbits(128), version=4))
