"""Who gets in, what a wrong password costs, and that neither budget nor answer tells which part was wrong."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth import authenticate
from django.core.cache import cache
from django.db import connection
from django.test import RequestFactory
from django.utils import timezone

from tenants import authentication
from tenants.authentication import (
    CredentialsRefused,
    TooManyAttempts,
    by_password,
    by_token,
    check_password,
    client_address,
)
from tenants.budget import spend
from tenants.choices import Role, Scope
from tenants.guessing import PER_ACCOUNT, PER_NETWORK
from tenants.models import ApiToken, Membership, Tenant, User
from tests.make import PASSWORD, make_center, make_operator, make_tenant, make_token, make_user

pytestmark = pytest.mark.django_db
NOT_TEXT = ["å" * 40, "\ud800", "a\0b", "", "chub_", "chub_\udfff", "x" * 100_000]


@pytest.fixture
def ann():
    return make_user(make_tenant("acme"), username="ann")


@pytest.fixture
def hashes(monkeypatch):
    """The passwords that were hashed, one entry per hash."""
    done = []

    def counted(work):
        def run(*arguments):
            done.append(arguments[-1])
            return work(*arguments)

        return run

    monkeypatch.setattr(User, "check_password", counted(User.check_password))
    monkeypatch.setattr(authentication, "make_password", counted(authentication.make_password))
    return done


def refuse(username, password, times=1, **more):
    for _ in range(times):
        with pytest.raises(CredentialsRefused):
            by_password(username, password, **more)


# Passwords


def test_a_right_password_names_the_person_and_their_place(ann):
    principal = by_password("ann", PASSWORD)
    assert (principal.user, principal.tenant.slug, principal.role) == (ann, "acme", Role.OWNER)
    assert principal.may_write
    assert principal.may_manage


def test_a_member_limited_to_one_center_is_so_at_every_door():
    tenant = make_tenant()
    center = make_center(tenant)
    user = make_user(tenant, Role.VIEWER, center=center)
    principal = by_password(user.username, PASSWORD)
    assert principal.center_id == center.pk
    assert not principal.may_write


def test_without_a_tenant_it_is_the_one_of_longest_standing(ann):
    Membership.objects.create(tenant=make_tenant("later"), user=ann)
    assert by_password("ann", PASSWORD).tenant.slug == "acme"


def test_refuses_a_right_password_in_a_tenant_one_does_not_belong_to(ann):
    refuse("ann", PASSWORD, tenant=make_tenant("other"))


def test_a_right_password_in_a_foreign_tenant_costs_what_a_wrong_one_costs(ann, hashes):
    other = make_tenant("other")
    refuse("ann", PASSWORD, PER_ACCOUNT[0], tenant=other)
    assert len(hashes) == PER_ACCOUNT[0]
    with pytest.raises(TooManyAttempts):
        by_password("ann", PASSWORD, tenant=other)


def test_refuses_an_inactive_person_and_a_closed_tenant(ann):
    by_password("ann", PASSWORD)  # remembered from here on
    User.objects.filter(pk=ann.pk).update(is_active=False)
    refuse("ann", PASSWORD)
    User.objects.filter(pk=ann.pk).update(is_active=True)
    by_password("ann", PASSWORD)
    tenant = ann.memberships.get().tenant
    tenant.is_active = False
    tenant.save()
    refuse("ann", PASSWORD)


def test_an_operator_may_enter_any_open_tenant_but_must_name_it():
    operator = make_operator()
    tenant = make_tenant("acme")
    assert by_password(operator.username, PASSWORD, tenant=tenant).role == Role.OWNER
    refuse(operator.username, PASSWORD)


@pytest.mark.parametrize("text", NOT_TEXT)
def test_any_text_in_any_place_is_a_refusal_and_no_crash(ann, text):
    refuse("ann", text)
    refuse(text, PASSWORD)
    refuse(text, text)
    with pytest.raises(CredentialsRefused):
        by_token(text)


# What a password costs


def test_an_unknown_person_costs_a_hash_as_well(ann, hashes):
    refuse("ann", "wrong")
    refuse("nobody", "wrong")
    assert hashes == ["wrong", "wrong"]


def test_a_success_is_remembered_and_costs_no_second_hash(ann, hashes):
    for _ in range(20):
        by_password("ann", PASSWORD)
    assert len(hashes) == 1


def test_a_new_password_forgets_the_remembered_one(ann):
    by_password("ann", PASSWORD)
    ann.set_password("a-newer-password")
    ann.save()
    refuse("ann", PASSWORD)
    assert by_password("ann", "a-newer-password").user == ann


def test_a_remembered_success_is_not_found_in_the_cache_by_its_password(ann):
    by_password("ann", PASSWORD)
    assert not any(PASSWORD in key for key in cache._cache)


def test_wrong_passwords_are_limited_per_account_before_they_are_hashed(ann, hashes):
    limit, window_s = PER_ACCOUNT
    refuse("ann", "wrong", limit)
    with pytest.raises(TooManyAttempts) as refused:
        by_password("ann", "wrong")
    assert 1 <= refused.value.retry_after_s <= window_s
    assert len(hashes) == limit


def test_a_spent_budget_stops_neither_the_remembered_nor_the_token_nor_the_others(ann):
    token = make_token(ann.memberships.get().tenant, ann)
    other = make_user(ann.memberships.get().tenant)
    by_password("ann", PASSWORD)
    refuse("ann", "wrong", PER_ACCOUNT[0])
    assert by_password("ann", PASSWORD).user == ann
    assert by_password("ann", token).token_id
    assert by_password(other.username, PASSWORD).user == other


def test_right_passwords_cost_no_budget(ann, settings):
    for number in range(PER_ACCOUNT[0] * 2):
        settings.SECRET_KEY = f"forgets-{number}"
        by_password("ann", PASSWORD, address="192.0.2.1")
    refuse("ann", "wrong", PER_ACCOUNT[0], address="192.0.2.1")


def test_one_address_cannot_guess_at_many_accounts(ann, hashes):
    limit = PER_NETWORK[0]
    for number in range(limit):
        refuse(f"guess-{number}", "wrong", address="192.0.2.1")
    with pytest.raises(TooManyAttempts):
        by_password("ann", "wrong", address="192.0.2.1")
    assert len(hashes) == limit


def test_an_address_that_spent_its_budget_cannot_lock_others_out(ann):
    for number in range(PER_NETWORK[0]):
        refuse(f"guess-{number}", "wrong", address="192.0.2.1")
    for _ in range(PER_ACCOUNT[0] * 2):
        with pytest.raises(TooManyAttempts):
            by_password("ann", "wrong", address="192.0.2.1")
    assert by_password("ann", PASSWORD, address="192.0.2.2").user == ann


@pytest.mark.django_db(transaction=True)
def test_never_hashes_more_than_one_password_per_core_and_lets_few_wait(monkeypatch):
    room, too_many = authentication.HASHES_AT_ONCE + authentication.WAITING_AT_ONCE, 16
    together, most, sent_away, lock, go_on = 0, 0, 0, threading.Lock(), threading.Event()

    def slow(password):
        nonlocal together, most
        with lock:
            together += 1
            most = max(most, together)
        assert go_on.wait(60), "nobody was sent away"
        with lock:
            together -= 1

    def attempt(number):
        nonlocal sent_away
        try:
            check_password(None, f"nobody-{number}", "wrong", address="")
        except (CredentialsRefused, TooManyAttempts) as refusal:
            connection.close()
            with lock:
                sent_away += isinstance(refusal, TooManyAttempts)
                if sent_away == too_many:
                    go_on.set()
            return type(refusal)

    monkeypatch.setattr(authentication, "LONGEST_WAIT_S", 60)
    monkeypatch.setattr(authentication, "make_password", slow)
    with ThreadPoolExecutor(room + too_many) as pool:
        refusals = list(pool.map(attempt, range(room + too_many)))
    assert most <= authentication.HASHES_AT_ONCE
    assert (refusals.count(TooManyAttempts), refusals.count(CredentialsRefused)) == (too_many, room)


def test_who_was_sent_away_unhashed_has_spent_nothing(ann, monkeypatch):
    monkeypatch.setattr(authentication, "_queueing", threading.BoundedSemaphore(1))
    with authentication._queueing:
        for _ in range(PER_ACCOUNT[0] * 2):
            with pytest.raises(TooManyAttempts):
                by_password("ann", PASSWORD)
    assert by_password("ann", PASSWORD).user == ann


def test_a_hash_that_crashes_gives_its_turn_back(monkeypatch):
    def crash(password):
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(authentication, "make_password", crash)
        for number in range(20):
            with pytest.raises(MemoryError):
                check_password(None, f"nobody-{number}", "wrong", address="")
    with pytest.raises(CredentialsRefused):
        check_password(None, "nobody", "wrong", address="")


def test_the_admins_log_in_spends_the_same_budget(ann, hashes):
    request = RequestFactory().post("/admin/login/")
    assert authenticate(request, username="ann", password=PASSWORD) == ann
    for _ in range(PER_ACCOUNT[0] + 5):
        assert authenticate(request, username="ann", password="wrong") is None
    assert len(hashes) == 1 + PER_ACCOUNT[0]


# Tokens


def test_a_token_acts_as_its_owner_within_its_scope(ann):
    secret = make_token(ann.memberships.get().tenant, ann, Scope.READ)
    principal = by_token(secret)
    assert principal.user == ann
    assert not principal.may_write


def test_a_token_in_the_passwords_place_must_be_that_persons_and_of_that_tenant(ann):
    tenant = ann.memberships.get().tenant
    secret = make_token(tenant, ann)
    other = make_user(tenant)
    assert by_password("ann", secret, tenant=tenant).user == ann
    refuse(other.username, secret)
    refuse("ann", secret, tenant=make_tenant("other"))
    refuse("nobody", secret)


def test_a_token_costs_no_hash(ann, hashes):
    secret = make_token(ann.memberships.get().tenant, ann)
    by_password("ann", secret)
    refuse("ann", secret + "x", 30)
    assert hashes == []


@pytest.mark.parametrize(
    "change", [{"revoked_at": timezone.now()}, {"expires_at": timezone.now() - timedelta(seconds=1)}], ids=["revoked", "expired"]
)
def test_refuses_a_token_that_is_over(ann, change):
    secret = make_token(ann.memberships.get().tenant, ann)
    ApiToken.objects.update(**change)
    with pytest.raises(CredentialsRefused):
        by_token(secret)


@pytest.mark.parametrize("model", [User, Tenant])
def test_a_token_rests_while_its_owner_or_tenant_is_switched_off(ann, model):
    secret = make_token(ann.memberships.get().tenant, ann)
    model.objects.update(is_active=False)
    with pytest.raises(CredentialsRefused):
        by_token(secret)


def test_an_operators_token_opens_a_tenant_they_are_no_member_of(ann):
    tenant = make_tenant()
    operator = make_operator()
    principal = by_token(make_token(tenant, operator))
    assert (principal.user, principal.tenant, principal.role) == (operator, tenant, Role.OWNER)


def test_a_tokens_principal_knows_what_doors_ask_without_another_query(ann, django_assert_num_queries):
    tenant = ann.memberships.get().tenant
    principal = by_token(make_token(tenant, ann))
    with django_assert_num_queries(0):
        told = (principal.tenant.slug, principal.tenant.name, principal.tenant.country, principal.tenant.zone)
        assert told == (tenant.slug, tenant.name, tenant.country, tenant.zone)
        assert (str(principal.user), principal.user.is_superuser) == (str(ann), False)


def test_a_token_ends_with_its_owners_membership(ann):
    secret = make_token(ann.memberships.get().tenant, ann)
    ann.memberships.all().delete()
    with pytest.raises(CredentialsRefused):
        by_token(secret)


def test_a_tokens_last_use_is_noted_once_a_minute(ann, django_assert_num_queries):
    secret = make_token(ann.memberships.get().tenant, ann)
    by_token(secret)
    assert ApiToken.objects.get().last_used_at
    with django_assert_num_queries(1):
        by_token(secret)


# Budgets


def test_a_budget_is_exact_under_64_threads():
    with ThreadPoolExecutor(64) as pool:
        spent = list(pool.map(lambda _: spend("parallel", 100, 3600), range(640)))
    assert sum(one.is_allowed for one in spent) == 100
    assert sorted(one.remaining for one in spent if one.is_allowed) == list(range(100))


def test_a_budget_is_full_again_in_the_next_window_and_not_fuller():
    with time_machine.travel(1_800_000_000.5, tick=False) as clock:
        last = spend("window", 1, 60)
        assert not spend("window", 1, 60).is_allowed
        clock.shift(last.reset_s)
        assert spend("window", 1, 60).is_allowed
        assert not spend("window", 1, 60).is_allowed


def test_the_address_is_the_peers_unless_our_own_proxy_tells_it(settings):
    request = RequestFactory().get("/", headers={"x-forwarded-for": "198.51.100.7, 192.0.2.1"})
    settings.SECURE_PROXY_SSL_HEADER = None
    assert client_address(request) == "127.0.0.1"
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert client_address(request) == "192.0.2.1"
