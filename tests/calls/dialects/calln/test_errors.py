"""How CallN says no: one text, in the body and in the status line, which never breaks it."""

from __future__ import annotations

import pytest

from calls.dialects.base import Refusal
from calls.dialects.calln import DIALECT


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("SSL must be used", "SSL must be used"),
        ("one\r\nSet-Cookie: a=b", "one Set-Cookie: a=b"),
        ("a “word” – in Åre", 'a "word" in re'),
        ("x" * 500, "x" * 200),
        ("\0\x7f\t", ""),
    ],
)
def test_the_reason_is_the_message_made_safe_for_a_status_line(text, reason):
    answer = DIALECT.refuse(Refusal(400, "invalid", text))
    assert " ".join(answer.reason_phrase.split()) == reason
    assert answer.reason_phrase.isascii()
    assert answer.reason_phrase.isprintable()


@pytest.mark.django_db
def test_addresses_of_its_own_that_lead_nowhere_speak_its_words(client):
    answer = client.get("/api/v2/nothing")
    assert (answer.status_code, answer.reason_phrase) == (404, "There is nothing at this address.")
    assert answer.json() == {"message": "There is nothing at this address."}
