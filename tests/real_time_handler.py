"""A handler of somebody else's: a program of a few lines that knows its machine's clock and nothing of a simulated
guest. It asks no bridge, freezes nothing, and snapshots in a process of its own."""

from __future__ import annotations

import io
import json
import zipfile

NAME = "Microsoft.Azure.RecoveryServices.VMSnapshot"
VERSION = "1.9.0.0"
VERBS = ("install", "enable", "disable", "update", "uninstall")
SEEN = "seen.jsonl"
"""What the program wrote on its machine's disk of each task: a line of JSON."""

LAUNCHER = '#!/bin/sh\nexec "$VMSNAPSHOT_PYTHON" -I "${0%/*}/../program.py" "${0##*/}"\n'

PROGRAM = '''
import base64, json, os, subprocess, sys, urllib.request
from datetime import datetime, timedelta, timezone
from pathlib import Path

ROOT, NUMBER = Path(os.environ["AZURE_GUEST_AGENT_EXTENSION_PATH"]), os.environ["ConfigSequenceNumber"]
LONGEST = timedelta(minutes=10)


def settings():
    handler = json.loads((ROOT / "RuntimeSettings" / f"{NUMBER}.settings").read_text())["runtimeSettings"][0]
    handler = handler["handlerSettings"]
    disk = next(folder for folder in ROOT.parents if (folder / "WindowsAzure").is_dir())
    pair = disk / "WindowsAzure" / "Certificates" / handler["protectedSettingsCertThumbprint"]
    command = ["openssl", "cms", "-decrypt", "-inform", "DER", "-recip", f"{pair}.crt", "-inkey", f"{pair}.prv"]
    envelope = base64.b64decode(handler["protectedSettings"])
    opened = subprocess.run(command, input=envelope, capture_output=True, check=True)
    return handler["publicSettings"], json.loads(opened.stdout)


def host_time():
    """What the host answers, by the published protocol."""
    address = os.environ["AZURE_GUEST_AGENT_WIRE_PROTOCOL_ADDRESS"]
    url = f"http://{address}/metadata/recsvc/snapshot/presnapshot?api-version=2017-12-01"
    time = json.load(urllib.request.urlopen(urllib.request.Request(url, b"{}", method="POST")))["responseTime"]
    return datetime(*(time[unit] for unit in ("year", "month", "day", "hour", "minute", "second")), tzinfo=timezone.utc)


def tell_agent(status, message):
    document = [{"version": "1.0", "timestampUTC": datetime.now(timezone.utc).isoformat(), "status": {
        "name": "RealTime", "operation": "Enable", "status": status, "code": 0, "substatus": [],
        "formattedMessage": {"lang": "en-US", "message": message}}}]
    file = ROOT / "Status" / f"{NUMBER}.status"
    file.with_suffix(".new").write_text(json.dumps(document))
    file.with_suffix(".new").replace(file)


def ask(method, url, headers, body=b""):
    request = urllib.request.Request(url, body, {"x-ms-version": "2020-10-02", **headers}, method=method)
    return urllib.request.urlopen(request).headers


def snapshot(uri, metadata):
    headers = {f"x-ms-meta-{each['Key']}": each["Value"] for each in metadata}
    stamp = ask("PUT", f"{uri}&comp=snapshot", headers)["x-ms-snapshot"]
    plain = uri.partition("?")[0]
    return {"isSuccessful": True, "snapshotUri": f"{plain}?snapshot={stamp}", "errorMessage": "", "blobUri": plain}


def report(public, protected, code, snapshots, message):
    inner = {"messageStr": message, "snapshotConsistency": 3 if snapshots else 0}
    status = {
        "name": "RealTime", "operation": "Enable", "status": "success" if snapshots else "error", "substatus": [],
        "code": str(code), "taskId": public["taskId"], "snapshotInfo": snapshots,
        "formattedMessage": {"lang": "en-US", "message": json.dumps(inner)},
        "commandStartTimeUTCTicks": public["commandStartTimeUTCTicks"], "telemetryData": []}
    blob = [{"version": "1.0", "timestampUTC": datetime.now(timezone.utc).isoformat(), "status": status}]
    ask("PUT", protected["statusBlobUri"], {"x-ms-blob-type": "BlockBlob"}, json.dumps(blob).encode())


def work():
    public, protected = settings()
    now = datetime.now(timezone.utc)
    began = datetime(1, 1, 1, tzinfo=timezone.utc) + timedelta(
        microseconds=int(public["commandStartTimeUTCTicks"]) // 10)
    ages = [now - began, host_time() - began, host_time() - now]
    with (ROOT.parents[2] / "%(seen)s").open("a") as seen:
        seen.write(json.dumps({"task": public["taskId"], "process": os.getpid(), "now": now.isoformat(),
                               "ages": [age.total_seconds() for age in ages]}) + "\\n")
    if any(abs(age) > LONGEST for age in ages):
        report(public, protected, 13, None, "this task is of another time")
    else:
        task = json.loads(base64.b64decode(protected["objectStr"]))
        taken = [snapshot(uri, task["backupMetadata"]) for uri in task["blobSASUri"]]
        report(public, protected, 1, taken, "done")
    tell_agent("success", "done")


if sys.argv[1] == "enable":
    tell_agent("transitioning", "at work")
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.Popen([sys.executable, "-I", __file__, "work"], start_new_session=True, **quiet)
elif sys.argv[1] == "work":
    work()
'''


HANGS = PROGRAM.replace("def work():\n", "def work():\n    while True:\n        time.sleep(1)\n").replace(
    "import base64,", "import time, base64,"
)
"""It says that it is at work, and never is done."""


def package(version: str = VERSION, program: str = PROGRAM) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        commands = {f"{verb}Command": f"bin\\{verb}.cmd" for verb in VERBS}
        manifest = [{"name": NAME, "version": version, "handlerManifest": commands}]
        archive.writestr("HandlerManifest.json", json.dumps(manifest))
        archive.writestr("program.py", program.replace("%(seen)s", SEEN))
        for verb in VERBS:
            archive.writestr(f"bin/{verb}", LAUNCHER)
    return content.getvalue()
