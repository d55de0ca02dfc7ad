"""Retention in the admin: owners make rules, managers see them, what the next night removes and what each night removed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from calls import retention
from calls.models import RetentionRule, RetentionRun
from tests.make import make_call, make_recording, make_tenant
from tests.tenants.admin_walk import signed_in, staff

pytestmark = pytest.mark.django_db
RULES, RUNS = "/admin/calls/retentionrule/", "/admin/calls/retentionrun/"


@pytest.fixture
def tenant():
    return make_tenant(time_zone="Europe/Stockholm")


@pytest.fixture
def owner(tenant):
    return signed_in(staff(tenant, "owner"))


@pytest.fixture
def recording(tenant):
    return make_recording(make_call(tenant, started_at=datetime(2026, 3, 2, 9, 0, tzinfo=UTC)))


def test_an_owners_rule_takes_effect_and_its_end_as_well(owner, tenant, recording, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        assert owner.post(f"{RULES}add/", {"kind": "inbound", "days": "30"}).status_code == 302
    rule = RetentionRule.objects.get(tenant=tenant)
    recording.refresh_from_db()
    assert recording.retain_until == datetime(2026, 4, 1, 22, 0, tzinfo=UTC)
    text = owner.get(RULES).content.decode()
    for words in ("30 days after the day of the call", "What the next run removes", "Inbound calls", "02 Mar 10:00"):
        assert words in text, words
    with django_capture_on_commit_callbacks(execute=True):
        assert owner.post(f"{RULES}{rule.pk}/change/", {"kind": "inbound", "days": "31"}).status_code == 302
    recording.refresh_from_db()
    assert recording.retain_until == datetime(2026, 4, 2, 22, 0, tzinfo=UTC)
    with django_capture_on_commit_callbacks(execute=True):
        owner.post(f"{RULES}{rule.pk}/delete/", {"post": "yes"})
    recording.refresh_from_db()
    assert recording.retain_until is None


@pytest.mark.parametrize("days", ["0", "-1", "36501", "1.5", "x"])
def test_days_that_cannot_be_are_refused(owner, days):
    assert owner.post(f"{RULES}add/", {"kind": "all", "days": days}).status_code == 200
    assert not RetentionRule.objects.exists()


def test_a_second_rule_for_the_same_calls_is_refused_in_words(owner, tenant):
    RetentionRule.objects.create(tenant=tenant, kind="all", days=5)
    answer = owner.post(f"{RULES}add/", {"kind": "all", "days": "6"})
    assert "There is a rule for these calls already." in answer.content.decode()
    assert owner.post(f"{RULES}add/", {"kind": "voicemail", "days": ""}).status_code == 302


@pytest.mark.parametrize(("role", "sees"), [("manager", 200), ("agent", 403), ("viewer", 403)])
def test_others_change_nothing(tenant, role, sees):
    rule = RetentionRule.objects.create(tenant=tenant, kind="all", days=5)
    client = signed_in(staff(tenant, role))
    assert client.get(RULES).status_code == client.get(RUNS).status_code == sees
    for address, form in ((f"{RULES}add/", {"kind": "inbound", "days": "1"}), (f"{RULES}{rule.pk}/delete/", {"post": "yes"})):
        assert client.post(address, form).status_code == 403
    client.post(f"{RULES}{rule.pk}/change/", {"kind": "all", "days": "1"})
    assert list(RetentionRule.objects.values_list("kind", "days")) == [("all", 5)]


def test_a_nights_report_is_told(owner, tenant, recording):
    retention.save_rule(RetentionRule(tenant=tenant, kind="all", days=1))
    retention.run(tenant)
    RetentionRun.objects.update(failures=0)
    text = owner.get(RUNS).content.decode()
    for words in ("Inbound calls: 1", "5\xa0bytes"):
        assert words in text, words
    RetentionRun.objects.update(finished_at=None)
    assert "Goes on" in owner.get(RUNS).content.decode()
    run = RetentionRun.objects.get()
    assert owner.get(f"{RUNS}{run.pk}/change/").status_code == 200
    assert owner.post(f"{RUNS}{run.pk}/delete/", {"post": "yes"}).status_code == 403
