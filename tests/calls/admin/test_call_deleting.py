"""Deleting calls in the admin: all of what was chosen or nothing, with the reason where one must stay."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from calls.admin.call import CallAdmin
from calls.models import Call
from tests.calls.admin.call_pages import LIST, address
from tests.make import make_call, make_operator, make_recording, make_tenant
from tests.tenants.admin_walk import PAGES, furnish, name_of, signed_in, staff

pytestmark = pytest.mark.django_db
SENTENCE = "legal hold keeps"


@pytest.fixture
def tenant():
    return make_tenant()


@pytest.fixture
def client(tenant):
    return signed_in(staff(tenant, "owner"))


@pytest.fixture
def calls(tenant):
    """Three calls; the audio of the second is on legal hold."""
    calls = [make_call(tenant) for _ in range(3)]
    make_recording(calls[1], is_on_hold=True)
    return calls


@pytest.fixture
def found_late(monkeypatch):
    """The hold is set after the page has looked for one."""

    def unaware(page, objs, request):
        return [str(call) for call in objs], {"calls": len(objs)}, set(), []

    monkeypatch.setattr(CallAdmin, "get_deleted_objects", unaware)


def selected(calls):
    return {"action": "delete_selected", "_selected_action": [str(call.pk) for call in calls], "post": "yes"}


def test_a_call_under_legal_hold_is_not_offered_for_deletion(client, calls):
    page = client.get(address(calls[1], "delete")).content.decode()
    assert SENTENCE in page
    assert 'name="post"' not in page


def test_a_call_under_legal_hold_stays_with_a_sentence(client, calls):
    answer = client.post(address(calls[1], "delete"), {"post": "yes"}, follow=True)
    assert answer.status_code == 200
    assert SENTENCE in answer.content.decode()
    assert Call.objects.count() == 3


def test_one_call_under_legal_hold_keeps_all_that_were_selected(client, calls):
    answer = client.post(f"{LIST}?period=all", selected(calls), follow=True)
    assert SENTENCE in answer.content.decode()
    assert Call.objects.count() == 3


@pytest.mark.usefixtures("found_late")
def test_a_hold_set_meanwhile_keeps_the_call_with_a_sentence(client, calls):
    answer = client.post(address(calls[1], "delete"), {"post": "yes"}, follow=True)
    assert SENTENCE in answer.content.decode()
    assert (Call.objects.count(), LogEntry.objects.count()) == (3, 0)


@pytest.mark.usefixtures("found_late")
def test_a_hold_set_meanwhile_keeps_all_that_were_selected(client, calls):
    answer = client.post(f"{LIST}?period=all", selected(calls), follow=True)
    assert SENTENCE in answer.content.decode()
    assert (Call.objects.count(), LogEntry.objects.count()) == (3, 0)


def test_what_nothing_holds_is_deleted(client, calls):
    client.post(f"{LIST}?period=all", selected([calls[0], calls[2]]))
    assert list(Call.objects.all()) == [calls[1]]


@pytest.mark.parametrize("model", PAGES, ids=lambda model: model.__name__)
@pytest.mark.parametrize("is_many", [False, True])
def test_no_delete_of_the_admin_ends_in_an_error_page_or_takes_held_audio(model, is_many):
    rows = furnish("Uppsala")
    make_recording(rows[Call], replaces=True, is_on_hold=True)
    client = signed_in(make_operator())
    if is_many:
        answer = client.post(reverse(f"{name_of(model)}_changelist") + "?period=all", selected([rows[model]]))
    else:
        answer = client.post(reverse(f"{name_of(model)}_delete", args=[rows[model].pk]), {"post": "yes"})
    assert answer.status_code in (200, 302, 403)
    assert rows[Call].recordings.playable().filter(is_on_hold=True).exists()
