"""Requests made up from the document, good and bad: nothing crashes, and every answer is as described."""

from __future__ import annotations

import json
from urllib.parse import quote, urlencode

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from schemathesis.core import NotSet

from calls.api.views.docs import openapi
from tests.calls.api.client import BODY
from tests.calls.api.test_rows import BODIES
from tests.calls.api.test_schema import check

schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
EXAMPLES = 12
OPERATIONS = [result.ok() for result in schemathesis.openapi.from_dict(openapi()).get_all_operations()]
_OWN_HEADERS = {"authorization", "cookie", "content-type", "callhub-tenant"}


def send(api, case, ids):
    """The made-up request, in half of the cases about a row that is there."""
    path = case.path
    for name, value in (case.path_parameters or {}).items():
        known = ids.get(path.split("/")[3]) if len(str(value)) % 2 else None
        path = path.replace(f"{{{name}}}", quote(known or str(value), safe=""))
    query = urlencode(case.query or {}, doseq=True, errors="replace")
    headers = {name: str(text) for name, text in (case.headers or {}).items() if name.lower() not in _OWN_HEADERS}
    raw = b"" if isinstance(case.body, NotSet) else case.body if isinstance(case.body, bytes) else json.dumps(case.body).encode()
    kind = {"Content-Type": case.media_type or "application/json"}
    return api.send(case.method, f"{path}?{query}" if query else path, raw=raw, **headers, **kind)


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode), ids=lambda mode: mode.name.lower())
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_whatever_is_sent_the_answer_is_as_described(api, settings, operation, mode):
    settings.CALLHUB_API_REQUESTS_PER_MINUTE = 10**6
    ids = {path: api.post(path, body).json()["id"] for path, (body, _) in BODIES.items()}
    ids["calls"] = api.post("calls", BODY).json()["id"]
    ticket = api.post("uploads", BODY).json()
    ids |= {"uploads": ticket["id"], "recordings": ticket["recording"]}

    @hypothesis_settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def run(case):
        response = send(api, case, ids)
        assert response.status_code < 500, response.content
        check(response, case.path)

    run()
