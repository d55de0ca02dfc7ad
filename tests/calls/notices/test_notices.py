"""Mails to people: who is told what, once, in their own time and only what they may see."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.core import mail

from calls import ledger, notices
from calls.choices import DialMeter, Disposition, NoticeKind
from calls.drafts import CallChanges
from calls.models import DialPlan, DialUse, Notice
from calls.notices import sending
from calls.tasks import notify_people
from contacts.matching import AgentHint
from tenants import deposits
from tenants.models import Membership, Tenant
from tests.make import make_agent, make_call, make_center, make_contact, make_tenant, make_user
from tests.tenants.admin_walk import signed_in, staff

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)  # 13:00 in Stockholm
NUMBER = "+46701234567"


@pytest.fixture
def tenant():
    return make_tenant(name="Berg AB", time_zone="Europe/Stockholm")


@pytest.fixture
def clock():
    with time_machine.travel(NOON, tick=False) as travelled:
        yield travelled


def missed(tenant, agent=None, *, ago=timedelta(minutes=2), at=None, **draft):
    """A call nobody took."""
    hint = AgentHint(id=str(agent.pk)) if agent else AgentHint()
    started_at = at or datetime.now(UTC) - ago
    facts = {"seconds": 20, "disposition": Disposition.NO_ANSWER, "agent": hint, **draft}
    return make_call(tenant, NUMBER, started_at=started_at, **facts)


def member(tenant, role="agent", **wishes):
    """A member who may sign in, with an address and wishes."""
    user = staff(tenant, role, email=f"{role}@example.com")
    Membership.objects.filter(tenant=tenant, user=user).update(**wishes)
    return user


def told():
    """To whom, and what about."""
    return [(message.to[0], message.subject) for message in mail.outbox]


# Missed calls


def test_an_agent_who_wants_it_is_mailed_each_missed_call_once(tenant, clock):
    agent = make_agent(tenant, email="bo@example.com", mails_missed_calls=True)
    missed(tenant, agent)
    missed(tenant, agent, ago=timedelta(minutes=1))
    missed(tenant, agent, disposition=Disposition.ANSWERED)
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


# The digest


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
        missed(tenant, at=at)
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
