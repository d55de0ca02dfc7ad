"""The admin speaks each person's language; every other door speaks English, whatever it is asked in."""

from __future__ import annotations

import importlib
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.conf import settings
from django.core import mail
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import translation

from callhub.kept import in_words
from calls import notices
from calls.choices import Disposition, EndpointState
from calls.dialects.urls import DIALECTS
from calls.tasks import notify_people
from calls.webhooks import notices as webhook_notices
from contacts.matching import AgentHint
from tenants.models import Membership, OwnMembership, User
from tests.make import make_agent, make_call, make_endpoint, make_tenant, make_token, make_user
from tests.tenants.admin_walk import signed_in, staff
from tests.test_isolation import ROUTES

GERMAN = {"HTTP_ACCEPT_LANGUAGE": "de-AT,de;q=0.9,en;q=0.1"}
pytestmark = pytest.mark.django_db


# The admin


def test_a_page_is_in_the_browsers_language_and_says_so():
    client = signed_in(staff(make_tenant(), "owner"))
    answer = client.get(reverse("admin:calls_call_changelist"), **GERMAN)
    assert '<html lang="de" dir="ltr"' in answer.content.decode()
    assert "Anrufe von heute" in answer.content.decode()
    assert answer.headers["Content-Language"] == "de"
    assert "Accept-Language" in answer.headers["Vary"]


def test_signing_in_is_offered_in_the_browsers_language():
    assert "Passwort" in Client().get(reverse("admin:login"), **GERMAN).content.decode()


def test_a_language_there_are_no_texts_in_is_answered_in_english():
    answer = Client().get(reverse("admin:login"), HTTP_ACCEPT_LANGUAGE="tlh, fr;q=0.5")
    assert answer.headers["Content-Language"] == "en"


@pytest.mark.parametrize(("chosen", "asked", "heading"), [("de", "en", "Anrufe von heute"), ("en", "de", "Calls of today")])
def test_what_a_person_chose_comes_before_what_the_browser_asks_for(chosen, asked, heading):
    client = signed_in(staff(make_tenant(), "viewer", language=chosen))
    answer = client.get(reverse("admin:calls_call_changelist"), HTTP_ACCEPT_LANGUAGE=asked)
    assert heading in answer.content.decode()


def test_a_language_that_is_gone_is_left_to_the_browser():
    client = signed_in(staff(make_tenant(), "viewer", language="xx"))
    assert "Anrufe von heute" in client.get(reverse("admin:calls_call_changelist"), **GERMAN).content.decode()


def test_a_german_page_leaves_nothing_german_behind():
    client = signed_in(staff(make_tenant(), "owner"))
    client.get(reverse("admin:index"), **GERMAN)
    assert translation.get_language() == settings.LANGUAGE_CODE
    assert b'lang="en"' in client.get(reverse("admin:index")).content


def test_everybody_chooses_their_own_language():
    tenant = make_tenant()
    user = staff(tenant, "viewer")
    page = reverse("admin:tenants_ownmembership_change", args=[OwnMembership.objects.get(user=user).pk])
    client = signed_in(user)
    assert client.post(page, {"language": "de", "time_zone": "Asia/Tokyo", "mails_warnings": "on"}).status_code == 302
    user.refresh_from_db()
    assert (user.language, user.time_zone) == ("de", "Asia/Tokyo")
    assert "Sprache" in client.get(page).content.decode()


def test_nobody_chooses_a_language_there_are_no_texts_in():
    user = staff(make_tenant(), "viewer")
    page = reverse("admin:tenants_ownmembership_change", args=[OwnMembership.objects.get(user=user).pk])
    assert "Select a valid choice" in signed_in(user).post(page, {"language": "tlh"}).content.decode()
    assert User.objects.get(pk=user.pk).language == ""


def test_an_owner_chooses_a_language_for_a_member():
    tenant = make_tenant()
    client, member = signed_in(staff(tenant, "owner")), staff(tenant, "agent", username="nils")
    page = reverse("admin:tenants_membership_change", args=[Membership.objects.get(user=member).pk])
    assert client.post(page, {"role": "agent", "language": "de", "is_staff": "on"}).status_code == 302
    assert User.objects.get(username="nils").language == "de"


def test_times_are_written_as_the_language_does():
    tenant = make_tenant(time_zone="UTC")
    make_call(tenant, started_at=datetime(2025, 11, 3, 14, 5, tzinfo=UTC))
    client = signed_in(staff(tenant, "owner"))
    page = reverse("admin:calls_call_changelist") + "?period=all"
    assert ">03 Nov 2025 14:05</time>" in client.get(page).content.decode()
    assert ">03.11.2025 14:05</time>" in client.get(page, **GERMAN).content.decode()


