"""What runs in the background: relinking in batches, and housekeeping."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.utils import timezone

from callhub.celery import app
from calls import ledger
from calls.choices import EventKind, MatchState
from calls.ledger import relinking
from calls.models import Call, CallEvent
from calls.tasks import relink_calls
from contacts.book import remove_company, remove_contact, save_company, save_contact
from contacts.matching import ContactHint
from contacts.models import Contact, RelinkRequest
from tenants.models import IdempotencyKey, Tenant
from tenants.tasks import clear_expired_sessions, forget_idempotency_keys
from tests.make import make_call, make_company, make_contact, make_line, make_tenant

pytestmark = pytest.mark.django_db

NUMBER = "+46701234567"


@pytest.fixture
def tenant() -> Tenant:
    return make_tenant()


def fresh(call: Call) -> Call:
    return Call.objects.get(pk=call.pk)


def test_a_call_finds_its_contact_once_there_is_one(tenant: Tenant) -> None:
    call = make_call(tenant, NUMBER)
    anna = make_contact(tenant, "070-123 45 67", company=make_company(tenant))

    relink_calls()

    call = fresh(call)
    assert (call.contact, call.company, call.match_state) == (anna, anna.company, MatchState.EXACT)
    assert call.version == 2
    assert [event.kind for event in call.events.all()] == [EventKind.RECORDED, EventKind.MATCHED]
    assert not RelinkRequest.objects.exists()


def test_calls_follow_a_companys_phone(tenant: Tenant) -> None:
    call = make_call(tenant, NUMBER)
    company = make_company(tenant, phone="070-123 45 67")
    relink_calls()
    found = fresh(call)
    assert (found.contact, found.company, found.match_rule) == (None, company, "company_number")
    assert not Call.objects.unmatched().exists()
    company.phone = "070-123 45 68"
    save_company(company)
    relink_calls()
    assert (fresh(call).company, fresh(call).match_state) == (None, MatchState.NONE)


def test_calls_of_a_company_that_is_removed_are_unmatched_again(tenant: Tenant) -> None:
    company = make_company(tenant, phone=NUMBER)
    call = make_call(tenant, NUMBER)
    assert (call.company, call.match_state) == (company, MatchState.EXACT)
    remove_company(company)
    relink_calls()
    assert (fresh(call).company, fresh(call).match_state) == (None, MatchState.NONE)


def test_a_companys_phone_that_is_an_own_line_matches_no_call(tenant: Tenant) -> None:
    make_line(tenant, NUMBER)
    company = make_company(tenant, phone=NUMBER)
    call = make_call(tenant, NUMBER)
    save_company(company)
    relink_calls()
    assert (call.company, fresh(call).company) == (None, None)


def test_a_call_finds_its_contact_by_the_id_it_came_with(tenant: Tenant) -> None:
    call = make_call(tenant, "", contact=ContactHint(external_id="max123"))
    make_call(tenant, "", contact=ContactHint(external_id="other"))
    max_ = make_contact(tenant, external_id="max123")
    relink_calls()
    assert fresh(call).contact == max_
    assert Call.objects.filter(contact=max_).count() == 1


def test_a_contact_removed_leaves_its_calls_to_the_next_who_fits(tenant: Tenant) -> None:
    anna, bo = make_contact(tenant, NUMBER), make_contact(tenant, NUMBER)
    call = make_call(tenant, NUMBER)
    assert call.match_state == MatchState.SEVERAL
    remove_contact(anna)
    relink_calls()
    assert (fresh(call).contact, fresh(call).match_candidates) == (bo, [])


def test_what_a_person_chose_stays(tenant: Tenant) -> None:
    anna = make_contact(tenant)
    call = make_call(tenant, NUMBER)
    ledger.amend(call, ledger_choice(anna))
    make_contact(tenant, NUMBER)
    relink_calls()
    assert (fresh(call).contact, fresh(call).match_state) == (anna, MatchState.CHOSEN)


def ledger_choice(contact: Contact) -> Any:
    from calls.drafts import CallChanges

    return CallChanges(chosen_contact=str(contact.pk))


def test_an_own_line_never_becomes_a_contacts_call(tenant: Tenant) -> None:
    make_line(tenant, NUMBER)
    call = make_call(tenant, NUMBER)
    make_contact(tenant, NUMBER)
    relink_calls()
    assert fresh(call).contact is None


def test_never_touches_another_tenant(tenant: Tenant) -> None:
    call = make_call(make_tenant(), NUMBER)
    make_contact(tenant, NUMBER)
    relink_calls()
    assert fresh(call).contact is None


def test_goes_on_where_it_stopped(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relinking, "AT_ONCE", 2)
    calls = [make_call(tenant, NUMBER) for _ in range(5)]
    anna = make_contact(tenant, NUMBER)

    assert relinking._work_on(RelinkRequest.objects.get()) == 2
    assert RelinkRequest.objects.get().done_to == calls[1].pk
    assert ledger.relink_waiting(seconds=15) == 3

    assert Call.objects.filter(contact=anna).count() == 5
    assert not RelinkRequest.objects.exists()


def test_twice_is_once(tenant: Tenant) -> None:
    make_call(tenant, NUMBER)
    anna = make_contact(tenant, NUMBER)
    relink_calls()
    save_contact(anna)
    relink_calls()
    assert CallEvent.objects.filter(kind=EventKind.MATCHED).count() == 1


def test_requests_for_the_same_are_worked_on_once(tenant: Tenant, django_assert_max_num_queries: Any) -> None:
    anna = make_contact(tenant, NUMBER)
    for _ in range(50):
        save_contact(anna)
    with django_assert_max_num_queries(12):
        relink_calls()
    assert not RelinkRequest.objects.exists()


def test_stops_when_the_time_is_over(tenant: Tenant) -> None:
    make_contact(tenant, NUMBER)
    assert ledger.relink_waiting(seconds=0) == 0
    assert RelinkRequest.objects.count() == 1


def test_answers_kept_too_long_are_forgotten(tenant: Tenant) -> None:
    old, new = (IdempotencyKey.objects.create(tenant=tenant, key=key, fingerprint="f") for key in ("old", "new"))
    IdempotencyKey.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=8))
    forget_idempotency_keys()
    assert list(IdempotencyKey.objects.all()) == [new]


def test_expired_sessions_are_cleared() -> None:
    for seconds in (-60, 60):
        session = SessionStore()
        session.set_expiry(seconds)
        session["name"] = "value"
        session.save()
    clear_expired_sessions()
    assert Session.objects.count() == 1


def test_every_task_on_the_schedule_exists() -> None:
    for module in ("calls.tasks", "callhub.tasks", "tenants.tasks"):
        import_module(module)
    assert {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} <= set(app.tasks)
