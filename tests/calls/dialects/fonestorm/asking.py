"""What the tests of FoneStorm share: who asks, and how."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

from calls.models import Call
from tests.make import PASSWORD

SAMPLES = Path(__file__).parents[3] / "samples" / "fonestorm"
FORM = "application/x-www-form-urlencoded"
FONENUMBER = "3215551081"
TO = "3215551801"


def sample(name: str) -> str:
    """One of the vendor's documents, as text."""
    [path] = SAMPLES.glob(f"{name}.*")
    return path.read_text("utf-8").rstrip("\n")


def send(client: Any, token: str, method: str, path: str, body: Any = b"", **more: Any) -> Any:
    """A request with this ``token`` header; a mapping goes as JSON."""
    text = json.dumps(body) if isinstance(body, dict) else body
    headers = {**({"token": token} if token else {}), **more.pop("headers", {})}
    content_type = more.pop("content_type", "application/json")
    return client.generic(method, path, text, content_type=content_type, headers=headers, **more)


def call(client: Any, token: str, body: Any = None, **more: Any) -> Any:
    """Ask for a call; fields of ``body`` beside the page's numbers where it is a mapping or None."""
    if body is None or isinstance(body, dict):
        body = {name: value for name, value in {"fonenumber": FONENUMBER, "to": TO, **(body or {})}.items() if value is not None}
    return send(client, token, "POST", "/v2/calls", body, **more)


def called(client: Any, token: str, body: Any = None, **more: Any) -> Call:
    """The call a request made; it must be answered as the page has it."""
    answer = call(client, token, body, **more)
    assert answer.status_code == 201, answer.content
    assert set(answer.json()) == {"call"}
    assert set(answer.json()["call"]) == {"id"}
    return Call.objects.get(pk=UUID(answer.json()["call"]["id"]))


def token_of(client: Any, **fields: Any) -> str:
    """A token for Ann."""
    answer = send(client, "", "POST", "/v2/auth", {"username": "ann", "password": PASSWORD, **fields})
    assert answer.status_code == 201, answer.content
    assert set(answer.json()) == {"auth"}
    assert set(answer.json()["auth"]) == {"token"}
    return answer.json()["auth"]["token"]


def refusal(answer: Any, status: int) -> str:
    """The message of a refusal in the vendor's envelope."""
    assert answer.status_code == status, answer.content
    body = answer.json()
    assert set(body) == {"error", "message", "status_code"}
    assert body["status_code"] == status
    assert isinstance(body["status_code"], int)
    assert body["error"]
    assert body["message"]
    return body["message"]
