"""A tenant of Planhat's, a token, and requests with it."""

from __future__ import annotations

import json

import pytest

from tests.make import make_tenant, make_token


@pytest.fixture
def tenant():
    return make_tenant("acme")


@pytest.fixture
def token(tenant):
    return make_token(tenant)


@pytest.fixture
def api(client, token):
    """Requests with the token: ``api("GET", path)`` gives the answer."""

    def send(method, path, body=None, token=token):
        data = b"" if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {token}"}
        return client.generic(method, path, data, content_type="application/json", headers=headers)

    return send
