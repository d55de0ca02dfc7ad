"""``manage.py doctor`` says how every part is and fails when one is broken."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from callhub.models import ScheduledTask

pytestmark = pytest.mark.django_db


@pytest.fixture
def healthy(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    settings.STORAGES = {**settings.STORAGES, "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path / "media"},
    }}  # fmt: skip
    (tmp_path / "worker-pulse").touch()
    (tmp_path / "beat-pulse").touch()
    ScheduledTask.objects.update(since=timezone.now())
    return tmp_path


def examine():
    out = StringIO()
    try:
        call_command("doctor", "--json", stdout=out)
        code = 0
    except SystemExit as ended:
        code = ended.code
    return code, {finding["name"]: finding for finding in json.loads(out.getvalue())}


def test_all_is_well(healthy):
    code, findings = examine()
    assert code == 0, findings
    assert list(findings) == ["database", "migrations", "cache", "broker", "worker", "scheduler", "schedule", "storage", "clock"]


def test_a_silent_worker_is_broken(healthy):
    (healthy / "worker-pulse").unlink()
    code, findings = examine()
    assert code == 1
    assert not findings["worker"]["ok"]
    assert "manage.py up" in findings["worker"]["said"]


def test_overdue_tasks_are_named(healthy):
    ScheduledTask.objects.filter(pk__in=["relink", "uploads"]).update(since=timezone.now() - timedelta(hours=1))
    code, findings = examine()
    assert code == 1
    assert findings["schedule"]["said"].startswith("overdue: relink, uploads")
