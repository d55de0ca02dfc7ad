"""Whatever is sent, in whatever field: an answer below 500, and what was taken can be read back."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calls.dialects.planhat.vocabulary import CALL_FIELDS
from tests.calls.dialects.planhat.samples import LEAST, post_open

pytestmark = pytest.mark.django_db

ODD_TEXTS = st.sampled_from(
    [
        "9999-12-31T23:59:59-14:00",
        "0001-01-01",
        "1970-01-01",
        "+46701234567",
        "extid-",
        "\0",
        "\ud800",
        "é" * 201,
        "1e400",
        "-0",
        "'",
    ]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=300) | ODD_TEXTS
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3), max_leaves=6
)
KINDS = ["endusers", "companies", "users"]
PARAMETERS = ["limit", "offset", "sort", "select", "c", "companyId", "email", "externalId"]
PERSON_FIELDS = ("name", "firstName", "email", "phone", "companyId", "externalId", "sourceId", "_id", "custom")
often = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def as_doubles(answer):
    """What it says to a reader whose numbers are doubles: PostgreSQL gives 1e17 back as an integer."""
    return json.loads(answer.content, parse_int=float)


@often
@given(body=st.dictionaries(st.sampled_from([*sorted(CALL_FIELDS), "_id", "custom"]), VALUES, max_size=6))
def test_any_call_is_taken_or_refused(api, client, tenant, settings, body):
    settings.CALLHUB_CALLS_PER_MINUTE = 100_000
    for answer in (post_open(client, {**LEAST, "agentId": "a", **body}), api("POST", "/calls", {**LEAST, **body})):
        assert answer.status_code in (200, 400)
    if answer.status_code == 200:
        path = f"/calls/{answer.json()['_id']}"
        assert as_doubles(api("GET", path)) == as_doubles(answer)
        assert api("PUT", path, body).status_code == 200


@often
@given(
    body=st.dictionaries(st.sampled_from(PERSON_FIELDS), VALUES, max_size=6),
    kind=st.sampled_from(KINDS),
)
def test_any_person_is_taken_or_refused(api, tenant, settings, body, kind):
    settings.CALLHUB_CALLS_PER_MINUTE = 100_000
    assert api("POST", f"/{kind}", {"name": "Max", **body}).status_code in (200, 400)
    assert api("PUT", f"/{kind}", [body]).status_code in (200, 206, 400)


@often
@given(
    names=st.dictionaries(st.sampled_from(PARAMETERS), SCALARS),
    path=st.sampled_from(["calls", "leancompanies", *KINDS]),
)
def test_any_query_is_answered_or_refused(client, token, settings, names, path):
    settings.CALLHUB_CALLS_PER_MINUTE = 100_000
    query = "&".join(f"{name}={json.dumps(value)}" for name, value in names.items())
    for text in (query, query.replace('"', "")):
        answer = client.generic("GET", f"/{path}", headers={"Authorization": f"Bearer {token}"}, QUERY_STRING=text)
        assert answer.status_code in (200, 400)


@often
@given(
    text=st.text(max_size=40).filter(lambda text: "/" not in text),
    kind=st.sampled_from(["calls", *KINDS]),
)
def test_any_id_is_nobodys(client, token, settings, text, kind):
    settings.CALLHUB_CALLS_PER_MINUTE = 100_000
    for name in (text, f"extid-{text}", f"srcid-{text}"):
        path = f"/{kind}/{name}".encode("utf-8", "surrogatepass").decode("latin-1")
        answer = client.get("/", PATH_INFO=path, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code in (200, 400, 404)
