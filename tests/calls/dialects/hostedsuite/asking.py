"""What the tests of HostedSuite share: who asks, and how."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.make import PASSWORD

SAMPLES = Path(__file__).parents[3] / "samples" / "hostedsuite"
FORM = "application/x-www-form-urlencoded"
REPLY = "/api/json/reply/ListCallRecordsRequest"
CREDENTIALS = {"CustomerName": "acme", "UserName": "ann", "Password": PASSWORD}


def sample(name: str) -> Any:
    """One of the vendor's documents."""
    return json.loads((SAMPLES / f"{name}.json").read_text("utf-8"))


def ask(client: Any, fields: dict[str, Any] | None = None, path: str = "/api/calls", **more: Any) -> Any:
    """POST the fields with Ann's credentials as JSON."""
    return client.post(path, {**CREDENTIALS, **(fields or {})}, content_type="application/json", **more)


def listed(client: Any, fields: dict[str, Any] | None = None) -> dict[str, Any]:
    """The answer to a search that must succeed."""
    response = ask(client, fields)
    assert response.status_code == 200, response.content
    return response.json()


def items(client: Any, fields: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """The items of a search that must succeed."""
    return listed(client, fields)["Items"]


def ids(client: Any, fields: dict[str, Any] | None = None) -> list[str]:
    """The ids a search finds, in its order."""
    return [item["Id"] for item in items(client, fields)]


def refusal(response: Any, status: int) -> dict[str, Any]:
    """The ResponseStatus of an answer that must have this status."""
    assert response.status_code == status, response.content
    body = response.json()
    assert set(body) == {"ResponseStatus"}
    assert set(body["ResponseStatus"]) == {"ErrorCode", "Message", "Errors"}
    assert body["ResponseStatus"]["ErrorCode"]
    assert body["ResponseStatus"]["Message"]
    return body["ResponseStatus"]


def key(row: Any) -> str:
    """The row's id as it is shown."""
    return str(row.pk)


def keys(rows: Iterable[Any]) -> list[str]:
    """The rows' ids as they are shown."""
    return [key(row) for row in rows]


def utc(text: str) -> datetime:
    """The instant a text without an offset means in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
