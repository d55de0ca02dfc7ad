"""Many at once, through the door: the quota, one ticket, a poller."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from calls.models import Call, Upload
from tenants.models import DepositMonth
from tests.calls.dialects.calln.asking import announce, ask, call_body, listed, send, speech
from tests.calls.recordings.conftest import on_disk
from tests.make import make_call, make_tenant, make_token, make_user

__all__ = ["on_disk"]
pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE = 24  # connections; PostgreSQL has a hundred for everybody


def all_of(work: Callable[[int], Any], times: int) -> list[Any]:
    """What each of so many tries came to, ``AT_ONCE`` of them at a time."""

    def one(number: int) -> Any:
        try:
            return work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, range(times)))


@pytest.fixture
def secret(acme, ann):
    return make_token(acme, ann)


def test_200_posts_at_the_limit_minus_one_let_one_through(acme, secret):
    acme.monthly_deposits = 3
    acme.save()
    for _ in range(2):
        announce(Client(), password=secret)
    answers = all_of(lambda _: ask(Client(), "POST", "/api/call", call_body(), password=secret), 200)
    assert Counter(answer.status_code for answer in answers) == {200: 1, 403: 199}
    assert {answer.reason_phrase for answer in answers} == {"OK", "account has reached monthly deposit quota of 3"}
    assert Upload.objects.count() == DepositMonth.objects.get().used == 3


def test_of_many_last_chunks_one_makes_the_call(secret):
    key, audio = announce(Client(), password=secret), speech()
    answers = all_of(lambda _: send(Client(), key, audio, password=secret), 24)
    outcomes = Counter(answer.status_code for answer in answers)
    assert outcomes[200] >= 1
    assert set(outcomes) <= {200, 404, 503}  # 503: the same chunk came again while it was put together
    assert Call.objects.count() == 1


def test_a_poller_misses_no_call_while_many_are_logged(acme, secret):
    def work(number: int) -> list[int]:
        if number % 4:
            make_call(acme)
            return []
        seen: list[int] = []
        for _ in range(6):
            seen += [item["id"] for item in listed(Client(), f"afterid={max(seen, default=0)}&maxresults=1000", password=secret)]
        return seen

    polls = [seen for seen in all_of(work, 80) if seen]
    everything = [item["id"] for item in listed(Client(), "maxresults=1000", password=secret)]
    assert len(everything) == 60
    for seen in polls:
        assert seen == everything[: len(seen)]


def test_readers_of_a_reseller_and_its_clients_number_together(acme, secret):
    clients = [make_tenant(f"client-{n}", parent=acme) for n in range(3)]
    users = [make_user(client, username=f"user-of-{client.slug}") for client in clients]
    secrets = [make_token(client, user) for client, user in zip(clients, users, strict=True)]

    def work(number: int) -> None:
        which = number % 4
        if which == 3:
            listed(Client(), password=secret)
        else:
            make_call(clients[which])
            listed(Client(), user=users[which].username, password=secrets[which])

    all_of(work, 60)
    ids = [item["id"] for item in listed(Client(), password=secret)]
    assert len(ids) == len(set(ids)) == 45