@pytest.mark.once
def test_every_language_writes_every_kind_of_time():
    names = [name for name in dir(importlib.import_module("callhub.formats.en.formats")) if name.endswith("_FORMAT")]
    for language, _name in settings.LANGUAGES:
        formats = importlib.import_module(f"callhub.formats.{language}.formats")
        own = [name for name in names if not hasattr(importlib.import_module("django.conf.global_settings"), name)]
        assert len(own) > 3
        assert [name for name in own if not hasattr(formats, name)] == []


def test_what_was_kept_in_english_is_told_in_the_readers_language():
    with translation.override("de"):
        assert in_words("It answered 503.") == "Er hat mit 503 geantwortet."
        told = in_words("Nothing has arrived for five days. The last error: The certificate has expired.")
        assert told == "Seit fünf Tagen ist nichts angekommen. Der letzte Fehler: Das Zertifikat ist abgelaufen."
        assert in_words("No sentence of ours.") == "No sentence of ours."
    assert in_words("It answered 503.") == "It answered 503."


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        ("callhub could not send it (KeyError).", "callhub konnte die Nachricht nicht senden (KeyError)."),
        ("The address is callhub's own.", "Die Adresse gehört zu callhub selbst."),
        ("What came back is not an HTTP answer.", "Was zurückkam, ist keine HTTP-Antwort."),
    ],
)
def test_errors_of_attempts_are_read_in_german(stored, read):
    with translation.override("de"):
        assert in_words(stored) == read


# The other doors


@pytest.mark.once
@pytest.mark.slow
@pytest.mark.timeout(600)  # several hundred requests
def test_every_other_door_answers_the_same_in_any_language():
    tenant = make_tenant()
    bearer = {"HTTP_AUTHORIZATION": f"Bearer {make_token(tenant)}"}
    prefixes = tuple(f"/{dialect.DIALECT.name}/" for dialect in DIALECTS)
    for form, names in ROUTES:
        if form.startswith(prefixes):
            continue  # the very same doors as without
        address = form % dict.fromkeys(names, "0190d3b0-0000-7000-8000-000000000000")
        for method, body in (("get", None), ("post", {"started_at": "never", "direction": "sideways"})):
            plain, german = (_answer(method, address, body, {**bearer, **asked}) for asked in ({}, GERMAN))
            assert plain == german, (method, address)


def test_refusals_of_our_api_are_in_english():
    client = Client(HTTP_AUTHORIZATION=f"Bearer {make_token(make_tenant())}", **GERMAN)
    answer = client.post("/api/v1/calls/", {"direction": "sideways"}, content_type="application/json")
    assert answer.status_code == 400
    assert "Choose one of: " in answer.content.decode()


def _answer(method, address, body, headers):
    """What comes back, as if nobody had asked before."""
    cache.clear()
    with time_machine.travel(datetime(2026, 3, 2, 12, 0, tzinfo=UTC), tick=False), transaction.atomic():
        client = Client(raise_request_exception=False)
        told = {"data": body, "content_type": "application/json"} if body is not None else {}
        answer = getattr(client, method)(address, **told, **headers)
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        transaction.set_rollback(True)
    return answer.status_code, content, {name: answer.headers.get(name) for name in ("Content-Type", "Content-Language", "Vary")}


# Mails


def test_a_mail_is_in_its_readers_language():
    tenant = make_tenant(time_zone="UTC")
    people = [staff(tenant, "agent", username=name, email=f"{name}@example.com", language=name[:2]) for name in ("de1", "en1")]
    noon = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
    with time_machine.travel(noon, tick=False):
        for person in people:
            Membership.objects.filter(user=person).update(mails_missed_calls=True)
            hint = AgentHint(id=str(make_agent(tenant, user=person).pk))
            facts = {"seconds": 20, "disposition": Disposition.NO_ANSWER, "agent": hint}
            make_call(tenant, "+46701234567", started_at=noon - timedelta(minutes=2), **facts)
        notices.find()
        notify_people()
    said = {message.to[0]: message for message in mail.outbox}
    assert said["de1@example.com"].subject == "Entgangener Anruf von +46701234567"
    assert "Wann: Mo 02.03.2026 11:58" in said["de1@example.com"].body
    assert said["en1@example.com"].subject == "Missed call from +46701234567"
    assert "When: Mon 02 Mar 2026 11:58" in said["en1@example.com"].body


def test_owners_are_told_each_in_their_language_that_an_endpoint_was_disabled():
    tenant = make_tenant()
    for language in ("de", "en"):
        make_user(tenant, email=f"{language}@example.com", language=language)
    endpoint = make_endpoint(tenant, state=EndpointState.DISABLED, is_notice_due=True)
    assert webhook_notices.tell_disabled(str(endpoint.pk))
    said = {message.to[0]: message.body.split()[0] for message in mail.outbox}
    assert said == {"de@example.com": "Der", "en@example.com": "The"}
