"""Warnings of limits, mail servers that fail, and what people choose and see of it in the admin."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail

from calls import notices
from calls.choices import DialMeter
from calls.models import DialPlan, DialUse, Notice
from calls.notices import sending
from calls.tasks import notify_people
from tenants import deposits
from tenants.models import Membership, Tenant
from tests.calls.notices.telling import NOON, member, missed, told
from tests.make import make_agent
from tests.tenants.admin_walk import signed_in, staff

pytestmark = pytest.mark.django_db


# Limits


def test_owners_are_warned_at_80_percent_and_at_the_end_once_a_month(tenant, clock):
    member(tenant, "owner")
    member(tenant, "manager")
    tenant.monthly_deposits = 10
    tenant.save()
    subjects = []
    for _ in range(10):
        deposits.reserve(tenant)
        notify_people()
        notify_people()
        subjects.append([subject for _to, subject in told()])
        mail.outbox.clear()
    assert subjects[:7] == [[]] * 7
    assert subjects[7:] == [
        ["Berg AB: 80 % of the uploads of this month are used"], [],
        ["Berg AB: the uploads of this month are used up"],
    ]  # fmt: skip
    clock.move_to(datetime(2026, 4, 2, tzinfo=UTC))
    for _ in range(8):
        deposits.reserve(tenant)
    notify_people()
    assert len(mail.outbox) == 1


def test_minutes_dialled_are_watched_by_the_day(tenant, clock):
    member(tenant, "owner")
    DialPlan.objects.create(tenant=tenant, minutes_per_day=100)
    use = DialUse.objects.create(tenant=tenant, meter=DialMeter.SECONDS, bucket="2026-03-02", used=100 * 60)
    notify_people()
    assert told() == [("owner@example.com", "Berg AB: the minutes dialled today are used up")]
    assert "They begin again on Tue 03 Mar 2026 00:00." in mail.outbox[0].body
    DialUse.objects.filter(pk=use.pk).update(used=85 * 60)  # given back: the end was told already
    notify_people()
    assert len(mail.outbox) == 1


def test_who_does_not_want_warnings_gets_none_and_no_limit_gives_none(tenant, clock):
    member(tenant, "owner", mails_warnings=False)
    tenant.monthly_deposits = 1
    tenant.save()
    deposits.reserve(tenant)
    notify_people()
    assert mail.outbox == []


# Sending


@pytest.fixture
def notice(tenant, clock):
    missed(tenant, make_agent(tenant, email="bo@example.com", mails_missed_calls=True))
    notices.find()
    return Notice.objects.get()


def test_a_mail_server_that_fails_is_asked_again_later_and_given_up_in_the_end(notice, clock, settings):
    settings.EMAIL_BACKEND = "tests.calls.notices.broken.Backend"
    pauses = []
    while Notice.objects.get().dropped_at is None:
        assert notices.due() == [str(notice.pk)]
        assert not notices.send(str(notice.pk))
        row = Notice.objects.get()
        if row.dropped_at is None:
            pauses.append(row.due_at - datetime.now(UTC))
            clock.move_to(row.due_at)
    assert pauses == list(sending.PAUSES)
    assert row.error == "OSError: no mail today"
    assert notices.due() == []


def test_one_that_works_again_sends_it(notice, clock, settings):
    settings.EMAIL_BACKEND = "tests.calls.notices.broken.Backend"
    notify_people()
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    clock.shift(timedelta(minutes=1))
    notify_people()
    row = Notice.objects.get()
    assert (len(mail.outbox), row.attempts, row.error, row.sent_at) == (1, 2, "", datetime.now(UTC))


def test_long_ago_is_forgotten(notice, clock):
    clock.shift(timedelta(days=89))
    notices.forget_old()
    assert Notice.objects.exists()
    clock.shift(timedelta(days=2))
    notices.forget_old()
    assert not Notice.objects.exists()


# In the admin


def test_a_person_chooses_their_own_mails_and_nobody_elses(tenant):
    user, other = member(tenant, "viewer"), member(tenant, "owner")
    own, foreign = (Membership.objects.get(user=one) for one in (user, other))
    client, page = signed_in(user), "/admin/tenants/ownmembership/"
    assert str(foreign.pk) not in client.get(page).content.decode()
    answer = client.post(f"{page}{own.pk}/change/", {"mails_missed_calls": "true", "mails_digest": "unknown", "role": "owner"})
    assert answer.status_code == 302
    own.refresh_from_db()
    assert (own.mails_missed_calls, own.mails_digest, own.mails_warnings, own.role) == (True, None, False, "viewer")
    client.post(f"{page}{foreign.pk}/change/", {"mails_digest": "false"})
    foreign.refresh_from_db()
    assert foreign.mails_digest is None


def test_an_owner_sets_the_hour_of_the_digest(tenant):
    client = signed_in(staff(tenant, "owner"))
    page = f"/admin/tenants/tenant/{tenant.pk}/change/"
    form = {"name": "Berg AB", "time_zone": "Europe/Stockholm", "country": "SE"}
    assert client.post(page, {**form, "digest_hour": "24"}).status_code == 200
    assert client.post(page, {**form, "digest_hour": "7"}).status_code == 302
    assert Tenant.objects.get(pk=tenant.pk).digest_hour == 7


def test_the_list_of_mails_is_the_owners_and_costs_the_same_however_long(tenant, django_assert_max_num_queries):
    assert signed_in(staff(tenant, "manager")).get("/admin/calls/notice/").status_code == 403
    client = signed_in(staff(tenant, "owner"))
    for count in (2, 48):
        Notice.objects.bulk_create(
            Notice(tenant=tenant, kind="quota", key=f"{count}-{n}", address="a@example.com", due_at=NOON) for n in range(count)
        )
        with django_assert_max_num_queries(12):
            assert client.get("/admin/calls/notice/").status_code == 200
