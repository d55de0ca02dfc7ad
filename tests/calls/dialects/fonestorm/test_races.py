"""Many at once: a number's first use, one Idempotency-Key."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from calls.models import Call, Line
from tests.calls.dialects.fonestorm.asking import call
from tests.make import make_token

pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE = 8  # within the ten requests of a second


@pytest.fixture
def secret(acme, ann):
    return make_token(acme, ann)


def answers(secret: str, **more: Any) -> list[Any]:
    """What each of as many callers is told."""

    def one(_: int) -> Any:
        try:
            return call(Client(), secret, **more)
        finally:
            connection.close()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, range(AT_ONCE)))


def test_a_number_is_adopted_once(secret):
    assert Counter(answer.status_code for answer in answers(secret)) == {201: AT_ONCE}
    assert Line.objects.count() == 1
    assert Call.objects.count() == AT_ONCE


def test_one_key_is_one_call(secret):
    told = answers(secret, headers={"Idempotency-Key": "order-1"})
    assert Counter(answer.status_code for answer in told) == {201: AT_ONCE}
    assert len({answer.content for answer in told}) == Call.objects.count() == 1
