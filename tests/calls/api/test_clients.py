"""Clients that programs generate from our schema: all of it is there, it compiles, and it reads a running server."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from calls.api.views.docs import openapi
from tests import services
from tests.make import make_call, make_tenant, make_token

pytestmark = [pytest.mark.once, pytest.mark.django_db(transaction=True)]
# Bodies that are a stream of lines or bytes, and for which the generator has no code.
STREAMS = {"POST /api/v1/calls/bulk", "PATCH /api/v1/uploads/{id}/tus"}
READS = """
from client import Client
from client.api.calls import calls_list
from client.api.statistics import statistics
from client.models.statistics_period import StatisticsPeriod

ours = Client(base_url={address!r}, headers={{"Authorization": "Bearer {token}"}})
[call] = calls_list.sync(client=ours).results
totals = statistics.sync(client=ours, period=StatisticsPeriod.VALUE_3)
print(call.remote.e164, totals.total.calls)
"""


@pytest.fixture(scope="module")
def schema(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("schema") / "openapi.json"
    path.write_text(json.dumps(openapi()))
    return path


@pytest.fixture(scope="module")
def python_client(schema) -> tuple[Path, str]:
    """The folder of a generated Python client, and what its generator said."""
    output = schema.parent / "python" / "client"
    output.parent.mkdir()
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none", "--path", schema]
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        [*command, "--output-path", output],
        capture_output=True, text=True, check=True, env={**os.environ, "PATH": programs},
    )  # fmt: skip
    return output.parent, done.stdout + done.stderr


def test_a_python_client_has_every_operation(python_client):
    _, log = python_client
    left_out = {match[1] for match in re.finditer(r"WARNING parsing (\S+ \S+) within \S+ Endpoint will not", log)}
    unreadable = {match[1] for match in re.finditer(r"WARNING parsing (\S+ \S+) within", log)}
    assert not left_out - STREAMS, log
    assert unreadable <= {*STREAMS, "GET /api/v1/recordings/{id}/audio"}, log


def test_a_python_client_reads_a_running_server(python_client, live_server):
    tenant = make_tenant()
    make_call(tenant, "+46701234567")
    code = READS.format(address=live_server.url, token=make_token(tenant))
    done = subprocess.run([sys.executable, "-c", code], check=False, cwd=python_client[0], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[0] == "+46701234567"


@pytest.mark.requires("npm-packages")
def test_a_typescript_client_has_every_operation_and_compiles(schema):
    programs, types = Path(services.find("npm-packages") or ""), schema.parent / "types.ts"
    subprocess.run([programs / "openapi-typescript", schema, "-o", types], check=True, capture_output=True)
    subprocess.run([programs / "tsc", "--noEmit", "--strict", types], check=True, capture_output=True)
    text = types.read_text()
    for path, item in openapi()["paths"].items():
        for what in item.values():
            assert f'["{what["operationId"]}"]' in text, path
