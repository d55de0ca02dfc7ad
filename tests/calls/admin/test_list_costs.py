"""Every list of the admin asks as many questions for fifty rows as for two."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from callhub.models import ScheduledTask
from calls import ledger
from calls.choices import Direction, RetentionKind, Source
from calls.drafts import CallChanges, CallDraft, PartyDraft
from calls.models import (
    Call,
    Delivery,
    DialPlan,
    DoNotCall,
    Line,
    MissedCall,
    Notice,
    Origination,
    Outcome,
    Recording,
    RetentionRule,
    RetentionRun,
    SavedView,
    Tag,
    TagRule,
    UsageDay,
    WebhookEndpoint,
)
from calls.models.view import Column
from contacts.matching import AgentHint
from contacts.models import Agent, Company, Contact
from tenants import oauth
from tenants.models import ApiToken, Center, Membership, OAuthApp, OwnMembership, Tenant, User
from tests.calls.admin.call_pages import LIST, headings
from tests.make import (
    make_agent,
    make_call,
    make_center,
    make_company,
    make_contact,
    make_endpoint,
    make_line,
    make_operator,
    make_origination,
    make_recording,
    make_tenant,
    make_token,
    make_user,
)
from tests.tenants.admin_walk import PAGES, name_of, signed_in, staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant():
    return make_tenant(time_zone="Europe/Stockholm")


def ago(**delta):
    return timezone.now() - timedelta(**delta)


# A list of two and of fifty rows costs the same, and no more than this.
COST = {
    Call: 12, Origination: 8, Recording: 7, RetentionRule: 12, RetentionRun: 7, Line: 7, Tag: 7, Agent: 8, Company: 7, Contact: 8,
    ApiToken: 7, OAuthApp: 7, Center: 7, Membership: 7, Tenant: 7, User: 7, ScheduledTask: 7, UsageDay: 13, DialPlan: 7,
    DoNotCall: 7, Notice: 7, OwnMembership: 7, MissedCall: 11, WebhookEndpoint: 8, Delivery: 7, SavedView: 7,
    TagRule: 8, Outcome: 7,
}  # fmt: skip


OPERATORS = (User, Tenant, ScheduledTask, DialPlan, OwnMembership)  # others see one row of these at most


@pytest.mark.parametrize(
    ("who", "model"),
    [("operator", model) for model in PAGES if model is not OwnMembership]
    + [("owner", model) for model in PAGES if model not in OPERATORS],
)
def test_a_list_costs_the_same_however_long(tenant, model, who):
    client = signed_in(staff(tenant, "owner") if who == "owner" else make_operator())
    costs = []
    for count in (2, 48):
        for number in range(count):
            ROWS[model](tenant, f"{count}-{number}")
        client.get(reverse(f"{name_of(model)}_changelist"))  # what is read once per process
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(reverse(f"{name_of(model)}_changelist"), {"period": "all"} if model is Call else {})
        assert len(answer.context["cl"].result_list) >= min(count, 2)
        costs.append(len(queries))
    assert costs[0] == costs[1]
    assert costs[0] <= COST[model] + (1 if who == "operator" else 0)  # the choices of the tenant filter


def test_every_list_has_its_cost():
    assert set(COST) == set(admin.site._registry)


def test_every_column_can_be_shown_at_the_same_cost(tenant):
    client = signed_in(staff(tenant, "owner"))
    client.post(LIST + "columns/", {"column": Column.values})
    costs = []
    for count in (2, 48):
        for number in range(count):
            _call(tenant, f"{count}-{number}")
            Call.objects.filter(line=None).update(line=make_line(tenant, f"+4640{count}{number}"), center=make_center(tenant))
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(LIST, {"period": "all"})
        assert answer.context["cl"].result_list
        assert len(headings(answer)) == len(Column)
        costs.append(len(queries))
    assert costs[0] == costs[1] <= COST[Call]


def _call(tenant, word):
    contact = make_contact(tenant, f"+4670{abs(hash(word)) % 10**7:07}", company=make_company(tenant))
    agent = make_agent(tenant)
    draft = CallDraft(
        source=Source.API,
        started_at=ago(minutes=5),
        ended_at=ago(minutes=4),
        direction=Direction.INBOUND,
        remote=PartyDraft(number=contact.numbers.get().raw),
        agent=AgentHint(id=str(agent.pk)),
        tags=("one", "two", f"t{word}"),
        recording_url="https://example.com/a",
    )
    call = ledger.record(tenant, draft).call
    make_recording(call)
    ledger.amend(call, CallChanges(is_flagged=True))


def _run(tenant, word):
    RetentionRun.objects.create(tenant=tenant, day=_day(word), started_at=ago(minutes=5))


def _day(word):
    """A day of its own for each row."""
    count, number = map(int, word.split("-"))
    return ago(days=count + number).date()


def _rule(tenant, word):
    kind = RetentionKind.values[int(word[-1]) % len(RetentionKind)]  # there cannot be more of them
    RetentionRule.objects.get_or_create(tenant=tenant, kind=kind, days=30, applied_zone=tenant.time_zone)


def _delivery(tenant, word):
    told = {"event_type": "call.ended", "call_id": make_call(tenant).pk, "due_at": ago(minutes=5)}
    delivery = Delivery.objects.create(tenant=tenant, endpoint=make_endpoint(tenant), **told)
    delivery.log.create(fence=1, started_at=ago(minutes=5), took_ms=5, error=word)


ROWS = {
    Call: _call,
    Line: lambda tenant, word: make_line(tenant, f"+4640{word}", agent=make_agent(tenant), center=make_center(tenant)),
    Origination: lambda tenant, word: make_origination(make_call(tenant), make_line(tenant, f"+4640{word}")),
    Recording: lambda tenant, word: make_recording(make_call(tenant, make_contact(tenant, f"+4670{word}").numbers.get().raw)),
    RetentionRule: _rule,
    RetentionRun: _run,
    SavedView: lambda tenant, word: SavedView.objects.create(tenant=tenant, owner=make_user(tenant), name=word, is_shared=True),
    Tag: lambda tenant, word: Tag.objects.create(tenant=tenant, name=word),
    TagRule: lambda tenant, word: TagRule.objects.create(
        tenant=tenant, tag=Tag.objects.create(tenant=tenant, name=word), line=make_line(tenant, f"+4640{word}")
    ),
    Outcome: lambda tenant, word: Outcome.objects.create(tenant=tenant, name=word),
    Agent: lambda tenant, word: make_agent(tenant, center=make_center(tenant)).extensions.create(tenant=tenant, number=word),
    Company: lambda tenant, word: make_company(tenant),
    Contact: lambda tenant, word: make_contact(tenant, "+46701234567", "+46701234568", company=make_company(tenant)),
    ApiToken: lambda tenant, word: make_token(tenant),
    OAuthApp: lambda tenant, word: oauth.make_app(tenant, name=f"App {word}", user=make_user(tenant)),
    Center: lambda tenant, word: make_center(tenant),
    Membership: lambda tenant, word: make_user(tenant, center=make_center(tenant)),
    Tenant: lambda tenant, word: make_tenant(),
    User: lambda tenant, word: make_user(tenant),
    ScheduledTask: lambda tenant, word: ScheduledTask.objects.create(id=word, task=word),
    UsageDay: lambda tenant, word: UsageDay.objects.create(tenant=tenant, day=_day(word), zone="UTC"),
    MissedCall: lambda tenant, word: MissedCall.objects.create(
        tenant=tenant, number=word, match_key=word, first_at=ago(minutes=5), last_at=ago(minutes=5), last_call=make_call(tenant)
    ),
    Notice: lambda tenant, word: Notice.objects.create(
        tenant=tenant, kind="quota", key=word, user=make_user(tenant), due_at=timezone.now()
    ),
    DialPlan: lambda tenant, word: DialPlan.objects.create(tenant=make_tenant()),
    DoNotCall: lambda tenant, word: DoNotCall.objects.create(
        tenant=tenant, number=word, match_key=word, added_by=make_user(tenant)
    ),
    WebhookEndpoint: _delivery,
    Delivery: _delivery,
}
