#!/usr/bin/env python3
"""A minimal complete snapshot handler: freeze, a snapshot of each disk, thaw, report. Python and openssl, no more."""

import base64
import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent
VERB = sys.argv[1]
if VERB not in ("enable", "work"):
    sys.exit(0)  # there is nothing to install, disable, update or uninstall
NUMBER = os.environ["ConfigSequenceNumber"]
PLACES = json.loads((ROOT / "HandlerEnvironment.json").read_text())[0]["handlerEnvironment"]
DISK = next(folder for folder in ROOT.parents if (folder / "bridge.token").is_file())  # the guest's system disk
BRIDGE = f"http://{os.environ['AZURE_GUEST_AGENT_WIRE_PROTOCOL_ADDRESS']}/bridge"
TOKEN = {"Authorization": f"Bearer {(DISK / 'bridge.token').read_text()}"}
STORAGE = {"x-ms-version": "2020-10-02"}


def ask(url: str, headers: dict[str, str], body: bytes | None = None, method: str | None = None) -> Any:
    return urllib.request.urlopen(urllib.request.Request(url, body, headers, method=method), timeout=90)


def guest(verb: str, **message: object) -> Any:
    """GET without a message, POST with one."""
    return json.load(ask(f"{BRIDGE}/{verb}", TOKEN, json.dumps(message).encode() if message else None))


def settings() -> tuple[Any, Any, Any]:
    """Public settings, protected settings, and the task inside these."""
    file = Path(PLACES["configFolder"], f"{NUMBER}.settings")
    handler = json.loads(file.read_text())["runtimeSettings"][0]["handlerSettings"]
    folders = (DISK / "WindowsAzure/Certificates", DISK / "var/lib/waagent")
    pairs = (str(folder / handler["protectedSettingsCertThumbprint"]) for folder in folders)
    pair = next(each for each in pairs if Path(f"{each}.prv").is_file())
    command = ["openssl", "cms", "-decrypt", "-inform", "DER", "-recip", f"{pair}.crt", "-inkey", f"{pair}.prv"]
    envelope = base64.b64decode(handler["protectedSettings"])
    plain = json.loads(subprocess.run(command, input=envelope, capture_output=True, check=True).stdout)
    return handler["publicSettings"], plain, json.loads(base64.b64decode(plain["objectStr"]))


def document(task: str, status: str, code: int, consistency: int, snapshots: Any, substatus: list[Any]) -> str:
    message = json.dumps({"messageStr": f"code {code}", "snapshotConsistency": consistency})
    inner: dict[str, object] = {"name": "PythonSnapshot", "operation": "Enable", "status": status}
    inner |= {"code": str(code), "taskId": task}
    inner |= {"formattedMessage": {"lang": "en-US", "message": message}, "snapshotInfo": snapshots}
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return json.dumps([{"version": "1.0", "timestampUTC": now, "status": inner | {"substatus": substatus}}])


def write_status(text: str) -> None:
    file = Path(PLACES["statusFolder"], f"{NUMBER}.status")
    file.with_suffix(".new").write_text(text)
    file.with_suffix(".new").replace(file)  # nobody reads half of it


def snapshot(uri: str, metadata: list[dict[str, str]]) -> dict[str, object]:
    headers = STORAGE | {f"x-ms-meta-{each['Key']}": each["Value"] for each in metadata}
    stamp = ask(f"{uri}&comp=snapshot", headers, b"", "PUT").headers["x-ms-snapshot"]
    disk = uri.partition("?")[0]  # what is reported has no signature
    return {"isSuccessful": True, "snapshotUri": f"{disk}?snapshot={stamp}", "errorMessage": "", "blobUri": disk}


def work() -> None:
    public, plain, task = settings()
    taken: list[dict[str, object]] | None = None
    with ask(f"{BRIDGE}/session?task_id={public['taskId']}", TOKEN) as line:  # stays open until all is done
        session = json.loads(line.readline())["session"]
        writers = guest("facts")["has_vss"]
        if guest("freeze", session=session, timeout_seconds=60, writers=writers)["frozen"]:
            try:
                snapshots = [snapshot(uri, task["backupMetadata"]) for uri in task["blobSASUri"]]
            finally:
                thawed = guest("thaw", session=session)
            taken = snapshots if thawed["consistent"] else None
        code, consistency = (121, 0) if taken is None else (0, 2) if writers else (1, 1)
        blob = document(public["taskId"], "error" if code == 121 else "success", code, consistency, taken, [])
        inner = [{"code": "0", "name": blob, "status": "success", "formattedMessage": None}]
        write_status(document(public["taskId"], "success", code, consistency, None, inner))
        ask(plain["statusBlobUri"], STORAGE | {"x-ms-blob-type": "BlockBlob"}, blob.encode(), "PUT")
        log = f"task {public['taskId']} ended with code {code}\n"
        ask(plain["logsBlobUri"], STORAGE | {"x-ms-blob-type": "BlockBlob"}, log.encode(), "PUT")


if VERB == "enable":
    write_status(document("", "success", 4, 0, None, []))  # accepted, and at work from now on
    nothing = subprocess.DEVNULL
    command = [sys.executable, "-I", __file__, "work"]
    subprocess.Popen(command, start_new_session=True, stdin=nothing, stdout=nothing, stderr=nothing)
else:
    work()
