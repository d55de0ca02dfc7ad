"""What a receiver's answer leads to: when it is tried again, when it is given up, and when its endpoint is."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core import mail
from django.utils import timezone

from calls import webhooks
from calls.choices import DeliveryState, EndpointState
from calls.models import Attempt, Delivery, WebhookEndpoint
from calls.tasks import sweep_webhooks, tell_endpoint_disabled
from calls.webhooks import clock, delivery, keeping, notices, schedule, turns
from calls.webhooks.errors import EndpointNotActive, NothingToReplay
from tests.calls.webhooks.telling import tell
from tests.make import make_call, make_endpoint, make_tenant, make_user
from tests.twins import begun

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def fired(endpoint):
    """One message that is due."""
    with clock.at(NOW):
        return webhooks.fire_test(endpoint)


def deliver_at(moment):
    """What workers send at a moment."""
    with clock.at(moment), time_machine.travel(moment, tick=True):
        return webhooks.deliver()


def fresh(row):
    return type(row).objects.get(pk=row.pk)


def test_ten_attempts_over_75_hours_and_then_no_more(tenant, hook):
    hook.says(500)
    message = fired(make_endpoint(tenant, hook.url))
    now = NOW
    while True:
        assert deliver_at(now - timedelta(seconds=1)) == 0 or now == NOW
        deliver_at(now)
        row = fresh(message)
        if not row.is_pending:
            break
        wait, usual = row.due_at - now, schedule.WAITS[row.attempts - 1]
        assert usual * 0.9 <= wait <= usual * 1.1 + timedelta(seconds=1)
        now = row.due_at
    assert (row.state, row.attempts, row.reason) == (DeliveryState.FAILED, 10, "It answered 500.")
    assert timedelta(hours=60) < now - NOW < timedelta(hours=91)
    assert Attempt.objects.filter(delivery=row).count() == len(hook.got) == 10
    assert {got.id for got in hook.got} == {str(message.pk)}
    assert len({got.body for got in hook.got}) == 1
    assert len({got.headers["webhook-timestamp"] for got in hook.got}) == 10


def test_the_waits_add_up_and_differ():
    assert sum(schedule.WAITS, timedelta()) == timedelta(hours=75, minutes=35, seconds=5)
    assert len({schedule.wait_after(3) for _ in range(20)}) > 10
    assert schedule.wait_after(10) is None


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, {"retry-after": "3600"}, 3600),
        (503, {"retry-after": "Mon, 02 Mar 2026 10:00:00 GMT"}, 3600),
        (503, {"retry-after": "Mon, 02 Mar 2026 10:00:00 GMT", "date": "Mon, 02 Mar 2026 09:30:00 GMT"}, 1800),
        (429, {"retry-after": "999999999999"}, 24 * 3600),
        (429, {"retry-after": "Tue, 02 Mar 2027 10:00:00 GMT"}, 24 * 3600),
        (429, {"retry-after": "0"}, 5),
        (429, {"retry-after": "Sun, 01 Mar 2026 10:00:00 GMT"}, 5),
        (500, {"retry-after": "3600"}, None),
        (429, {"retry-after": "soon"}, None),
        (429, {"retry-after": "-5"}, None),
        (429, {"retry-after": "٣"}, None),
        (429, {}, None),
        (None, {}, None),
    ],
)
def test_a_receiver_may_say_when_within_a_day(status, headers, seconds):
    told = schedule.retry_after(status, headers, NOW)
    assert told == (None if seconds is None else timedelta(seconds=seconds))


def test_retry_after_is_kept(tenant, hook):
    hook.says(429, {"Retry-After": "7200"})
    message = fired(make_endpoint(tenant, hook.url))
    deliver_at(NOW)
    assert fresh(message).due_at == NOW + timedelta(hours=2)


@pytest.mark.parametrize(
    ("status", "code"),
    [(301, "redirect"), (302, "redirect"), (304, "redirect"), (400, "status"), (404, "status"), (500, "status")],
)
def test_only_2xx_is_success(tenant, hook, status, code):
    hook.says(status, {"Location": hook.url})
    message = fired(make_endpoint(tenant, hook.url))
    deliver_at(NOW)
    assert (fresh(message).state, Attempt.objects.get().code, len(hook.got)) == (DeliveryState.PENDING, code, 1)


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_2xx_is_success(tenant, hook, status):
    hook.says(status)
    message = fired(make_endpoint(tenant, hook.url))
    deliver_at(NOW)
    assert fresh(message).state == DeliveryState.DELIVERED


def test_nobody_there_is_a_failure_that_is_tried_again(tenant):
    message = fired(make_endpoint(tenant, "http://127.0.0.1:1/"))
    deliver_at(NOW)
    assert (fresh(message).state, Attempt.objects.get().code) == (DeliveryState.PENDING, "connect")


def test_an_address_inside_is_never_called(tenant, hook, settings):
    settings.CALLHUB_OUTBOUND_ALLOW = []
    message = fired(make_endpoint(tenant, hook.url))
    deliver_at(NOW)
    assert (fresh(message).attempts, Attempt.objects.get().code, hook.got) == (1, "address", [])


def test_gone_ends_the_endpoint_and_its_owners_are_told(tenant, hook):
    make_user(tenant, email="owner@example.com")
    make_user(tenant, email="agent@example.com", role="agent")
    make_user(make_tenant(), email="stranger@example.com")
    hook.says(410)
    endpoint = make_endpoint(tenant, hook.url, name="CRM\r\nBcc: x@example.com")
    make_call(tenant)
    assert tell(tenant) == 1
    endpoint = fresh(endpoint)
    assert (endpoint.state, endpoint.is_notice_due) == (EndpointState.DISABLED, True)
    assert set(Delivery.objects.values_list("state", flat=True)) == {DeliveryState.FAILED, DeliveryState.CANCELLED}
    assert notices.due() == [str(endpoint.pk)]
    sweep_webhooks()
    tell_endpoint_disabled(str(endpoint.pk))
    [message] = mail.outbox
    assert message.to == ["owner@example.com"]
    assert "410" in message.body
    assert "\n" not in message.subject
    assert notices.due() == []


def test_two_at_once_that_hear_of_its_end_do_not_wait_for_each_other(tenant, monkeypatch):
    endpoint = make_endpoint(tenant)
    first, second = fired(endpoint), fired(endpoint)
    gone = delivery.Outcome(status=410, error="Gone.", code="gone", started_at=NOW, took_ms=5)
    noted, others = delivery._note_failure, []

    def noting(*told):
        if not others:
            others.append(None)
            others[0] = begun(lambda: delivery.write(fresh(endpoint), second, gone))
        noted(*told)

    monkeypatch.setattr(delivery, "_note_failure", noting)
    assert delivery.write(endpoint, first, gone)
    others[0].result(60)
    assert fresh(endpoint).state == EndpointState.DISABLED
    assert not Delivery.objects.pending().exists()


def test_a_mail_that_cannot_be_sent_is_sent_later(tenant, monkeypatch):
    make_user(tenant)
    endpoint = make_endpoint(tenant, state=EndpointState.DISABLED, is_notice_due=True)
    with monkeypatch.context() as patch:
        patch.setattr("django.core.mail.EmailMessage.send", lambda self: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            notices.tell_disabled(str(endpoint.pk))
    assert notices.due() == [str(endpoint.pk)]
    assert notices.tell_disabled(str(endpoint.pk))


def test_five_days_of_nothing_but_failures_end_an_endpoint(tenant, hook):
    hook.says(500)
    endpoint = make_endpoint(tenant, hook.url)
    for hours in (0, 50, 119):
        with clock.at(NOW + timedelta(hours=hours)):
            webhooks.fire_test(endpoint)
        deliver_at(NOW + timedelta(hours=hours))
        assert fresh(endpoint).state == EndpointState.ACTIVE
    with clock.at(NOW + timedelta(hours=121)):
        webhooks.fire_test(endpoint)
    deliver_at(NOW + timedelta(hours=121))
    endpoint = fresh(endpoint)
    assert endpoint.state == EndpointState.DISABLED
    assert "five days" in endpoint.state_reason


def test_one_success_in_five_days_is_enough(tenant, hook):
    endpoint = make_endpoint(tenant, hook.url)
    for hours, status in ((0, 500), (70, 200), (121, 500), (180, 500)):
        hook.says(status)
        with clock.at(NOW + timedelta(hours=hours)):
            webhooks.fire_test(endpoint)
        deliver_at(NOW + timedelta(hours=hours))
    endpoint = fresh(endpoint)
    assert (endpoint.state, endpoint.failing_since > NOW + timedelta(hours=70)) == (EndpointState.ACTIVE, True)


def test_what_waits_is_sent_at_once_when_a_receiver_is_back(tenant, hook):
    hook.says(500)
    endpoint = make_endpoint(tenant, hook.url)
    waiting = [fired(endpoint) for _ in range(5)]
    now = NOW
    for _ in range(3):
        for _ in range(10):
            deliver_at(now)
        now += timedelta(hours=1)
    assert {fresh(row).state for row in waiting} == {DeliveryState.PENDING}
    hook.says(200)
    with clock.at(now + timedelta(hours=1)):
        webhooks.fire_test(endpoint)
    for _ in range(3):
        deliver_at(now + timedelta(hours=1))
    assert {fresh(row).state for row in waiting} == {DeliveryState.DELIVERED}


def test_a_zombies_late_result_is_refused(tenant, hook):
    """A worker that was stopped over its request, while its lease ended and another did the work."""
    endpoint = make_endpoint(tenant, hook.url)
    message = fired(endpoint)
    with clock.at(NOW):
        [zombie] = turns.claim(endpoint)
    late = delivery.send(endpoint, zombie)
    assert deliver_at(NOW + timedelta(seconds=39)) == 0
    assert deliver_at(NOW + timedelta(seconds=41)) == 1
    before = fresh(message).updated_at
    assert delivery.write(endpoint, zombie, late) is False
    assert (fresh(message).updated_at, Attempt.objects.count(), fresh(message).attempts) == (before, 1, 1)


def test_a_late_success_is_refused_as_well_where_nothing_else_is_new(tenant, hook):
    endpoint = make_endpoint(tenant, hook.url, succeeded_at=timezone.now())
    message = webhooks.fire_test(endpoint)
    [zombie] = turns.claim(endpoint)
    Delivery.objects.filter(pk=message.pk).update(fence=zombie.fence + 1)
    outcome = delivery.send(endpoint, zombie)
    assert delivery.write(endpoint, zombie, outcome) is False
    assert (fresh(message).state, Attempt.objects.count()) == (DeliveryState.PENDING, 0)
    zombie.fence += 1
    assert delivery.write(endpoint, zombie, outcome) is True
    row, attempt = fresh(message), Attempt.objects.get()
    assert (row.state, row.attempts, row.lease_until, row.holder) == (DeliveryState.DELIVERED, 1, None, None)
    assert timedelta() <= clock.reading() - row.delivered_at < timedelta(minutes=5)
    assert (attempt.status, attempt.answer, attempt.started_at) == (200, "thanks", outcome.started_at)
    assert attempt.request_headers["webhook-id"] == str(message.pk)


def test_a_claim_is_had_once(tenant, hook):
    endpoint = make_endpoint(tenant, hook.url, succeeded_at=timezone.now())
    for _ in range(30):
        webhooks.fire_test(endpoint)
    first, second, third = turns.claim(endpoint), turns.claim(endpoint), turns.claim(endpoint)
    assert (len(first), len(second), third) == (25, 5, [])
    assert not {row.pk for row in first} & {row.pk for row in second}
    turns.give_back(first)
    assert len(turns.claim(endpoint)) == 25


@pytest.mark.parametrize("count", [2, 20])
def test_a_turn_costs_few_queries(tenant, hook, django_assert_max_num_queries, count):
    """Some for taking it and giving it back, and four for each message: begin, result, attempt, commit."""
    endpoint = make_endpoint(tenant, hook.url, succeeded_at=timezone.now())
    for _ in range(count):
        webhooks.fire_test(endpoint)
    with django_assert_max_num_queries(14 + 4 * count):
        assert webhooks.deliver() == count


def test_replays_have_the_same_id_and_bytes(tenant, hook):
    endpoint = make_endpoint(tenant, hook.url)
    for _ in range(3):
        make_call(tenant)
    tell(tenant)
    first = {got.id: got.body for got in hook.got}
    rows = list(Delivery.objects.order_by("id"))
    hook.got.clear()
    webhooks.replay(rows[0])
    assert (webhooks.deliver(), hook.ids()) == (1, [str(rows[0].pk)])
    assert webhooks.replay_all(Delivery.objects.filter(pk__in=[rows[1].pk, rows[2].pk])) == 2
    assert webhooks.replay_all(endpoint.deliveries.made_between(rows[3].created_at, None)) == 3
    assert webhooks.replay_all(endpoint.deliveries.made_between(None, rows[0].created_at)) == 0
    webhooks.deliver()
    assert {got.id: got.body for got in hook.got} == first
    assert len(hook.got) == 6
    Delivery.objects.filter(pk__in=[rows[4].pk, rows[5].pk]).update(state=DeliveryState.FAILED)
    assert webhooks.replay_all(endpoint.deliveries.lost()) == 2
    assert set(Attempt.objects.values_list("delivery__attempts", flat=True)) <= {0, 1}


def test_what_cannot_be_replayed_says_why(tenant):
    endpoint = make_endpoint(tenant)
    message = webhooks.fire_test(endpoint)
    Delivery.objects.filter(pk=message.pk).update(state=DeliveryState.CANCELLED, is_erased=True)
    with pytest.raises(NothingToReplay):
        webhooks.replay(fresh(message))
    webhooks.disable(endpoint)
    with pytest.raises(EndpointNotActive):
        webhooks.replay(fresh(message))


def test_deliveries_are_kept_for_30_days(tenant, hook):
    endpoint = make_endpoint(tenant, hook.url)
    old = webhooks.fire_test(endpoint)
    webhooks.deliver()
    webhooks.pause(endpoint)
    stuck = Delivery.objects.create(
        tenant=tenant, endpoint=endpoint, event_type="webhook.test", format="native", due_at=timezone.now()
    )
    with time_machine.travel(timezone.now() + timedelta(days=29, hours=23), tick=True):
        assert keeping.forget_old() == 0
    with time_machine.travel(timezone.now() + timedelta(days=30, hours=1), tick=True):
        assert keeping.forget_old() == 1
        assert not Delivery.objects.filter(pk=old.pk).exists()
        assert not Attempt.objects.exists()
        assert fresh(stuck).state == DeliveryState.CANCELLED
        assert keeping.forget_old() == 1


def test_a_secret_of_another_key_is_said_and_not_sent(tenant, hook, settings):
    message = fired(make_endpoint(tenant, hook.url))
    settings.SECRET_KEY = "restored without its key"
    deliver_at(NOW)
    assert (fresh(message).state, Attempt.objects.get().code, hook.got) == (DeliveryState.FAILED, "secret", [])


def test_nothing_secret_reaches_the_log(tenant, hook, caplog):
    hook.says(500)
    endpoint = WebhookEndpoint(tenant=tenant, url=hook.url + "?key=canary-in-url", username="u")
    endpoint.password, endpoint.headers = "canary-password", {"X-Key": "canary-header"}
    secret = webhooks.keep(endpoint)
    with caplog.at_level("DEBUG"):
        webhooks.fire_test(endpoint)
        webhooks.deliver()
    kept = caplog.text + json.dumps(list(Attempt.objects.values("request_headers", "error", "answer")))
    assert hook.got
    assert not [text for text in (secret, "canary-in-url", "canary-password", "canary-header") if text in kept]


@pytest.mark.parametrize(
    "broken", ["calls.outbound.send", "calls.webhooks.delivery.request_of", "calls.webhooks.delivery._judged"]
)
def test_whatever_goes_wrong_is_an_attempt_after_which_it_waits(tenant, hook, monkeypatch, broken):
    def breaks(*_args, **_kwargs):
        raise AttributeError("a secret")

    endpoint = make_endpoint(tenant, hook.url)
    message = webhooks.fire_test(endpoint)
    monkeypatch.setattr(broken, breaks)
    webhooks.deliver()
    message.refresh_from_db()
    attempt = message.log.get()
    assert (message.state, message.attempts, message.due_at > timezone.now()) == (DeliveryState.PENDING, 1, True)
    assert (attempt.code, "AttributeError" in attempt.error, "secret" in attempt.error) == ("internal", True, False)


@pytest.mark.parametrize("name", ["retry-after", "date"])
@pytest.mark.parametrize(
    "value", ["-5", "1e9", "9" * 400, "²", "Mon, 99 Foo 99999 99:99:99 GMT", "Thu, 01 Jan 1 00:00:00 +9999", "\xff", ";"]
)
def test_whatever_a_receiver_says_of_times_is_an_attempt(tenant, hook, name, value):
    hook.says(503, {"Retry-After": "Thu, 01 Jan 2099 00:00:00 GMT", name.title(): value})
    message = webhooks.fire_test(make_endpoint(tenant, hook.url))
    webhooks.deliver()
    message.refresh_from_db()
    assert (message.attempts, message.log.count()) == (1, 1)
