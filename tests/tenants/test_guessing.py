"""Wrong passwords: what they cost the guesser, and that they cost others nothing."""

from __future__ import annotations

import json
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.core.cache import cache
from django.core.cache.backends.locmem import LocMemCache
from django.db import connection
from django.utils import timezone

from calls import notices
from calls.models import Notice
from tenants import authentication, guessing
from tenants.authentication import CredentialsRefused, TooManyAttempts, by_password, check_password
from tenants.guessing import MANY, PER_ACCOUNT, PER_NETWORK, network_of
from tenants.models import User, WrongPassword
from tests.make import PASSWORD, make_tenant, make_user

OWN, STRANGE = "192.0.2.7", "203.0.113.9"
SIGN_INS = {
    "/v2/auth": {"username": "ann", "password": None},
    "/api/authenticate": {"CustomerName": "acme", "UserName": "ann", "Password": None},
}


@pytest.fixture
def ann(db):
    return make_user(make_tenant("acme"), username="ann", email="ann@example.com", is_staff=True)


def guess(times=1, address=STRANGE, username="ann"):
    for number in range(times):
        with pytest.raises(CredentialsRefused):
            by_password(username, f"wrong-{number}", address=address)


def test_a_strangers_guesses_never_lock_the_owner_out_elsewhere(ann):
    guess(PER_ACCOUNT[0])
    with pytest.raises(TooManyAttempts):
        by_password("ann", PASSWORD, address=STRANGE)
    assert by_password("ann", PASSWORD, address=OWN).user == ann


def test_many_strangers_do_not_either(ann):
    for number in range(30):
        guess(PER_ACCOUNT[0], address=f"198.51.100.{number}")
    assert by_password("ann", PASSWORD, address=OWN).user == ann


def test_the_wait_is_over_when_it_says(ann):
    with time_machine.travel("2026-03-02T12:00:00Z", tick=False) as clock:
        guess(PER_ACCOUNT[0])
        with pytest.raises(TooManyAttempts) as refused:
            by_password("ann", PASSWORD, address=STRANGE)
        clock.shift(refused.value.retry_after_s - 1)
        with pytest.raises(TooManyAttempts):
            by_password("ann", PASSWORD, address=STRANGE)
        clock.shift(1)
        assert by_password("ann", PASSWORD, address=STRANGE).user == ann


def test_processes_that_share_no_cache_share_the_count(ann, monkeypatch):
    for number in range(PER_ACCOUNT[0]):
        monkeypatch.setattr(authentication, "cache", LocMemCache(f"process-{number}", {}))
        guess()
    monkeypatch.setattr(authentication, "cache", LocMemCache("one more", {}))
    with pytest.raises(TooManyAttempts):
        by_password("ann", "wrong", address=STRANGE)


def test_what_crowds_the_cache_does_not_touch_the_count(ann):
    guess(PER_ACCOUNT[0])
    cache.clear()
    with pytest.raises(TooManyAttempts):
        by_password("ann", PASSWORD, address=STRANGE)


def test_a_network_that_guesses_at_many_accounts_is_stopped(ann):
    for number in range(PER_NETWORK[0]):
        guess(username=f"somebody-{number}")
    with pytest.raises(TooManyAttempts):
        by_password("ann", "wrong", address=STRANGE)


def test_a_holder_of_many_addresses_of_one_network_counts_once(ann):
    for number in range(PER_ACCOUNT[0]):
        guess(address=f"2001:db8:1:2::{number}")
    with pytest.raises(TooManyAttempts):
        by_password("ann", "wrong", address="2001:db8:1:2:ffff::1")
    assert by_password("ann", PASSWORD, address="2001:db8:1:3::1").user == ann
    assert network_of("not an address") == "not an address"


def test_mistyping_is_forgiven_once_the_password_is_right(ann):
    for _ in range(3):
        guess(PER_ACCOUNT[0] - 1, address=OWN)
        by_password("ann", PASSWORD, address=OWN)
        cache.clear()


def test_nothing_that_was_typed_is_stored(ann):
    guess(username="a password in the wrong field")
    row = WrongPassword.objects.get()
    assert "password in" not in repr(WrongPassword.objects.values())
    assert (row.user, row.count) == (None, 1)


