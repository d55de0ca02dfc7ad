"""Requests that may be repeated: one effect, one answer, however many twins come at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from contacts.models import Contact
from tenants.idempotency import KEPT, Answer, KeyReused, fingerprint, forget_old, once
from tenants.models import Center, IdempotencyKey, Tenant
from tests.make import make_tenant
from tests.twins import elsewhere


class Work:
    """Makes a center each time it is done."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant

    def __call__(self) -> Answer:
        center = Center.objects.create(tenant=self.tenant, name=f"Center {Center.objects.count()}")
        return Answer(status=201, body={"id": str(center.pk)})


@pytest.fixture
def tenant(db: None) -> Tenant:
    return make_tenant()


def test_a_repeat_gets_the_first_answer_and_has_no_effect(tenant: Tenant) -> None:
    first, again = (once(tenant, "key", "print", Work(tenant)) for _ in range(2))
    assert Center.objects.count() == 1
    assert (first.is_replay, again.is_replay) == (False, True)
    assert (again.status, again.body) == (first.status, first.body)


def test_a_key_of_another_request_is_refused(tenant: Tenant) -> None:
    once(tenant, "key", "print", Work(tenant))
    with pytest.raises(KeyReused):
        once(tenant, "key", "other", Work(tenant))
    assert Center.objects.count() == 1


def test_keys_belong_to_their_tenant(tenant: Tenant) -> None:
    for owner in (tenant, make_tenant()):
        assert not once(owner, "key", f"print {owner.pk}", Work(owner)).is_replay
    assert Center.objects.count() == 2


def test_work_that_fails_leaves_nothing_and_frees_the_key(tenant: Tenant) -> None:
    def fail() -> Answer:
        Work(tenant)()
        raise LookupError

    with pytest.raises(LookupError):
        once(tenant, "key", "print", fail)
    assert not Center.objects.exists()
    assert not once(tenant, "key", "other", Work(tenant)).is_replay


def test_a_fingerprint_tells_requests_apart() -> None:
    requests = [("POST", "/a", b"x"), ("PUT", "/a", b"x"), ("POST", "/b", b"x"), ("POST", "/a", b"y"), ("POST", "/", b"a\0x")]
    assert len({fingerprint(*request) for request in requests}) == len(requests)


def test_answers_are_kept_seven_days(tenant: Tenant) -> None:
    once(tenant, "key", "print", Work(tenant))
    assert forget_old(timezone.now() + KEPT - timedelta(minutes=1)) == 0
    assert forget_old(timezone.now() + KEPT + timedelta(minutes=1)) == 1
    assert not once(tenant, "key", "other", Work(tenant)).is_replay


def in_threads(times: int, work: Any) -> list[Any]:
    start = Barrier(times)

    def one(number: int) -> Any:
        try:
            start.wait(timeout=60)
            return work(number)
        except (KeyReused, LookupError) as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


@pytest.mark.django_db(transaction=True)
def test_64_twins_have_one_effect_and_one_answer() -> None:
    tenant = make_tenant()
    answers = in_threads(64, lambda _: once(tenant, "key", "print", Work(tenant)))
    assert Center.objects.count() == IdempotencyKey.objects.count() == 1
    assert sum(not answer.is_replay for answer in answers) == 1
    assert {(answer.status, answer.body["id"]) for answer in answers} == {(201, str(Center.objects.get().pk))}


@pytest.mark.django_db(transaction=True)
def test_of_parallel_requests_with_one_key_only_one_kind_is_done() -> None:
    tenant = make_tenant()
    answers = in_threads(16, lambda number: once(tenant, "key", f"print {number % 2}", Work(tenant)))
    assert Center.objects.count() == 1
    assert sum(isinstance(answer, KeyReused) for answer in answers) == 8


@pytest.mark.django_db(transaction=True)
def test_when_the_first_twin_fails_another_does_the_work() -> None:
    tenant = make_tenant()
    tries = iter(range(100))

    def work() -> Answer:
        if next(tries) == 0:
            raise LookupError
        return Work(tenant)()

    answers = in_threads(8, lambda _: once(tenant, "key", "print", work))
    assert Center.objects.count() == 1
    assert sum(isinstance(answer, LookupError) for answer in answers) == 1


@pytest.mark.django_db(transaction=True)
def test_work_is_done_anew_where_what_it_refers_to_went_away_before_all_was_committed() -> None:
    tenant, companies = make_tenant(), iter([uuid4(), None])

    def work() -> Answer:
        contact = Contact.objects.create(tenant=tenant, name="Åsa", company_id=next(companies))
        return Answer(status=201, body={"id": str(contact.pk)})

    answer = once(tenant, "key", "print", work)
    assert answer.body == {"id": str(Contact.objects.get().pk)}
    assert once(tenant, "key", "print", work).is_replay


@pytest.mark.skipif("connection.vendor != 'postgresql'")
@pytest.mark.django_db(transaction=True)
def test_a_key_that_was_forgotten_just_now_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    tenant = make_tenant()
    once(tenant, "key", "print", Work(tenant))
    claimed, times = IdempotencyKey.objects.bulk_create, iter([True, False])

    def claiming(*rows: Any, **options: Any) -> Any:
        made = claimed(*rows, **options)
        if next(times):
            elsewhere(IdempotencyKey.objects.all().delete)
        return made

    monkeypatch.setattr(IdempotencyKey.objects, "bulk_create", claiming)
    assert not once(tenant, "key", "print", Work(tenant)).is_replay
    assert Center.objects.count() == 2
