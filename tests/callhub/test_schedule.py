"""Scheduled tasks: one list that is in order, what their runs left behind, and the operators' page of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from celery import shared_task, signals
from celery.app.trace import build_tracer
from django.urls import reverse
from django.utils import timezone

from callhub import runs, schedule
from callhub.celery import app
from callhub.models import RunResult, ScheduledTask
from tests.make import make_operator, make_tenant
from tests.tenants.admin_walk import signed_in, staff

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
PAGE = "admin:callhub_scheduledtask"


@pytest.fixture(autouse=True)
def _fresh():
    runs.forget()
    ScheduledTask.objects.all().delete()
    schedule.keep_rows()
    yield
    runs.forget()


@shared_task(name="tests.works", ignore_result=True)
def works():
    """Do nothing."""


@shared_task(name="tests.breaks", ignore_result=True)
def breaks():
    """Break."""
    raise ValueError("no line for 0701234567\nDETAIL: secret")


@pytest.fixture
def scheduled(settings):
    """Both tasks of ours, in the schedule."""
    lines = {"works": {"task": "tests.works", "schedule": 1.0}, "breaks": {"task": "tests.breaks", "schedule": 60.0}}
    settings.CELERY_BEAT_SCHEDULE = lines
    schedule.keep_rows()
    return lines


def run(task):
    """Run a task as a worker does."""
    build_tracer(task.name, task, app=app)(f"id of {task.name}", [], {}, request={"is_eager": False})


def test_every_task_is_scheduled_or_rung(settings):
    own = [problem for problem in schedule.problems() if "tests." not in problem]
    assert own == []


def test_a_list_that_is_not_in_order_is_told(settings):
    lines = dict(settings.CELERY_BEAT_SCHEDULE)
    del lines["uploads"]
    lines["ghost"] = {"task": "calls.no_such_task", "schedule": 1.0}
    lines["again"] = {"task": "callhub.pulse", "schedule": 1.0}
    lines["wanting"] = {"task": "calls.place_call", "schedule": 1.0}
    settings.CELERY_BEAT_SCHEDULE = lines
    said = "\n".join(schedule.problems())
    assert "calls.expire_uploads takes no arguments and is not in the schedule" in said
    assert "calls.no_such_task, which does not exist" in said
    assert "callhub.pulse is in the schedule 2 times" in said
    assert "calls.place_call is in the schedule and wants arguments" in said


def test_rows_follow_the_schedule(settings, scheduled):
    assert list(ScheduledTask.objects.values_list("pk", flat=True)) == ["breaks", "works"]
    settings.CELERY_BEAT_SCHEDULE = {"works": scheduled["works"]}
    schedule.keep_rows()
    assert list(ScheduledTask.objects.values_list("pk", flat=True)) == ["works"]


def test_a_run_is_kept_with_its_result(scheduled):
    run(works)
    run(breaks)
    good, bad = ScheduledTask.objects.get(pk="works"), ScheduledTask.objects.get(pk="breaks")
    assert (good.result, good.error, good.of_last_day(RunResult.OK)) == ("ok", "", 1)
    assert timezone.now() - good.started_at < timedelta(minutes=5)
    assert good.duration_ms is not None
    assert (bad.result, bad.of_last_day(RunResult.FAILED)) == ("failed", 1)
    assert bad.error == "ValueError: no line for …"


def test_a_task_of_every_second_does_not_write_every_second(scheduled, django_assert_num_queries, monkeypatch):
    run(works)
    with django_assert_num_queries(0):
        for _ in range(50):
            run(works)
    assert ScheduledTask.objects.get(pk="works").of_last_day(RunResult.OK) == 1
    monkeypatch.setattr(runs, "WRITTEN_EVERY", 0.0)
    run(works)
    assert ScheduledTask.objects.get(pk="works").of_last_day(RunResult.OK) == 52


def test_a_failure_and_the_success_after_it_are_written_at_once(scheduled):
    for result in (RunResult.OK, RunResult.FAILED, RunResult.FAILED, RunResult.OK):
        runs.note("tests.works", result, started_at=timezone.now())
        assert ScheduledTask.objects.get(pk="works").result == result
    row = ScheduledTask.objects.get(pk="works")
    assert (row.of_last_day(RunResult.OK), row.of_last_day(RunResult.FAILED)) == (2, 2)


def test_a_message_that_nobody_took_in_time_is_skipped_and_no_run(scheduled):
    signals.task_revoked.send(sender=works, request=None, terminated=False, signum=None, expired=True)
    row = ScheduledTask.objects.get(pk="works")
    assert (row.result, row.started_at, row.of_last_day(RunResult.SKIPPED)) == ("skipped", None, 1)


def test_tasks_that_are_rung_leave_nothing(scheduled, django_assert_num_queries):
    with django_assert_num_queries(0):
        runs.note("calls.place_call", RunResult.OK, started_at=timezone.now())


def test_figures_of_more_than_a_day_ago_are_forgotten(scheduled):
    row = ScheduledTask.objects.get(pk="works")
    with time_machine.travel(NOON, tick=False) as clock:
        row.count(RunResult.OK, 7, timezone.now())
        clock.shift(timedelta(hours=23))
        assert row.of_last_day(RunResult.OK) == 7
        clock.shift(timedelta(hours=1))
        assert row.of_last_day(RunResult.OK) == 0
        row.count(RunResult.OK, 1, timezone.now())
    assert len(row.hours) == 1


@pytest.mark.parametrize(
    ("key", "last", "due"),
    [
        ("uploads", NOON, NOON + timedelta(seconds=60)),
        ("idempotency", NOON, datetime(2026, 3, 3, 2, 10, tzinfo=UTC)),
        ("idempotency", NOON - timedelta(days=2), datetime(2026, 3, 1, 2, 10, tzinfo=UTC)),
    ],
)
def test_when_a_task_is_due_next(key, last, due):
    with time_machine.travel(NOON, tick=False):
        row, entry = ScheduledTask(id=key, started_at=last), schedule.entries()[key]
        assert schedule.next_due(row, entry) == due
        assert schedule.is_overdue(row, entry) is (due < NOON)


def test_one_that_never_ran_is_overdue_after_a_while():
    ScheduledTask.objects.filter(pk="pulse").update(since=timezone.now() - timedelta(minutes=5))
    assert schedule.overdue() == ["pulse"]
    ScheduledTask.objects.filter(pk="pulse").update(started_at=timezone.now())
    assert schedule.overdue() == []


# The page


def test_the_page_tells_each_task_in_words():
    ScheduledTask.objects.filter(pk="uploads").update(started_at=timezone.now() - timedelta(hours=2), result="ok", duration_ms=40)
    ScheduledTask.objects.filter(pk="pulse").update(started_at=timezone.now(), result="failed", error="OSError: disk full")
    text = signed_in(make_operator()).get(reverse(f"{PAGE}_changelist")).content.decode()
    for words in ("End uploads whose time is over", "every minute", "0.04 s", "Overdue: uploads", "OSError: disk full"):
        assert words in text, words
    assert "daily at 02:10 UTC" in text


def test_the_page_costs_the_same_however_many_there_are(settings, django_assert_max_num_queries):
    client = signed_in(make_operator())
    lines = {f"line-{n}": {"task": f"tests.task_{n}", "schedule": 60.0} for n in range(50)}
    for task in lines.values():
        app.tasks[task["task"]] = works
    try:
        for known in (dict(list(lines.items())[:2]), lines):
            settings.CELERY_BEAT_SCHEDULE = known
            schedule.keep_rows()
            with django_assert_max_num_queries(12):
                assert client.get(reverse(f"{PAGE}_changelist")).status_code == 200
    finally:
        for task in lines.values():
            del app.tasks[task["task"]]


def test_run_now_rings_for_the_task(monkeypatch, django_capture_on_commit_callbacks):
    rung = []
    monkeypatch.setattr("callhub.schedule_admin.ring", lambda task: rung.append(task.name))
    client, address = signed_in(make_operator()), reverse(f"{PAGE}_run_now", args=["uploads"])
    assert "Run “uploads” now?" in client.get(address).content.decode()
    assert rung == []
    answer = client.post(address, follow=True)
    assert rung == ["calls.expire_uploads"]
    assert "was told to run “uploads”" in answer.content.decode()


def test_a_tenants_staff_see_and_run_nothing(monkeypatch):
    monkeypatch.setattr("callhub.schedule_admin.ring", lambda task: pytest.fail("rung"))
    client = signed_in(staff(make_tenant(), "owner"))
    assert client.get(reverse(f"{PAGE}_changelist")).status_code == 403
    assert client.get(reverse(f"{PAGE}_change", args=["uploads"])).status_code in (302, 403)
    assert client.post(reverse(f"{PAGE}_run_now", args=["uploads"])).status_code == 403
    assert "scheduledtask" not in client.get(reverse("admin:index")).content.decode()
