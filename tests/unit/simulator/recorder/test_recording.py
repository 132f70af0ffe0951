"""A recording is one file that asks nothing of a network, runs only its own script, and holds no secret."""

from __future__ import annotations

import base64
import json
import re
from hashlib import sha256
from typing import Any

import httpx
import pytest

from controlplane.json_object import Json
from simulator.client import Client
from simulator.recorder import recording, words
from simulator.recorder.story import NoSuchJob, find_job, without_secrets

VAULT = "/subscriptions/s/resourceGroups/g/providers/Microsoft.RecoveryServices/vaults/v"
SIGNED = "https://a.blob.core.windows.net/c/b?sv=2026&sig=abcdefgh%3D"


def story(**changes: Any) -> Json:
    event = {
        "id": 1,
        "schema": 1,
        "name": "job.state",
        "party": "service",
        "data": {"to": "Failed", "operation": "Backup", "errors": ["</script><b>"]},
        "vm": None,
        "job": "j",
        "parent": None,
        "time": "2026-03-01T08:00:00+00:00",
        "monotonic_seconds": 1.0,
    }
    properties = {
        "operation": "Backup",
        "entityFriendlyName": "sql01",
        "status": "Failed",
        "startTime": "2026-03-01T08:00:00Z",
        "endTime": "2026-03-01T08:00:01Z",
        "errorDetails": [
            {"errorTitle": "Bad", "errorCode": 1, "errorString": "<b>it</b> failed", "recommendations": ["Try again."]}
        ],
    }
    return {
        "schema_version": 1,
        "job": {"id": "/vault/j", "name": "j", "properties": properties},
        "vault": "/vault",
        "events": [event],
        "is_whole": True,
        "last": 1,
        "links": [{"kind": "vault", "id": "/vault"}],
        "reports": [],
        "verdict": None,
        **changes,
    }


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_the_policy_allows_the_files_own_script_and_nothing_else(language: str) -> None:
    text = recording.html(story(), language)
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    script = re.search(r'<script type="module">(.*?)</script>', text, re.DOTALL)
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert policy
    assert script
    assert style
    assert "default-src 'none'" in policy[1].replace("&#39;", "'")
    for content in (script[1], style[1]):
        assert base64.b64encode(sha256(content.encode()).digest()).decode() in policy[1]
    assert "import " not in script[1].replace("// ", "")
    assert not re.search(r'(?:src|href)="(?!data:)', text), "something would be loaded"


def test_what_somebody_else_wrote_ends_no_element() -> None:
    text = recording.html(story(), "en")
    assert text.count("</script>") == 3
    assert "<b>" not in text
    found = re.search(r'id="story">(.*?)</script>', text)
    assert found
    assert json.loads(found[1]) == story()


def test_an_error_comes_with_its_remedy() -> None:
    assert "Try again." in recording.html(story(), "en")


def test_no_signature_stays() -> None:
    cleaned = without_secrets(story(links=[{"kind": "vault", "id": SIGNED}]))
    assert "abcdefgh" not in json.dumps(cleaned)
    assert cleaned["events"] == story()["events"]


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(recording.TooLarge):
        recording.html(story(vault="x" * recording.MOST_BYTES), "en")


def test_both_languages_have_each_word() -> None:
    english, chinese = (words.words(language) for language in words.LANGUAGES)
    assert english.keys() == chinese.keys()
    assert all(chinese[key] for key in chinese)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a?b", "a\r\nb"])
def test_what_is_no_name_of_a_job_is_looked_up_as_no_other_path(name: str) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/token"):
            return httpx.Response(200, json={"access_token": "t"})
        if request.url.path.endswith("/vaults"):
            return httpx.Response(200, json={"value": [{"id": VAULT}]})
        if request.url.path.rstrip("/") in {VAULT, f"{VAULT}/backupJobs", f"{VAULT}/backupJobs/a"}:
            return httpx.Response(200, json={"value": []})
        return httpx.Response(404, json={"error": {"code": "ResourceNotFound", "message": "There is no such job."}})

    endpoints = {"arm_http": "http://arm", "subscription_id": "s", "tenant_id": "t"}
    secrets = {"client_id": "c", "client_secret": "x"}
    with (
        Client({**endpoints, **secrets}, transport=httpx.MockTransport(answer)) as client,
        pytest.raises(NoSuchJob, match="no vault of this world has a job"),
    ):
        find_job(client, name)
