"""The address at which an exchange fetches what a call says."""

from __future__ import annotations

import io
import wave
from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine
from django.utils import timezone

from calls import dialer
from calls.choices import OriginationState
from calls.models import Origination
from calls.telephony.base import TelephonyError
from calls.telephony.speech import Espeak
from calls.telephony.web_sounds import LASTS_S, PATH, WebSounds, read_token
from tests.calls.dialer.ordering import order
from tests.make import make_agent, make_line, make_tenant

pytestmark = pytest.mark.django_db

BASE = "http://callhub.example:8000/"


def wav(seconds: float = 0.1) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1), file.setsampwidth(2), file.setframerate(8000)
        file.writeframes(b"\1\2" * int(8000 * seconds))
    return out.getvalue()


@pytest.fixture
def says(monkeypatch) -> list[tuple[str, str]]:
    """What the speech engine was asked for."""
    asked: list[tuple[str, str]] = []
    monkeypatch.setattr(Espeak, "say", lambda self, text, language: asked.append((text, language)) or wav())
    return asked


@pytest.fixture
def row(db) -> Origination:
    tenant = make_tenant()
    line = make_line(tenant, "210", agent=make_agent(tenant), is_phone_terminal=True)
    return dialer.place(tenant, order(line, "+46701234567", sources=(), message="Hello."))


def address(order_id) -> str:
    return WebSounds(BASE).media(order_id).removeprefix(f"sound:{BASE.rstrip('/')}")


def test_exchange_gets_the_message_and_may_keep_it(client, row, says):
    answer = client.get(address(row.pk))
    assert (answer.status_code, answer["Content-Type"], answer["Cache-Control"]) == (
        200,
        "audio/x-wav",
        f"private, max-age={LASTS_S}",
    )
    with wave.open(io.BytesIO(answer.content)) as file:
        assert (file.getframerate(), file.getnframes()) == (8000, 800)
    assert says == [("Hello.", "en")]


@pytest.mark.parametrize("broken", ["forged", "expired", "other", "over"])
def test_nobody_else_gets_it(client, row, says, broken):
    path = address(uuid4() if broken == "other" else row.pk)
    if broken == "forged":
        path = path.replace(row.pk.hex, uuid4().hex)
    if broken == "over":
        Origination.objects.update(state=OriginationState.ENDED, disposition="answered", ended_at=timezone.now())
    with time_machine.travel(timezone.now() + timedelta(seconds=2 * LASTS_S if broken == "expired" else 0)):
        assert client.get(path).status_code == 404
    assert not says


@pytest.mark.parametrize("token", ["x", "x.y.z", "%00", "ä", "." * 500, "-"])
def test_what_nobody_signed_is_not_found(client, token, db):
    assert client.get(f"/{PATH}{token}/message.wav").status_code == 404


def test_it_is_only_read(client, row, says):
    assert client.post(address(row.pk)).status_code == 405


def test_engine_that_fails_is_no_crash(client, row, monkeypatch):
    def fail(self, text, language):
        raise TelephonyError("the speech engine failed", permanent=False)

    monkeypatch.setattr(Espeak, "say", fail)
    assert client.get(address(row.pk)).status_code == 503


def test_address_is_longer_than_any_folder_and_of_one_call():
    one, other = uuid4(), uuid4()
    assert len(WebSounds("http://a").media(one)) > 300
    assert WebSounds(BASE).media(one) != WebSounds(BASE).media(other)
    assert "," not in WebSounds(BASE).media(one)  # the interface takes it for several


def test_signed_order_is_read_back():
    order_id = uuid4()
    token = WebSounds(BASE).media(order_id).split("/")[-2]
    assert read_token(token) == order_id
