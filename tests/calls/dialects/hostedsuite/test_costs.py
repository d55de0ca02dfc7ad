"""What a request costs: queries, hashes, budgets."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from calls.drafts import InteractionDraft
from contacts.matching import AgentHint
from tests.calls.dialects.hostedsuite.asking import (
    ask,
    items,
    listed,
    refusal,
)
from tests.make import (
    PASSWORD,
    STARTED_AT,
    make_agent,
    make_call,
    make_company,
    make_contact,
    make_tenant,
    make_token,
    make_user,
)
from tests.plans import plan_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("count", [2, 50])
def test_a_list_takes_the_same_queries_however_long(client, acme, ann, django_assert_num_queries, count):
    company = make_company(acme)
    agent = make_agent(acme, external_id="bo")
    for n in range(count):
        number = f"+4670123{n:04}"
        make_contact(acme, number, company=company)
        told = (InteractionDraft(happened_at=STARTED_AT, summary="Ring"),)
        make_call(acme, number, agent=AgentHint(external_id="bo"), interactions=told)
    listed(client)  # the password is remembered from here on
    with django_assert_num_queries(6):  # membership, user, membership, count, calls, interactions
        shown = items(client)
    assert len(shown) == count
    assert all(item["AnsweredBy"] == agent.name and item["Interactions"] and item["ClientName"] for item in shown)


@pytest.mark.parametrize("fields", [{}, {"SortDir": "Desc"}, {"ItemsPerPage": 2, "Page": 1}], ids=["asc", "desc", "paged"])
def test_the_list_is_read_along_its_index(client, five, fields):
    with CaptureQueriesContext(connection) as queries:
        listed(client, fields)
    [sql] = [query["sql"] for query in queries if "ORDER BY" in query["sql"] and "talk_ms" in query["sql"]]
    plan = plan_of(sql)
    assert "call_list" in plan
    assert "TEMP B-TREE" not in plan
    assert "Sort" not in plan


def test_wrong_passwords_are_limited_and_the_rest_is_unaffected(client, five, acme, ann):
    token = make_token(acme, ann)
    listed(client)
    for _ in range(10):
        refusal(ask(client, {"Password": "wrong"}), 401)
    response = ask(client, {"Password": "wrong"})
    assert refusal(response, 429)["ErrorCode"] == "TooManyRequests"
    assert 1 <= int(response["Retry-After"]) <= 15 * 60
    assert len(items(client)) == 5  # remembered
    assert len(items(client, {"Password": token})) == 5
    cache.delete_many([key.split(":", 2)[2] for key in cache._cache if "password:" in key])
    refusal(ask(client), 429)


def test_a_wrong_customer_spends_the_same_budget_as_a_wrong_password(client, ann):
    for _ in range(10):
        refusal(ask(client, {"CustomerName": "unknown"}), 401)
    refusal(ask(client, {"CustomerName": "unknown"}), 429)


def test_one_customers_requests_do_not_use_up_anothers(client, ann, settings):
    settings.CALLHUB_CALLS_PER_MINUTE = 2
    make_user(make_tenant("other"), username="olga")
    for _ in range(2):
        listed(client)
    assert int(ask(client)["Retry-After"]) <= 60
    assert ask(client, {"CustomerName": "other", "UserName": "olga", "Password": PASSWORD}).status_code == 200
