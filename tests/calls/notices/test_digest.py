"""The daily digest: each missed call is in exactly one, at the tenant's hour whatever its clocks do."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.core import mail

from calls.choices import NoticeKind, Source
from calls.models import Notice
from calls.tasks import notify_people
from tenants.models import Membership, Tenant
from tests.calls.notices.telling import NOON, NUMBER, member, missed, told
from tests.make import make_agent, make_center, make_user
from tests.tenants.admin_walk import staff

pytestmark = pytest.mark.django_db


def with_digest(tenant, hour, **fields):
    for name, value in {"digest_hour": hour, **fields}.items():
        setattr(tenant, name, value)
    tenant.save()


def test_owners_and_who_wants_it_get_the_digest_at_the_tenants_hour(tenant, clock):
    with_digest(tenant, 14)
    for role, wishes in (("owner", {}), ("manager", {"mails_digest": True}), ("viewer", {})):
        member(tenant, role, **wishes)
    unwilling = staff(tenant, "owner", email="unwilling@example.com")
    Membership.objects.filter(user=unwilling).update(mails_digest=False)
    missed(tenant, make_agent(tenant, name="Bo Ek"), ago=timedelta(hours=3))
    notify_people()
    assert mail.outbox == []
    clock.shift(timedelta(hours=1))
    for _ in range(3):
        notify_people()
        clock.shift(timedelta(minutes=10))
    subject = "1 missed call at Berg AB"
    assert sorted(told()) == [("manager@example.com", subject), ("owner@example.com", subject)]
    assert f"Mon 02 Mar 2026 10:00  {NUMBER}  (Bo Ek)" in mail.outbox[0].body


def test_each_missed_call_is_in_exactly_one_digest(tenant, clock):
    with_digest(tenant, 14)
    member(tenant, "owner")
    moments = [NOON + timedelta(hours=hours) for hours in (-1, 1, 2, 24, 25, 30)]
    for at in moments:
        missed(tenant, at=at, source=Source.PLANHAT)  # our own API takes none from the future
    clock.shift(timedelta(minutes=30))
    for _ in range(100):
        notify_people()
        clock.shift(timedelta(minutes=30))
    listed = [line for message in mail.outbox for line in message.body.splitlines() if NUMBER in line]
    assert len(mail.outbox) == 3
    assert len(listed) == len(set(listed)) == len(moments)


@pytest.mark.parametrize(
    ("hour", "day", "expected"),
    [
        (2, date(2026, 3, 29), "2026-03-29T01:00"),  # from 2 to 3 there is no time; it is 3 then
        (2, date(2026, 10, 25), "2026-10-25T00:00"),  # the first of two
        (3, date(2026, 10, 25), "2026-10-25T02:00"),
        (0, date(2026, 3, 29), "2026-03-28T23:00"),
    ],
)
def test_the_digest_comes_once_on_days_when_clocks_change(tenant, hour, day, expected):
    with_digest(tenant, hour, digest_on=day - timedelta(days=1))
    member(tenant, "owner")
    start = datetime.combine(day, datetime.min.time(), tenant.zone).astimezone(UTC)
    sent_at = []
    with time_machine.travel(start - timedelta(hours=2), tick=False) as clock:
        missed(tenant, at=start - timedelta(hours=3))
        while datetime.now(UTC) < start + timedelta(hours=23):
            notify_people()
            if mail.outbox:
                sent_at.append(datetime.now(UTC))
                mail.outbox.clear()
            clock.shift(timedelta(minutes=15))
    assert sent_at == [datetime.fromisoformat(f"{expected}+00:00")]


def test_a_move_to_the_west_brings_no_second_digest_on_the_same_day(tenant, clock):
    with_digest(tenant, 13)
    member(tenant, "owner")
    missed(tenant)
    clock.shift(timedelta(minutes=1))
    notify_people()
    assert Tenant.objects.get(pk=tenant.pk).digest_on == date(2026, 3, 2)
    Tenant.objects.filter(pk=tenant.pk).update(time_zone="America/New_York")
    missed(tenant, at=NOON + timedelta(hours=1))
    clock.move_to(NOON + timedelta(hours=6, minutes=5))  # 13:05 in New York
    notify_people()
    assert len(Notice.objects.filter(kind=NoticeKind.DIGEST)) == 1


def test_a_day_without_missed_calls_brings_no_mail(tenant, clock):
    with_digest(tenant, 13)
    member(tenant, "owner")
    notify_people()
    assert mail.outbox == []


def test_who_is_limited_to_a_center_reads_of_its_calls_only(tenant, clock):
    with_digest(tenant, 13)
    here, there = make_center(tenant), make_center(tenant)
    make_user(tenant, "agent", center=here, email="here@example.com")
    Membership.objects.update(mails_digest=True)
    missed(tenant, center_id=str(here.pk))
    for _ in range(3):
        missed(tenant, center_id=str(there.pk))
    notify_people()
    assert [subject for _to, subject in told()] == ["1 missed call at Berg AB"]
