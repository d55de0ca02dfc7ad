"""No list costs more queries for more rows, whatever it shows."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from calls import missed
from calls.choices import LegRole
from calls.drafts import LegDraft, PartyDraft
from calls.models import Delivery, Outcome, SavedView, Tag, TagRule
from contacts.book import save_agent
from contacts.matching import AgentHint
from contacts.models import Agent
from tests.calls.api.client import BODY
from tests.make import (
    STARTED_AT,
    make_call,
    make_center,
    make_company,
    make_contact,
    make_endpoint,
    make_line,
    make_token,
    make_user,
)

EVERYTHING = "contact,company,agent,center,line,legs,events,tags"
LISTS = [
    "companies", "contacts", "contacts?expand=company", "agents", "centers", "lines", "lines?expand=agent,center", "tags",
    "tag-rules", "tag-rules?expand=line", "views", "outcomes", "tokens", "missed", "missed?expand=calls", "webhooks",
    "deliveries", "deliveries?expand=log,body", "calls", f"calls?expand={EVERYTHING}", "calls?count=true",
    "calls?fields=document",
]  # fmt: skip


def fill(tenant, start, stop):
    """One of everything for each number, with all its relations."""
    for number in range(start, stop):
        phone = f"+4670100{number:04}"
        center = make_center(tenant)
        make_contact(tenant, phone, f"+4670200{number:04}", company=make_company(tenant))
        agent = save_agent(Agent(tenant=tenant, name=f"A{number}", center=center), extensions=[f"{number}1", f"{number}2"])
        line = make_line(tenant, f"+4646100{number:04}", agent=agent, center=center)
        make_token(tenant)
        SavedView.objects.create(tenant=tenant, owner=make_user(tenant), name=phone, is_shared=True)
        TagRule.objects.create(tenant=tenant, tag=Tag.objects.create(tenant=tenant, name=f"rule {number}"), line=line)
        Outcome.objects.create(tenant=tenant, name=f"o{number}")
        endpoint = make_endpoint(tenant, directions=["outbound"])
        Delivery.objects.create(tenant=tenant, endpoint=endpoint, event_type="webhook.test", due_at=STARTED_AT).log.create(
            fence=1, started_at=STARTED_AT, took_ms=5, status=200
        )
        make_call(
            tenant,
            phone,
            callee=PartyDraft(number=f"+4646100{number:04}"),
            agent=AgentHint(id=str(agent.pk)),
            tags=(f"t{number}", "all"),
            legs=(LegDraft(role=LegRole.SOURCE, party=PartyDraft(number="210")),),
        )
        make_call(tenant, phone, disposition="no_answer", started_at=timezone.now())
    missed.follow(tenant.pk)


def queries_of(api, path):
    with CaptureQueriesContext(
        connection,
    ) as captured:
        response = api.get(path)
    assert response.status_code == 200
    return len(captured), len(response.json()["results"])


@pytest.mark.django_db(transaction=True)  # the queue of missed calls follows what is committed
def test_lists_cost_the_same_for_2_rows_and_for_50(api, tenant):
    fill(tenant, 0, 2)
    api.get("me")
    few = {path: queries_of(api, path) for path in LISTS}
    fill(tenant, 2, 50)
    api.get("me")  # notes that the token was used, once a minute
    many = {path: queries_of(api, path) for path in LISTS}
    assert {path: count for path, (count, _) in many.items()} == {path: count for path, (count, _) in few.items()}
    assert min(rows for _, rows in many.values()) >= 50
    assert few["calls"][0] <= 3


def test_the_events_of_a_call_cost_two_queries(api, tenant, django_assert_num_queries):
    call = make_call(tenant)
    api.get("me")
    for number in range(5):
        api.patch(f"calls/{call.pk}", {"notes": str(number)})
    with django_assert_num_queries(3):
        assert len(api.get(f"calls/{call.pk}/events").json()["results"]) == 6


@pytest.mark.parametrize(("body", "most"), [(BODY, 5), ({**BODY, "external_id": "x"}, 6)])
def test_logging_a_call_costs_few_queries(api, django_assert_max_num_queries, body, most):
    """The token, (whether it is there already,) who it was, call, event, and what rang within it.

    That nobody listens is remembered for a while.
    """
    api.post("calls", {**BODY, "external_id": "before"})
    with django_assert_max_num_queries(most + 2):  # and SAVEPOINT, RELEASE
        assert api.post("calls", body).status_code == 201
