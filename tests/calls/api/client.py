"""A client of our API, as a token's holder would be one."""

from __future__ import annotations

import json
from typing import Any

from django.test import Client

from tenants.choices import Role, Scope
from tenants.models import Tenant
from tests.make import make_token, make_user

ROOT = "/api/v1"
BODY = {"started_at": "2026-03-02T09:00:00+01:00", "duration": 65.5, "direction": "inbound", "number": "+46 70-123 45 67"}


class ApiClient:
    """Requests with one token; every answer must be JSON of the right kind."""

    def __init__(self, tenant: Tenant, role: str = Role.OWNER, scope: str = Scope.MANAGE, center: Any = None) -> None:
        self.tenant = tenant
        self.user = make_user(tenant, role, center=center)
        self.secret = make_token(tenant, self.user, scope)
        self.http = Client(raise_request_exception=False)

    def send(self, method: str, path: str, body: Any = None, *, raw: bytes | None = None, **headers: str) -> Any:
        headers = {"Authorization": f"Bearer {self.secret}", **{name.replace("_", "-"): text for name, text in headers.items()}}
        data = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        content_type = headers.pop("Content-Type", "application/json")
        address = path if path.startswith(("/", "http")) else f"{ROOT}/{path}"
        response = self.http.generic(method, address, data, content_type=content_type, headers=headers)
        if response.status_code >= 400 and method != "HEAD":
            check_problem(response)
        return response

    def get(self, path: str, **headers: str) -> Any:
        return self.send("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.send("POST", path, body, **headers)

    def patch(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.send("PATCH", path, body, **headers)

    def delete(self, path: str, **headers: str) -> Any:
        return self.send("DELETE", path, **headers)


def check_problem(response: Any) -> None:
    """The answer is a whole problem document (RFC 9457)."""
    assert response["Content-Type"] == "application/problem+json", response.content[:500]
    problem = response.json()
    assert {"type", "title", "status", "code", "detail"} <= problem.keys()
    assert problem["status"] == response.status_code
    assert problem["type"].endswith(problem["code"])
    for fault in problem.get("errors", ()):
        assert {"code", "detail"} <= fault.keys() <= {"code", "detail", "pointer", "parameter"}
        assert ("pointer" in fault) != ("parameter" in fault)


def faults_of(response: Any) -> set[str]:
    """What a problem points at: pointers into the body and names of parameters."""
    return {fault.get("pointer", fault.get("parameter")) for fault in response.json().get("errors", ())}
