"""The servers that the bench of the ARM surface asks: a world, moto's server, and a bare FastAPI route.

Each is a process of its own that ends with `close`.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from copy import deepcopy
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import psutil

from bench.http_load import Load, Target
from controlplane.adapters.store import SqlStore
from controlplane.arm.sign_in.aad import CLIENT_ID, TENANT_ID
from controlplane.domain.arm_id import container_name, item_id, item_name
from controlplane.domain.recovery_services.protected_item import KIND as ITEMS
from controlplane.json_object import Json
from simulator.client import Client
from simulator.clock.system import SystemClock

ROOT = Path(__file__).parents[1]
VERSION = "2026-05-01"
WAIT_SECONDS = 60.0
END_SECONDS = 300.0
"""In which a world of hundreds of machines ends."""


# ------------------------------------------------------------------------------------------------------------ the world


class RunningWorld:
    """A world in a process of its own, with a protected machine in it. `more` are options of `backupsim up`."""

    def __init__(self, folder: Path, *more: str) -> None:
        self._folder = folder
        ports = {name: free_port() for name in ("--port", "--https-port", "--blob-port")}
        options = [*(word for name, port in ports.items() for word in (name, str(port))), *more]
        command = [sys.executable, "-m", "simulator.command.cli", "up", *options, "--state", str(folder / "world")]
        began = time.perf_counter()
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _until(lambda: _answers(ports["--port"]))
        with httpx.Client(trust_env=False, base_url=f"http://127.0.0.1:{ports['--port']}") as client:
            secrets = json.loads((folder / "world" / "secrets.json").read_bytes())
            self.headers = {"Authorization": f"Bearer {_token(client, secrets['client_secret'])}"}
            answer = client.get("/subscriptions?api-version=2022-12-01", headers=self.headers)
            assert answer.status_code == 200, answer.text
        self.first_answer_seconds = time.perf_counter() - began
        """From the start of the process to the list of subscriptions, with signing in."""
        self.first_answer_cpu_seconds = sum(psutil.Process(self._process.pid).cpu_times()[:2])
        self.endpoints = _until(self._published)
        self.pid = self._process.pid
        self.target = Target(self.endpoints["arm_http"], self.pid)

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(END_SECONDS)

    def protect(self) -> str:
        """A machine, a vault and an item; the id of the item."""
        with Client(self.endpoints) as client:
            group = client.group("bench")
            client.put(group, {"location": "westus"})
            account = f"{group}/providers/Microsoft.Storage/storageAccounts/benchdisks"
            made = client.put(account, {"location": "westus", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"})
            vm = f"{group}/providers/Microsoft.Compute/virtualMachines/vm"
            client.put(vm, _machine(made["properties"]["primaryEndpoints"]["blob"]))
            self.vault = f"{group}/providers/Microsoft.RecoveryServices/vaults/vault01"
            client.put(self.vault, VAULT)
            item = item_id(self.vault, "bench", "vm")
            policy = f"{self.vault}/backupPolicies/DefaultPolicy"
            properties = {"protectedItemType": "Microsoft.Compute/virtualMachines", "sourceResourceId": vm}
            client.put(item, {"properties": {**properties, "policyId": policy}})
        return item

    def fill(self, item: str, count: int) -> list[bytes]:
        """More items of the vault, up to so many: as the first one, under other names. The requests for all of them."""
        clock = SystemClock()
        store = SqlStore(f"sqlite:///{self._folder / 'world' / 'store.db'}", clock)
        try:
            first = store.get(ITEMS, item)
            assert first
            with store.transaction():
                for number in range(1, count):
                    name = f"vm{number:05}"
                    body = deepcopy(first.json())
                    body["id"], body["name"] = item_id(self.vault, "bench", name), item_name("bench", name)
                    body["properties"] |= {
                        "friendlyName": name,
                        "containerName": container_name("bench", name).partition(";")[2],
                    }
                    store.put(ITEMS, body["id"], body, parent=first.parent, private=first.private)
            return [self.get(each.json()["id"]) for each in store.find(ITEMS, self.vault)]
        finally:
            store.close()
            clock.close()

    def get(self, path: str) -> bytes:
        return self.target.message("GET", f"{quote(path, safe='/;')}?api-version={VERSION}", self.headers)

    def put_vault(self, number: int) -> bytes:
        path = f"{self.vault.rpartition('/')[0]}/vault{number:05}?api-version={VERSION}"
        return self.target.message("PUT", path, self.headers, json.dumps(VAULT).encode())

    def list_all(self) -> tuple[int, int, Load]:
        """Items, pages, and what the pages cost, followed by their links."""
        pages: list[float] = []
        items, path = 0, f"{self.vault}/backupProtectedItems?api-version={VERSION}"
        before, began = self.target.cpu_seconds(), time.perf_counter()
        while path:
            begun = time.perf_counter()
            status, body = self.target.ask(self.target.message("GET", path, self.headers))
            assert status == 200, body[:400]
            pages.append(time.perf_counter() - begun)
            page = json.loads(body)
            items += len(page["value"])
            link = urlsplit(page.get("nextLink", ""))
            path = f"{link.path}?{link.query}" if link.path else ""
        load = Load(len(pages), time.perf_counter() - began, self.target.cpu_seconds() - before, pages)
        return items, len(pages), load

    def _published(self) -> Json | None:
        assert self._process.poll() is None, "the world ended while it started"
        file = self._folder / "world" / "endpoints.json"
        try:
            endpoints: Json = json.loads(file.read_bytes())
        except (FileNotFoundError, ValueError):
            return None
        return endpoints


VAULT: Json = {"location": "westus", "sku": {"name": "Standard"}, "properties": {}}


def _machine(blobs: str) -> Json:
    disk = {"name": "os", "osType": "Windows", "createOption": "FromImage", "vhd": {"uri": f"{blobs}vhds/os.vhd"}}
    image = {"publisher": "MicrosoftWindowsServer", "offer": "WindowsServer", "sku": "2022-datacenter-g2"}
    return {
        "location": "westus",
        "properties": {
            "hardwareProfile": {"vmSize": "Standard_D2s_v5"},
            "osProfile": {"computerName": "vm", "adminUsername": "azureuser", "adminPassword": "Pa$$w0rd-of-bench"},
            "storageProfile": {"imageReference": image, "osDisk": disk},
        },
    }


def _token(client: httpx.Client, secret: str) -> str:
    form = {
        "grant_type": "client_credentials",
        "client_id": CLIENT_ID,
        "client_secret": secret,
        "scope": "https://management.azure.com/.default",
    }
    return str(client.post(f"/{TENANT_ID}/oauth2/v2.0/token", data=form).json()["access_token"])


# ------------------------------------------------------------------------------------------------------------ the peers


class Moto:
    """moto's server with one object, one instance and one item of a table in it."""

    SIGNED = "AWS4-HMAC-SHA256 Credential=bench/20260101/us-east-1/{}/aws4_request, SignedHeaders=host, Signature=0"

    def __init__(self, port: int, content: bytes) -> None:
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.target = Target(f"http://127.0.0.1:{port}", self._process.pid)
        _until(lambda: _answers(port))
        self._fill(content)

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(WAIT_SECONDS)

    def _fill(self, content: bytes) -> None:
        self._expect(self.put_object(0, b"", bucket_only=True))
        self._expect(self.put_object(0, content))
        body = self._expect(self._ec2("RunInstances", "&ImageId=ami-12c6146b&MinCount=1&MaxCount=1"))
        self._instance = body.partition(b"<instanceId>")[2].partition(b"<")[0].decode()
        key = {"AttributeName": "id"}
        table = {
            "TableName": "bench",
            "KeySchema": [{**key, "KeyType": "HASH"}],
            "AttributeDefinitions": [{**key, "AttributeType": "S"}],
            "BillingMode": "PAY_PER_REQUEST",
        }
        self._expect(self._dynamodb("CreateTable", table))
        item = {"id": {"S": "one"}, "body": {"S": content.decode()}}
        self._expect(self._dynamodb("PutItem", {"TableName": "bench", "Item": item}))

    def reads(self) -> dict[str, bytes]:
        """A request for one thing that is stored, in each of the three services."""
        return {
            "S3 GetObject": self.target.message("GET", "/bench/object00000", self._signed("s3")),
            "EC2 DescribeInstances": self._ec2("DescribeInstances", f"&InstanceId.1={self._instance}"),
            "DynamoDB GetItem": self._dynamodb("GetItem", {"TableName": "bench", "Key": {"id": {"S": "one"}}}),
        }

    def put_object(self, number: int, content: bytes, bucket_only: bool = False) -> bytes:
        path = "/bench" if bucket_only else f"/bench/object{number:05}"
        return self.target.message("PUT", path, self._signed("s3"), content)

    def _ec2(self, action: str, more: str) -> bytes:
        form = f"Action={action}&Version=2016-11-15{more}".encode()
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.target.message("POST", "/", {**self._signed("ec2"), **kind}, form)

    def _dynamodb(self, action: str, body: Json) -> bytes:
        kind = {"X-Amz-Target": f"DynamoDB_20120810.{action}", "Content-Type": "application/x-amz-json-1.0"}
        return self.target.message("POST", "/", {**self._signed("dynamodb"), **kind}, json.dumps(body).encode())

    def _signed(self, service: str) -> dict[str, str]:
        return {"Authorization": self.SIGNED.format(service)}

    def _expect(self, message: bytes) -> bytes:
        status, body = self.target.ask(message)
        assert status == 200, body[:400]
        return body


BARE = """
import sys, pathlib
from fastapi import FastAPI, Response
from simulator.serving import Serving

app = FastAPI()
content = pathlib.Path(sys.argv[1]).read_bytes()

@app.get(sys.argv[2])
async def item(subscription: str, group: str, vault: str, container: str, item: str) -> Response:
    return Response(content, media_type="application/json")

print(Serving(app).url, flush=True)
sys.stdin.read()
"""
"""A route of the same path that returns the same bytes, served as the world is served."""


class Bare:
    def __init__(self, folder: Path, template: str, content: bytes) -> None:
        file = folder / "content.json"
        file.write_bytes(content)
        command = [sys.executable, "-c", BARE, str(file), template]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout
        self.target = Target(self._process.stdout.readline().strip(), self._process.pid)

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(WAIT_SECONDS)


TEMPLATE = (
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.RecoveryServices/vaults/{vault}"
    "/backupFabrics/Azure/protectionContainers/{container}/protectedItems/{item}"
)


# --------------------------------------------------------------------------------------------------------------- inside


def _until(look: Any) -> Any:
    """What the function gives, as soon as it gives something."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        if result := look():
            return result
        time.sleep(0.01)
    raise TimeoutError("nothing came")


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
