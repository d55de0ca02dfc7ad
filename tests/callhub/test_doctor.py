"""``manage.py doctor`` says how every part is and fails when one is broken."""

import contextlib
import json
import os
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from callhub.models import ScheduledTask
from calls.recordings import storage
from tests import brokers
from tests.calls.recordings.conftest import s3_options, s3_server, use_disk  # noqa: F401

pytestmark = pytest.mark.django_db


@pytest.fixture
def healthy(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    use_disk(settings, tmp_path)
    (tmp_path / "beat-pulse").touch()
    ScheduledTask.objects.update(since=timezone.now(), started_at=timezone.now())
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


def silence(healthy, part):
    long_ago = timezone.now() - timedelta(minutes=5)
    if part == "worker":
        ScheduledTask.objects.update(started_at=long_ago, since=timezone.now() + timedelta(hours=1))
    else:
        os.utime(healthy / "beat-pulse", (long_ago.timestamp(), long_ago.timestamp()))


@pytest.mark.parametrize("part", ["worker", "scheduler"])
@pytest.mark.parametrize(("is_production", "advice"), [(False, "python3 manage.py up"), (True, "celery -A callhub.")])
def test_a_silent_part_is_broken_and_the_advice_fits_the_profile(healthy, settings, part, is_production, advice):
    settings.PRODUCTION = is_production
    silence(healthy, part)
    code, findings = examine()
    assert code == 1
    assert [name for name, finding in findings.items() if not finding["ok"] and name != "schedule"] == [part]
    assert advice in findings[part]["said"]


def test_a_scheduler_on_another_machine_is_seen_by_what_it_sends(healthy):
    (healthy / "beat-pulse").unlink()
    assert examine()[1]["scheduler"]["ok"]
    silence(healthy, "worker")
    assert not examine()[1]["scheduler"]["ok"]


def test_leaves_nothing_where_recordings_go(healthy):
    _, findings = examine()
    assert str(healthy / "recordings") in findings["storage"]["said"]
    assert [path for path in healthy.rglob("*") if path.is_file()] == [healthy / "beat-pulse"]


def test_a_folder_of_recordings_that_cannot_be_written_is_broken(healthy, settings):
    (healthy / "recordings").write_text("no folder")
    code, findings = examine()
    assert code == 1
    assert str(healthy / "recordings") in findings["storage"]["said"]


@pytest.mark.parametrize(("bucket", "is_ok"), [("recordings", True), ("no-such-bucket", False)])
def test_looks_into_the_bucket_where_recordings_go_there(healthy, settings, s3_server, bucket, is_ok):  # noqa: F811
    options = s3_options(s3_server, "recordings")
    settings.STORAGES = on_bucket(settings, options)
    with contextlib.suppress(storage.keeper().client.exceptions.BucketAlreadyOwnedByYou):
        storage.keeper().client.create_bucket(Bucket="recordings")
    settings.STORAGES = on_bucket(settings, {**options, "bucket_name": bucket})
    code, findings = examine()
    assert findings["storage"]["ok"] == is_ok
    assert f"the bucket {bucket}" in findings["storage"]["said"]
    assert not list(storage.keeper().keys_before(timezone.now())) if is_ok else code == 1


def on_bucket(settings, options):
    backend = {"BACKEND": "calls.recordings.storage.bucket.BucketKeeper", "OPTIONS": options}
    return {**settings.STORAGES, "recordings": backend}


@pytest.mark.requires("redis")
def test_a_shared_cache_that_is_away_is_broken(healthy, settings):
    with brokers.running("redis") as server:
        settings.CACHES = {"default": {"BACKEND": "callhub.cache.SharedCache", "LOCATION": server.url}}
        assert examine()[1]["cache"] == {"name": "cache", "ok": True, "said": "Redis, shared"}
        server.stop()
        code, findings = examine()
    assert code == 1
    assert "CALLHUB_CACHE_URL" in findings["cache"]["said"]


def test_overdue_tasks_are_named(healthy):
    an_hour_ago = timezone.now() - timedelta(hours=1)
    ScheduledTask.objects.filter(pk__in=["relink", "uploads"]).update(since=an_hour_ago, started_at=an_hour_ago)
    code, findings = examine()
    assert code == 1
    assert findings["schedule"]["said"].startswith("overdue: relink, uploads")
