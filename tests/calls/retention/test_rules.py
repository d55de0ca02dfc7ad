"""Audio is kept as long as its tenant's rules say, no longer and no shorter."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.db import IntegrityError, transaction

from calls import ledger, retention
from calls.choices import Direction, Disposition, RetentionKind
from calls.drafts import CallChanges
from calls.models import Recording, RetentionRule
from calls.tasks import keep_retention
from tests.calls.retention.keeping import audio, rule, until
from tests.make import make_call, make_recording, make_tenant

# Objects go after the commit, so the commits here are real.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("on_disk")]


def test_without_a_rule_audio_stays(tenant):
    assert audio(tenant).retain_until is None


def test_audio_is_kept_for_whole_days_after_the_day_of_the_call(tenant):
    rule(tenant, days=1)
    midnight = datetime(2026, 3, 3, 23, 0, tzinfo=UTC)  # of the 4th, in Stockholm
    assert audio(tenant, datetime(2026, 3, 1, 23, 0, tzinfo=UTC)).retain_until == midnight
    assert audio(tenant, datetime(2026, 3, 2, 22, 59, 59, tzinfo=UTC)).retain_until == midnight
    assert audio(tenant, datetime(2026, 3, 2, 23, 0, tzinfo=UTC)).retain_until == midnight + timedelta(days=1)


@pytest.mark.parametrize(
    ("zone", "began", "ends"),
    [
        ("Europe/Stockholm", datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 3, 29, 22, tzinfo=UTC)),  # a day of 23 h
        ("Europe/Stockholm", datetime(2026, 10, 24, 12, tzinfo=UTC), datetime(2026, 10, 25, 23, tzinfo=UTC)),  # one of 25 h
        ("Africa/Cairo", datetime(2026, 4, 22, 12, tzinfo=UTC), datetime(2026, 4, 23, 22, tzinfo=UTC)),  # no midnight that day
        ("Pacific/Auckland", datetime(2026, 3, 1, 12, tzinfo=UTC), datetime(2026, 3, 3, 11, tzinfo=UTC)),
        ("America/Los_Angeles", datetime(2026, 3, 2, 7, tzinfo=UTC), datetime(2026, 3, 3, 8, tzinfo=UTC)),
    ],
)
def test_days_end_at_the_tenants_midnight_whatever_its_clocks_do(zone, began, ends):
    there = make_tenant(time_zone=zone)
    before = audio(there, began)
    rule(there, days=1)
    assert until(before) == ends  # by the set
    assert audio(there, began).retain_until == ends  # by the row


def test_a_rule_for_one_kind_goes_before_the_one_for_every_call(tenant):
    kinds = {
        RetentionKind.INBOUND: audio(tenant),
        RetentionKind.OUTBOUND: audio(tenant, direction=Direction.OUTBOUND),
        RetentionKind.INTERNAL: audio(tenant, direction=Direction.INTERNAL),
        RetentionKind.VOICEMAIL: audio(tenant, disposition=Disposition.VOICEMAIL),
        RetentionKind.ALL: audio(tenant, direction=Direction.UNKNOWN),
    }
    for days, kind in enumerate(kinds, start=10):
        rule(tenant, kind, days)
    day = datetime(2026, 3, 1, 23, 0, tzinfo=UTC)
    told = {kind: until(recording) for kind, recording in kinds.items()}
    summer = {kind: (at - day) for kind, at in told.items()}
    assert summer == {kind: timedelta(days=days + 1) for days, kind in enumerate(kinds, start=10)}
    for recording in kinds.values():
        assert make_recording(recording.call).retain_until == recording.retain_until


def test_a_kind_may_be_kept_for_good_though_others_go(tenant):
    voicemail, other = audio(tenant, disposition=Disposition.VOICEMAIL), audio(tenant)
    rule(tenant)
    rule(tenant, "voicemail", None)
    assert until(voicemail) is None
    assert until(other) is not None


def test_times_follow_changed_and_dropped_rules(tenant):
    recording, whole = audio(tenant), rule(tenant, days=30)
    inbound = rule(tenant, "inbound", 10)
    first = until(recording)
    inbound.days = 20
    retention.save_rule(inbound)
    assert until(recording) == first + timedelta(days=10)
    retention.drop_rule(inbound)
    keep_retention()
    assert until(recording).date() == date(2026, 4, 1)
    retention.drop_rule(whole)
    assert until(recording) is None


def test_a_rule_counts_as_followed_only_when_no_upload_can_still_go_by_the_old_one(tenant):
    one = rule(tenant)
    assert list(RetentionRule.objects.waiting()) == [one]
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=2)):
        keep_retention()
    assert not RetentionRule.objects.waiting().exists()
    tenant.time_zone = "Asia/Tokyo"
    tenant.save()
    assert list(RetentionRule.objects.waiting()) == [one]


def test_times_follow_the_call(tenant):
    rule(tenant)
    rule(tenant, "outbound", 5)
    recording = audio(tenant)
    ledger.amend(recording.call, CallChanges(direction=Direction.OUTBOUND))
    assert until(recording) == datetime(2026, 3, 7, 23, 0, tzinfo=UTC)
    ledger.amend(recording.call, CallChanges(started_at=datetime(2026, 3, 2, 8, 0, tzinfo=UTC) - timedelta(days=1)))
    assert until(recording) == datetime(2026, 3, 6, 23, 0, tzinfo=UTC)


def test_computing_the_times_again_writes_nothing(tenant, django_assert_max_num_queries):
    recording = audio(tenant)
    rule(tenant)
    Recording.objects.filter(pk=recording.pk).update(updated_at=datetime(2026, 1, 1, tzinfo=UTC))
    with django_assert_max_num_queries(6):
        assert ledger.keep_retention(tenant)
    assert Recording.objects.get(pk=recording.pk).updated_at == datetime(2026, 1, 1, tzinfo=UTC)


def test_days_are_whole_and_sensible_and_a_kind_has_one_rule(tenant):
    for days in (0, 36_501):
        with pytest.raises(IntegrityError), transaction.atomic():
            RetentionRule.objects.create(tenant=tenant, days=days)
    rule(tenant)
    with pytest.raises(IntegrityError), transaction.atomic():
        RetentionRule.objects.create(tenant=tenant, days=5)
    rule(make_tenant(), days=36_500)
    assert audio(make_tenant(), datetime(2026, 1, 1, tzinfo=UTC)).retain_until is None  # another tenant's rules are not its own


def test_audio_of_the_end_of_time_is_kept(tenant):
    rule(tenant, days=36_500)
    call = make_call(tenant)
    call.started_at = datetime(9990, 1, 1, tzinfo=UTC)
    assert ledger.retain_until(call) is None
