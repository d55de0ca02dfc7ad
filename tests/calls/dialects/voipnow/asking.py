"""What the tests of VoipNow share: who asks, and how."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tenants import oauth
from tenants.choices import AppLevel
from tenants.models import Tenant, User

SAMPLES = Path(__file__).parents[3] / "samples" / "voipnow"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CREATE = "/uapi/phoneCalls/@me/simple"
TALKS_ON = "+46702000201"  # answers after a second, talks until somebody hangs up
RINGS_ON = "+46702000180"


def sample(name: str) -> Any:
    """One of the vendor's documents."""
    return json.loads((SAMPLES / f"{name}.json").read_text("utf-8"))


def bearer(token: str) -> dict[str, str]:
    """The header of a token."""
    return {"Authorization": f"Bearer {token}"}


def token_of(tenant: Tenant, level: AppLevel, user: User | None = None) -> str:
    """The access token of a new application."""
    app, secret = oauth.make_app(tenant, name=f"{level} app", level=level, user=user)
    fields = {"grant_type": "client_credentials", "client_id": app.client_id, "client_secret": secret}
    token: str = oauth.grant(fields).body["access_token"]
    return token


class Client:
    """A program with a token; paths are as the vendor writes them."""

    def __init__(self, client: Any, token: str) -> None:
        self.client, self.headers = client, bearer(token)

    def post(self, body: Any, path: str = CREATE) -> Any:
        return self.client.post(path, body, content_type="application/json", headers=self.headers)

    def get(self, path: str) -> Any:
        return self.client.get(path, headers=self.headers)

    def put(self, path: str, body: Any) -> Any:
        return self.client.put(path, body, content_type="application/json", headers=self.headers)

    def delete(self, path: str) -> Any:
        return self.client.delete(path, headers=self.headers)

    def created(self, body: Any = None, path: str = CREATE, **view: Any) -> dict[str, Any]:
        """The call that a request which must succeed made."""
        response = self.post(order(**view) if body is None else body, path)
        assert response.status_code == 202, response.content
        [call] = response.json()
        return call

    def entry(self, path: str) -> list[dict[str, Any]]:
        """The entries of a list that must succeed."""
        response = self.get(path)
        assert response.status_code == 200, response.content
        entries: list[dict[str, Any]] = response.json()["entry"]
        return entries


def order(**view: Any) -> dict[str, Any]:
    """A request for a call from Ann's telephone that goes on until somebody hangs up; a value of None leaves the field out."""
    top = {name: view.pop(name) for name in ("extension", "nonce") if name in view}
    given = {"source": ["0003*210"], "destination": [TALKS_ON], **view}
    body = {
        "extension": "0003*210",
        **top,
        "phoneCallView": [{name: value for name, value in given.items() if value is not None}],
    }
    return {name: value for name, value in body.items() if value is not None}


def refusal(response: Any, code: str, status: int = 400) -> str:
    """The message of a refusal with this code."""
    assert response.status_code == status, response.content
    assert response["Content-Type"].startswith("application/json")
    body = response.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message"}
    assert body["error"]["code"] == code, body
    assert isinstance(body["error"]["message"], str)
    assert body["error"]["message"]
    message: str = body["error"]["message"]
    return message
