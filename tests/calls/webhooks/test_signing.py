"""Signatures: ours are those of Standard Webhooks, by its own vector and in the eyes of its reference library."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from standardwebhooks import Webhook, WebhookVerificationError

from calls.webhooks.signing import signature_headers

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"test": 2432232314}'
pytestmark = pytest.mark.once


def test_signs_the_published_vector_as_published():
    """The example that the reference libraries of all languages share."""
    now = datetime.fromtimestamp(1614265330, UTC)
    headers = signature_headers("msg_p5jXN8AQM9LWM0D4loKWxJek", BODY, [SECRET], now)
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_either_of_two_secrets_verifies_and_no_other():
    headers = signature_headers("msg_1", BODY, [SECRET, "whsec_c2Vjb25kLXNlY3JldC0zMi1ieXRlcy1sb25nLi4u"], timezone.now())
    for secret in (SECRET, "whsec_c2Vjb25kLXNlY3JldC0zMi1ieXRlcy1sb25nLi4u"):
        assert Webhook(secret).verify(BODY, headers) == {"test": 2432232314}
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "YWJj" * 8).verify(BODY, headers)


@pytest.mark.parametrize("change", [{"webhook-id": "msg_2"}, {"webhook-timestamp": "1"}])
def test_what_is_changed_on_the_way_does_not_verify(change):
    headers = signature_headers("msg_1", BODY, [SECRET], timezone.now())
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(BODY, {**headers, **change})
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(BODY + b" ", headers)


def test_what_is_sent_again_after_five_minutes_is_refused():
    headers = signature_headers("msg_1", BODY, [SECRET], timezone.now() - timedelta(minutes=6))
    with pytest.raises(WebhookVerificationError, match="too old"):
        Webhook(SECRET).verify(BODY, headers)


def test_a_message_without_a_body_and_one_beyond_ascii_are_signed():
    for body in (b"", "ä😀".encode()):
        headers = signature_headers("msg_1", body, [SECRET], timezone.now())
        Webhook(SECRET).verify(body, headers, json_parse=False)
