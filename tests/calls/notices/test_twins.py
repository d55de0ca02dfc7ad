"""Mails are sent once by any number of twins, and at least once by workers that are killed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from calls import notices
from calls.choices import Disposition
from calls.models import Notice
from contacts.matching import AgentHint
from tenants.models import Tenant
from tests.calls.test_ledger_races import all_at_once
from tests.calls.uploads.server import killed_at
from tests.make import make_agent, make_call, make_tenant, make_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def tenant():
    tenant = make_tenant(time_zone="UTC", digest_hour=0)
    agent = make_agent(tenant, email="bo@example.com", mails_missed_calls=True)
    make_user(tenant, email="owner@example.com")
    hint = AgentHint(id=str(agent.pk))
    make_call(tenant, seconds=5, started_at=timezone.now() - timedelta(minutes=1), disposition=Disposition.NO_ANSWER, agent=hint)
    return tenant


def test_twins_write_each_mail_once(tenant):
    all_at_once(lambda _: notices.find(), times=6)
    assert sorted(Notice.objects.values_list("kind", flat=True)) == ["digest", "missed_call"]
    assert Tenant.objects.get(pk=tenant.pk).digest_on == timezone.now().date()


def test_twins_send_each_mail_once(tenant):
    notices.find()
    key = str(Notice.objects.get(kind="missed_call").pk)
    results = all_at_once(lambda _: notices.send(key), times=6)
    assert sorted(results) == [False] * 5 + [True]
    assert len(mail.outbox) == 1


def test_a_worker_killed_between_mail_and_mark_sends_it_again(tenant, settings, tmp_path):
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path)
    notices.find()
    notice = Notice.objects.get(kind="missed_call")
    killed_at("notice.mailed", lambda: notices.send(str(notice.pk)))
    notice.refresh_from_db()
    assert (notice.sent_at, notice.attempts) == (None, 1)
    assert str(notice.pk) not in notices.due()  # somebody may still be at it
    Notice.objects.filter(pk=notice.pk).update(due_at=timezone.now())  # the lease is over
    assert notices.send(str(notice.pk))
    letters = "".join(path.read_text() for path in tmp_path.iterdir())
    assert letters.count(f"Message-ID: <{notice.pk}@callhub>") == 2
    assert not notices.send(str(notice.pk))
