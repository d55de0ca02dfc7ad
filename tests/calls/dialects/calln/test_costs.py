"""What a request costs: queries, budgets."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from calls.choices import Direction
from calls.models import Recording
from tests.calls.dialects.calln.asking import ask, call_body, listed, refusal
from tests.make import PASSWORD, make_call, make_contact, make_tenant, make_user
from tests.plans import plan_of

pytestmark = pytest.mark.django_db


def fill(tenant, count):
    for n in range(count):
        number = f"+6140912{n:04}"
        make_contact(tenant, number)
        call = make_call(tenant, number, tags=("VIP", f"tag {n % 3}"))
        Recording.objects.create(tenant=tenant, call=call, peaks=[[0] * 100])


@pytest.mark.parametrize("count", [2, 50])
@pytest.mark.parametrize("path", ["/api/call", "/api/v2/call"])
def test_a_search_takes_the_same_queries_however_long(client, acme, ann, django_assert_num_queries, count, path):
    fill(acme, count)
    listed(client)  # the password is remembered and the calls are numbered from here on
    with django_assert_num_queries(8):  # user, membership, clients twice, numbering, calls, tags, recordings
        shown = listed(client, path=path)
    assert len(shown) == count
    assert all(len(item["tags"]) == 2 for item in shown)


def test_a_resellers_search_takes_as_many(client, acme, ann, django_assert_num_queries):
    for n in range(5):
        fill(make_tenant(f"client-{n}", parent=acme), 3)
    listed(client)
    with django_assert_num_queries(8):
        assert len(listed(client)) == 15


def test_a_poll_is_read_along_its_index(client, acme, ann):
    for _ in range(20):
        make_call(acme, direction=Direction.INBOUND)
    last = listed(client)[-3]["id"]
    with CaptureQueriesContext(connection) as queries:
        assert len(listed(client, f"afterid={last}")) == 2
    [sql] = [query["sql"] for query in queries if "talk_ms" in query["sql"]]
    assert "call_number_once_per_tenant" in plan_of(sql)
    assert "peaks" not in sql


def test_one_accounts_requests_do_not_use_up_anothers(client, ann, settings):
    settings.CALLHUB_CALLS_PER_MINUTE = 2
    make_user(make_tenant("other"), username="olga")
    for _ in range(2):
        listed(client)
    answer = ask(client, "POST", "/api/call", call_body())
    assert "Too many" in refusal(answer, 429)
    assert 1 <= int(answer["Retry-After"]) <= 60
    assert ask(client, "GET", "/api/call", user="olga", password=PASSWORD).status_code == 200


def test_wrong_passwords_are_limited(client, ann):
    for _ in range(10):
        refusal(ask(client, "GET", "/api/call", password="wrong"), 401)
    answer = ask(client, "GET", "/api/call", password="wrong")
    refusal(answer, 429)
    assert int(answer["Retry-After"]) >= 1
