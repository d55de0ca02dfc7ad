"""The schedule as data: what runs when, when it is due next, and whether the list itself is in order.

``CELERY_BEAT_SCHEDULE`` is the one list. A task that takes no arguments belongs into it, unless it says that it is only rung
for (``is_rung=True``); any other is rung for.
"""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from celery import Task
from celery.schedules import BaseSchedule, crontab, maybe_schedule
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext, ngettext

from callhub.celery import app
from callhub.models import ScheduledTask

LATE = timedelta(seconds=60)  # a busy worker is not yet a dead one
LATE_AT_NIGHT = timedelta(minutes=15)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the schedule."""

    key: str
    task: str
    schedule: BaseSchedule

    @property
    def interval(self) -> timedelta | None:
        """How long between two runs; None for one at a time of the day."""
        return None if isinstance(self.schedule, crontab) else self.schedule.run_every

    @property
    def grace(self) -> timedelta:
        """How late a run may be before somebody should look."""
        return max(LATE, 2 * self.interval) if self.interval else LATE_AT_NIGHT

    @property
    def in_words(self) -> str:
        """How often it runs."""
        if self.interval is None:
            hour, minute = (min(times) for times in (self.schedule.hour, self.schedule.minute))
            return gettext("daily at %(time)s UTC") % {"time": f"{hour:02}:{minute:02}"}
        seconds = int(self.interval.total_seconds())
        if seconds >= 3600 and seconds % 3600 == 0:
            return ngettext("every hour", "every %(n)s hours", seconds // 3600) % {"n": seconds // 3600}
        if seconds >= 60 and seconds % 60 == 0:
            return ngettext("every minute", "every %(n)s minutes", seconds // 60) % {"n": seconds // 60}
        return ngettext("every second", "every %(n)s seconds", seconds) % {"n": seconds}


def entries() -> dict[str, Entry]:
    """The schedule by name."""
    return {
        key: Entry(key=key, task=line["task"], schedule=maybe_schedule(line["schedule"], app=app))
        for key, line in settings.CELERY_BEAT_SCHEDULE.items()
    }


def task_of(entry: Entry) -> Task:
    """The task itself."""
    app.loader.import_default_modules()
    task: Task = app.tasks[entry.task]
    return task


def words_of(entry: Entry) -> str:
    """What an entry does, in its task's own words."""
    return " ".join((task_of(entry).run.__doc__ or "").split())


def keep_rows() -> None:
    """Have one row per entry of the schedule and none besides."""
    wanted = entries()
    rows = [ScheduledTask(id=entry.key, task=entry.task) for entry in wanted.values()]
    for row in ScheduledTask.objects.all():
        if row.id not in wanted or row.task != wanted[row.id].task:
            row.delete()
    ScheduledTask.objects.bulk_create(rows, ignore_conflicts=True)


def next_due(row: ScheduledTask, entry: Entry, now: datetime | None = None) -> datetime:
    """When it should run next, counted from its last run, or from when it came into the schedule."""
    now = now or timezone.now()
    last: datetime = row.started_at or row.since
    if entry.interval is not None:
        return last + entry.interval
    remaining: timedelta = entry.schedule.remaining_estimate(last)
    return now + remaining


def is_overdue(row: ScheduledTask, entry: Entry, now: datetime | None = None) -> bool:
    """Whether it should have run by now, with some patience."""
    now = now or timezone.now()
    return next_due(row, entry, now) + entry.grace < now


def overdue() -> list[str]:
    """The names of those that should have run by now."""
    known = entries()
    return [row.id for row in ScheduledTask.objects.all() if row.id in known and is_overdue(row, known[row.id])]


def problems() -> Iterator[str]:
    """What is wrong with the list: unknown tasks, tasks twice, tasks without arguments that nobody rings or schedules."""
    app.loader.import_default_modules()
    scheduled = Counter(line["task"] for line in settings.CELERY_BEAT_SCHEDULE.values())
    ours = {name: task for name, task in app.tasks.items() if not name.startswith("celery.")}
    for name in sorted(scheduled.keys() - ours.keys()):
        yield f"The schedule names the task {name}, which does not exist."
    for name, times in scheduled.items():
        if times > 1:
            yield f"The task {name} is in the schedule {times} times."
    for name, task in sorted(ours.items()):
        takes_nothing = not inspect.signature(task.run).parameters
        if takes_nothing and name not in scheduled and not getattr(task, "is_rung", False):
            yield f"The task {name} takes no arguments and is not in the schedule, so nothing ever runs it."
        if not takes_nothing and name in scheduled:
            yield f"The task {name} is in the schedule and wants arguments."
        if not (task.run.__doc__ or "").strip():
            yield f"The task {name} does not say what it does."
