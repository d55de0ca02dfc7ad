"""Mails of missed calls: who is told what, once, in their own time and only what they may see."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail

from calls import ledger, notices
from calls.choices import Disposition
from calls.drafts import CallChanges
from calls.models import Notice
from calls.tasks import notify_people
from tenants.models import Membership
from tests.calls.notices.telling import NUMBER, member, missed, told
from tests.make import make_agent, make_center, make_contact, make_tenant, make_user

pytestmark = pytest.mark.django_db


def test_an_agent_who_wants_it_is_mailed_each_missed_call_once(tenant, clock):
    agent = make_agent(tenant, email="bo@example.com", mails_missed_calls=True)
    missed(tenant, agent)
    missed(tenant, agent, ago=timedelta(minutes=1))
    missed(tenant, agent, number="+46709999999", disposition=Disposition.ANSWERED)
    missed(tenant, make_agent(tenant, email="other@example.com"))
    for _ in range(3):
        notify_people()
    assert told() == [("bo@example.com", "Missed call from a number ending in 567")] * 2


@pytest.mark.parametrize(
    ("of_agent", "own", "is_told"),
    [(True, None, True), (False, True, True), (True, False, False), (False, None, False)],
)
def test_a_persons_own_choice_goes_before_the_agents_page(tenant, clock, of_agent, own, is_told):
    agent = make_agent(tenant, user=member(tenant, mails_missed_calls=own), mails_missed_calls=of_agent)
    missed(tenant, agent)
    notify_people()
    assert [to for to, _subject in told()] == ["agent@example.com"] * is_told


def test_a_call_logged_late_is_history(tenant, clock):
    agent = make_agent(tenant, email="bo@example.com", mails_missed_calls=True)
    missed(tenant, agent, ago=timedelta(minutes=61))
    missed(tenant, agent, ago=timedelta(minutes=59))
    notify_people()
    assert len(mail.outbox) == 1


def test_a_worker_that_was_away_for_an_hour_loses_no_missed_call(tenant, clock):
    missed(tenant, make_agent(tenant, email="bo@example.com", mails_missed_calls=True))
    clock.shift(timedelta(hours=2))
    notify_people()
    assert len(mail.outbox) == 1


def test_what_is_not_missed_any_more_is_not_mailed(tenant, clock):
    call = missed(tenant, make_agent(tenant, email="bo@example.com", mails_missed_calls=True))
    notices.find()
    ledger.amend(call, CallChanges(disposition=Disposition.ANSWERED))
    notify_people()
    assert mail.outbox == []
    assert "not missed any more" in Notice.objects.get().error


def test_a_member_reads_who_it_was_in_their_own_time_and_how_to_stop_it(tenant, clock):
    user = member(tenant, mails_missed_calls=True)
    user.time_zone = "America/New_York"
    user.save()
    make_contact(tenant, NUMBER, name="Anna\nBerg")
    call = missed(tenant, make_agent(tenant, user=user))
    notify_people()
    [message] = mail.outbox
    assert message.subject == f"Missed call from Anna Berg ({NUMBER})"
    assert "When: Mon 02 Mar 2026 06:58" in message.body
    assert "Times are those of America/New_York." in message.body
    assert f"http://localhost:8000/admin/calls/call/{call.pk}/change/" in message.body
    assert "Your notifications" in message.body
    assert "/admin/tenants/ownmembership/" in message.body
    assert message.extra_headers["Message-ID"] == f"<{Notice.objects.get().pk}@callhub>"


def test_a_number_is_not_told_to_who_may_not_see_the_call(tenant, clock):
    limited = make_user(tenant, "agent", center=make_center(tenant), email="limited@example.com")
    without_log_in = make_agent(tenant, email="bo@example.com", mails_missed_calls=True)
    for agent in (without_log_in, make_agent(tenant, user=limited, mails_missed_calls=True)):
        missed(tenant, agent)
    make_contact(tenant, NUMBER, name="Anna Berg")
    notify_people()
    assert len(mail.outbox) == 2
    for message in mail.outbox:
        text = message.subject + message.body
        assert "a number ending in 567" in text
        assert "4670123" not in text
        assert "Anna" not in text


def test_tenants_do_not_mix(tenant, clock):
    other = make_tenant()
    user = member(tenant, mails_missed_calls=True)
    Membership.objects.create(tenant=other, user=user, role="agent")
    missed(other, make_agent(other, user=user))
    notify_people()
    assert mail.outbox == []
    missed(tenant, make_agent(tenant, user=user))
    notify_people()
    assert len(mail.outbox) == 1
    assert Notice.objects.get().tenant == tenant


def test_a_person_who_left_is_told_nothing(tenant, clock):
    user = member(tenant, mails_missed_calls=True)
    missed(tenant, make_agent(tenant, user=user))
    notices.find()
    Membership.objects.all().delete()
    notify_people()
    assert mail.outbox == []
