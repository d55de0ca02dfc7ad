"""Webhooks in the admin: the form and its secrets, what buttons do, how endpoints do at a glance, and who may."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from calls import webhooks
from calls.choices import DeliveryState, EndpointKind, EndpointState, PayloadFormat
from calls.models import Delivery, Tag, WebhookEndpoint
from tests.make import make_agent, make_center, make_company, make_endpoint, make_line, make_operator, make_tenant
from tests.tenants.admin_walk import signed_in, staff

pytestmark = pytest.mark.django_db
LIST = "/admin/calls/webhookendpoint/"
URL = "https://hooks.example.com/in"


@pytest.fixture(autouse=True)
def _no_bell(monkeypatch):
    monkeypatch.setattr("callhub.doorbell.ring", lambda *args: None)


@pytest.fixture(autouse=True)
def _names(monkeypatch):
    """Every name leads to the public internet."""
    monkeypatch.setattr("calls.outbound.targets.lookup", lambda host, port: ["93.184.215.14"])


@pytest.fixture
def tenant():
    return make_tenant("lund", time_zone="Europe/Stockholm")


@pytest.fixture
def manager(tenant):
    return signed_in(staff(tenant, "manager"))


def filled(**fields):
    """What a browser sends of the form."""
    return {"name": "Ours", "url": URL, "format": "native", "template": "", "in_flight_limit": "2", "headers": "", **fields}


def page(endpoint, name="change"):
    return reverse(f"admin:calls_webhookendpoint_{name}", args=[endpoint.pk])


def delivery(endpoint, **fields):
    """A message made for an endpoint."""
    told = {"event_type": "call.ended", "body": b"{}", "due_at": timezone.now(), "state": DeliveryState.FAILED, **fields}
    return Delivery.objects.create(tenant=endpoint.tenant, endpoint=endpoint, **told)


def attempt(row, ago=timedelta(), **fields):
    """A request that was made."""
    return row.log.create(started_at=timezone.now() - ago, took_ms=5, **{"fence": row.log.count() + 1, **fields})


# Adding and changing


def test_a_new_one_shows_its_secret_once(manager, tenant):
    answer = manager.post(f"{LIST}add/", filled())
    endpoint = WebhookEndpoint.objects.get()
    [secret] = endpoint.live_secrets(timezone.now())
    assert secret.startswith("whsec_")
    assert secret in answer.content.decode()
    assert "no-store" in answer.headers["Cache-Control"]
    assert (endpoint.tenant, endpoint.name, endpoint.state) == (tenant, "Ours", EndpointState.ACTIVE)
    for address in (LIST, page(endpoint), page(endpoint, "history")):
        assert secret not in manager.get(address).content.decode()


def test_every_condition_is_kept(manager, tenant):
    line, agent, company = make_line(tenant, "210"), make_agent(tenant), make_company(tenant)
    tag = Tag.objects.create(tenant=tenant, name="vip")
    chosen = {
        "event_types": ["call.ended", "call.created"], "directions": ["inbound"], "dispositions": ["answered", "busy"],
        "line_ids": [str(line.pk)], "agent_ids": [str(agent.pk)], "company_ids": [str(company.pk)], "tag_ids": [str(tag.pk)],
        "least_duration_ms": "1.5", "in_flight_limit": "5", "is_thin": "on",
    }  # fmt: skip
    assert manager.post(f"{LIST}add/", filled(**chosen)).status_code == 200
    endpoint = WebhookEndpoint.objects.get()
    for name in ("event_types", "directions", "dispositions"):
        assert set(getattr(endpoint, name)) == set(chosen[name])
    for name in ("line_ids", "agent_ids", "company_ids", "tag_ids"):
        assert getattr(endpoint, name) == chosen[name]
    assert (endpoint.least_duration_ms, endpoint.in_flight_limit, endpoint.is_thin) == (1500, 5, True)
    text = manager.get(page(endpoint)).content.decode()
    for words in (str(agent.name), "vip", 'value="1.5"', str(company.name)):
        assert words in text, words


def test_every_field_explains_itself(manager):
    form = manager.get(f"{LIST}add/").context["adminform"].form
    assert [name for name, field in form.fields.items() if not field.help_text] == []


@pytest.mark.parametrize(
    ("fields", "at_fault"),
    [
        ({"url": "http://10.0.0.1/"}, "url"),
        ({"url": "ftp://example.com/"}, "url"),
        ({"url": "https://example.com/{{to}}"}, "url"),
        ({"url": ""}, "url"),
        ({"template": "{"}, "template"),
        ({"template": '{"a": "{{data.call.shoe_size}}"}'}, "template"),
        ({"template": "{}", "format": "fonestorm_get"}, "template"),
        ({"headers": "no colon"}, "headers"),
        ({"headers": "X: 1\nX: 2"}, "headers"),
        ({"headers": "Host: example.com"}, "headers"),
        ({"headers": "X: •••"}, "headers"),
        ({"headers": "Authorization: x", "username": "ann"}, "headers"),
        ({"event_types": ["nothing"]}, "event_types"),
        ({"line_ids": ["x"]}, "line_ids"),
        ({"least_duration_ms": "-1"}, "least_duration_ms"),
        ({"least_duration_ms": "nan"}, "least_duration_ms"),
        ({"in_flight_limit": "11"}, None),
        ({"format": "xml"}, "format"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(manager, fields, at_fault):
    answer = manager.post(f"{LIST}add/", filled(**fields))
    assert answer.status_code == 200
    errors = answer.context["adminform"].form.errors
    assert (at_fault or "__all__") in errors
    assert not WebhookEndpoint.objects.exists()


def test_names_are_looked_up_before_the_transaction(manager, monkeypatch):
    asked = []

    def check_url(url, *, is_callback):
        from django.db import connection

        asked.append(len(connection.savepoint_ids))
        raise ValidationError({"url": "It is not there."})

    monkeypatch.setattr("calls.webhooks.check_url", check_url)
    answer = manager.post(f"{LIST}add/", filled())
    assert "It is not there." in answer.content.decode()
    assert asked == [0]  # the test's own transaction, and no savepoint of the form's within it


def test_another_tenants_rows_are_no_condition(manager):
    theirs = make_tenant()
    for name, row in (("line_ids", make_line(theirs, "9")), ("agent_ids", make_agent(theirs))):
        answer = manager.post(f"{LIST}add/", filled(**{name: [str(row.pk)]}))
        assert name in answer.context["adminform"].form.errors
    operator = signed_in(make_operator())
    ours = make_tenant()
    answer = operator.post(f"{LIST}add/", filled(tenant=str(ours.pk), line_ids=[str(make_line(theirs, "10").pk)]))
    assert "line_ids" in answer.context["adminform"].form.errors


def test_passwords_and_headers_never_come_back_and_stay_until_they_are_changed(manager, tenant):
    endpoint = make_endpoint(tenant, URL, username="ann")
    endpoint.password, endpoint.headers = "pass-5541", {"X-Key": "key-5541", "X-Old": "old-5541"}
    endpoint.save()
    text = manager.get(page(endpoint)).content.decode()
    assert "X-Key: •••" in text
    assert "5541" not in text
    assert manager.post(page(endpoint), filled(username="ann", headers="X-Key: •••\nX-New: n")).status_code == 302
    endpoint.refresh_from_db()
    assert (endpoint.password, endpoint.headers) == ("pass-5541", {"X-Key": "key-5541", "X-New": "n"})
    manager.post(page(endpoint), filled(username="ann", password="other"))
    endpoint.refresh_from_db()
    assert (endpoint.password, endpoint.headers) == ("other", {})
    manager.post(page(endpoint), filled())
    endpoint.refresh_from_db()
    assert (endpoint.username, endpoint.password) == ("", "")


def test_an_unreadable_secret_does_not_close_the_page(manager, tenant):
    endpoint = make_endpoint(tenant, URL)
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(sealed_headers="made under another key")
    assert manager.get(page(endpoint)).status_code == 200
    assert manager.post(page(endpoint), filled(headers="X: 1")).status_code == 302
    endpoint.refresh_from_db()
    assert endpoint.headers == {"X": "1"}


def test_removing_one_removes_what_was_made_for_it(manager, tenant):
    endpoint = make_endpoint(tenant)
    attempt(delivery(endpoint))
    assert manager.get(page(endpoint, "delete")).status_code == 200
    manager.post(page(endpoint, "delete"), {"post": "yes"})
    assert not WebhookEndpoint.objects.exists()
    assert not Delivery.objects.exists()


# Buttons


def test_pauses_and_resumes_after_asking(manager, tenant):
    endpoint = make_endpoint(tenant)
    for name, state in (("pause", EndpointState.PAUSED), ("resume", EndpointState.ACTIVE)):
        assert manager.get(page(endpoint, name)).status_code == 200
        assert manager.post(page(endpoint, name)).status_code == 302
        endpoint.refresh_from_db()
        assert endpoint.state == state
    assert manager.get(page(endpoint, "resume")).status_code == 403
    assert "It is paused." in manager.get(page(endpoint, "history")).content.decode()


def test_sends_a_test_of_the_chosen_message(manager, tenant):
    endpoint = make_endpoint(tenant)
    assert "Call ended" in manager.get(page(endpoint, "fire")).content.decode()
    answer = manager.post(page(endpoint, "fire"), {"event": "call.ended"})
    row = Delivery.objects.get()
    assert (row.event_type, row.state) == ("call.ended", DeliveryState.PENDING)
    assert answer.headers["Location"] == reverse("admin:calls_delivery_change", args=[row.pk])
    make = make_endpoint(tenant, format=PayloadFormat.FONESTORM_GET)
    assert manager.post(page(make, "fire"), {"event": "call.updated"}).status_code == 200
    assert Delivery.objects.count() == 1
    webhooks.pause(endpoint)
    assert manager.post(page(endpoint, "fire"), {"event": "call.ended"}).status_code == 403


def test_a_renewed_secret_is_shown_once_and_both_sign(manager, tenant):
    endpoint = make_endpoint(tenant)
    [before] = endpoint.live_secrets(timezone.now())
    assert "24 hours" in manager.get(page(endpoint, "renew")).content.decode()
    answer = manager.post(page(endpoint, "renew"))
    endpoint.refresh_from_db()
    secret, former = endpoint.live_secrets(timezone.now())
    assert former == before
    assert secret in answer.content.decode()
    assert "no-store" in answer.headers["Cache-Control"]
    assert secret not in manager.get(page(endpoint)).content.decode()


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ({"what": "failed"}, 2),
        ({"what": "all"}, 4),
        ({"what": "all", "since": "2026-03-02T10:00:00"}, 3),
        ({"what": "all", "since": "2026-03-02T10:00:00", "until": "2026-03-02T11:00:00"}, 1),
        ({"what": "failed", "until": "2026-03-02T09:00:00"}, 0),
    ],
)
def test_says_how_many_before_it_sends_again(manager, tenant, asked, count):
    endpoint = make_endpoint(tenant)
    states = (DeliveryState.FAILED, DeliveryState.DELIVERED, DeliveryState.CANCELLED, DeliveryState.DELIVERED)
    for hour, state in enumerate(states, start=9):  # in Lund; an hour earlier in UTC
        row = delivery(endpoint, state=state)
        Delivery.objects.filter(pk=row.pk).update(created_at=f"2026-03-02T{hour - 1:02}:30:00Z")
    delivery(make_endpoint(tenant))
    assert manager.get(page(endpoint, "again")).status_code == 200
    text = manager.get(page(endpoint, "again"), asked).content.decode()
    assert Delivery.objects.pending().count() == 0
    if not count:
        assert "There is nothing to send again" in text
        return
    assert f"{count} message{'s are' if count > 1 else ' is'} sent again." in text
    assert manager.post(page(endpoint, "again"), asked).status_code == 302
    assert Delivery.objects.pending().count() == Delivery.objects.pending().filter(endpoint=endpoint).count() == count


def test_a_time_that_is_none_is_said_and_nothing_is_sent(manager, tenant):
    endpoint = make_endpoint(tenant)
    delivery(endpoint)
    for method in (manager.get, manager.post):
        answer = method(page(endpoint, "again"), {"what": "all", "since": "soon"})
        assert "Enter a valid date/time." in answer.content.decode()
    assert Delivery.objects.pending().count() == 0


# At a glance


def test_the_list_tells_how_each_does(manager, tenant):
    good = make_endpoint(tenant, name="Good", succeeded_at=timezone.now())
    bad = make_endpoint(tenant, name="Bad", failures=7, last_error="It answered 500.", failing_since=timezone.now())
    make_endpoint(tenant, name="Off", state=EndpointState.DISABLED, state_reason="It is gone for good.")
    for _ in range(3):
        attempt(delivery(good, state=DeliveryState.DELIVERED), timedelta(hours=2), status=200)
    late = delivery(bad, state=DeliveryState.PENDING, due_at=timezone.now() - timedelta(hours=3))
    attempt(late, timedelta(hours=2), error="It answered 500.")
    attempt(late, timedelta(hours=30), error="too long ago")
    text = manager.get(LIST).content.decode()
    for words in (
        "3 arrived and 0 failed in the last 24 hours", "0 arrived and 1 failed in the last 24 hours", "It is gone for good.",
        "It answered 500.", "for 3\xa0hours",
    ):  # fmt: skip
        assert words in text, words
    assert text.count('<svg class="ch-spark"') == 2
    assert "0 arrived and 1 failed" in manager.get(page(bad)).content.decode()


def test_an_attempt_of_this_minute_is_on_the_bars(manager, tenant):
    attempt(delivery(make_endpoint(tenant)), status=200)
    assert "1 arrived and 0 failed" in manager.get(LIST).content.decode()


def test_callbacks_of_numbers_are_shown_by_a_filter_and_not_changed(manager, tenant):
    callback = make_endpoint(
        tenant, "https://cb.example.com/x?k={{uid}}", name="210 calls", line=make_line(tenant, "210"), username="ann",
        kind=EndpointKind.SEND_CALLBACK, format=PayloadFormat.FONESTORM_GET,
    )  # fmt: skip
    callback.password = "pass-5541"
    callback.save()
    make_endpoint(tenant, name="Mine")
    assert "210 calls" not in manager.get(LIST).content.decode()
    text = manager.get(LIST, {"kind": "callbacks"}).content.decode()
    assert "210 calls" in text
    assert "Mine" not in text
    shown = manager.get(page(callback))
    assert shown.status_code == 200
    assert "5541" not in shown.content.decode()
    assert manager.post(page(callback), filled()).status_code == 403
    assert manager.post(page(callback, "delete"), {"post": "yes"}).status_code == 403
    for name in ("pause", "fire", "again", "renew"):
        assert manager.post(page(callback, name)).status_code == 403


def test_nothing_a_receiver_says_is_markup(manager, tenant):
    make_endpoint(tenant, name="<b>name</b>", failures=1, last_error="<script>x</script>", state_reason="<i>why</i>")
    text = manager.get(LIST).content.decode()
    for mark in ("<b>name", "<script>x", "<i>why"):
        assert mark not in text


# Who may


@pytest.mark.parametrize(("role", "status"), [("owner", 200), ("manager", 200), ("agent", 403), ("viewer", 403)])
def test_owners_and_managers_alone(tenant, role, status):
    endpoint = make_endpoint(tenant)
    client = signed_in(staff(tenant, role))
    assert client.get(LIST).status_code == client.get("/admin/calls/delivery/").status_code == status
    assert client.get(f"{LIST}add/").status_code == status
    assert client.get(page(endpoint, "pause")).status_code == status
    assert (f'href="{LIST}"' in client.get("/admin/").content.decode()) is (status == 200)


def test_a_manager_of_one_center_has_no_part_in_them(tenant):
    endpoint = make_endpoint(tenant)
    client = signed_in(staff(tenant, "owner", center=make_center(tenant)))
    assert client.get(LIST).status_code == client.get("/admin/calls/delivery/").status_code == 403
    assert client.post(page(endpoint, "pause")).status_code == 403
    assert client.post(f"{LIST}add/", filled()).status_code == 403


def test_a_manager_here_is_none_where_they_only_look(tenant):
    other = make_tenant("other")
    theirs = make_endpoint(other, name="Not yours")
    row = delivery(theirs)
    user = staff(tenant, "manager")
    user.memberships.create(tenant=other, role="viewer")
    client = signed_in(user)
    for address in (LIST, "/admin/calls/delivery/"):
        answer = client.get(address)
        assert answer.status_code == 200
        assert "Not yours" not in answer.content.decode()
    assert client.post(page(theirs, "pause")).status_code == 403
    assert client.post(reverse("admin:calls_delivery_replay_one", args=[row.pk])).status_code == 403
    answer = client.post(f"{LIST}add/", filled(tenant=str(other.pk)))
    assert "tenant" in answer.context["adminform"].form.errors
    assert not WebhookEndpoint.objects.filter(name="Ours").exists()


def test_an_empty_list_says_what_to_do(manager):
    assert "it is told of every call as it happens" in manager.get(LIST).content.decode()