def test_counts_of_long_ago_are_deleted(ann):
    guess()
    assert guessing.forget_old(timezone.now() + timedelta(hours=23)) == 0
    assert guessing.forget_old(timezone.now() + timedelta(days=2)) == 1


# Many at once


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", sorted(SIGN_INS))
def test_eight_first_requests_at_once_with_the_right_password_all_pass(live_server, settings, path):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    make_user(make_tenant("acme"), username="ann")
    together = threading.Barrier(8)
    body = json.dumps({name: value or PASSWORD for name, value in SIGN_INS[path].items()}).encode()
    request = urllib.request.Request(live_server.url + path, body, {"Content-Type": "application/json"})

    def sign_in(_number):
        together.wait(60)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(sign_in, range(8))) <= {200, 201}


@pytest.mark.django_db(transaction=True)
def test_requests_with_one_password_at_once_share_one_hash(monkeypatch):
    ann, hashed, all_wait = make_user(make_tenant(), username="ann"), [], threading.Event()

    def slow(user, password):
        hashed.append(password)
        assert all_wait.wait(60)
        return True

    monkeypatch.setattr(User, "check_password", slow)
    with ThreadPoolExecutor(9) as pool:
        runs = [pool.submit(hanging_up, by_password, "ann", PASSWORD, address=f"192.0.2.{number}") for number in range(8)]
        pool.submit(_once, lambda: len(hashed) == 1, all_wait)
        assert {run.result(60).user for run in runs} == {ann}
    assert len(hashed) == 1


@pytest.mark.django_db(transaction=True)
def test_a_guesser_leaves_places_in_the_queue_to_others(monkeypatch):
    ann, go_on, queued = make_user(make_tenant(), username="ann"), threading.Event(), threading.Semaphore(0)
    guess()
    monkeypatch.setattr(authentication, "LONGEST_WAIT_S", 60)
    monkeypatch.setattr(authentication, "make_password", lambda password: queued.release() or go_on.wait(60))

    def attempt(number):
        with pytest.raises((CredentialsRefused, TooManyAttempts)) as refused:
            check_password(None, f"somebody-{number}", "wrong", address=STRANGE)
        return refused.type

    with ThreadPoolExecutor(17) as pool:
        runs = [pool.submit(hanging_up, attempt, number) for number in range(16)]
        assert queued.acquire(timeout=60)
        owner = pool.submit(hanging_up, by_password, "ann", PASSWORD, address=OWN)
        while sum(run.done() for run in runs) < 16 - authentication.PLACES_OF_GUESSERS:
            threading.Event().wait(0.01)
        go_on.set()
        assert owner.result(60).user == ann
    assert [run.result() for run in runs].count(TooManyAttempts) == 16 - authentication.PLACES_OF_GUESSERS


def hanging_up(work, *arguments, **more):
    """What ``work`` returns, in a thread that leaves no connection to the database behind."""
    try:
        return work(*arguments, **more)
    finally:
        connection.close()


def _once(condition, event):
    while not condition():
        threading.Event().wait(0.01)
    event.set()


# Saying so


def test_a_person_is_mailed_when_many_wrong_passwords_come_and_once_a_day(ann):
    guess(MANY, address=STRANGE)
    for _ in range(3):
        notices.find()
        for pk in notices.due():
            notices.send(pk)
    [message] = mail.outbox
    assert message.to == ["ann@example.com"]
    assert "ann" in message.body
    assert str(MANY) in message.body


def test_a_few_wrong_passwords_are_not_reported(ann):
    guess(MANY - 1)
    notices.find()
    assert not Notice.objects.exists()


def test_those_who_go_on_guessing_cause_another_mail_the_next_day(ann):
    with time_machine.travel("2026-03-02T23:50:00Z", tick=False) as clock:
        guess(MANY)
        notices.find()
        clock.shift(timedelta(minutes=20))  # another day begins
        notices.find()
        assert Notice.objects.count() == 1
        clock.shift(timedelta(hours=24))
        guess(MANY)
        notices.find()
    assert Notice.objects.count() == 2
