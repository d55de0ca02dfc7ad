"""No request fails for the shared cache: while Redis is away each process counts by itself."""

import pytest
from django.core.cache import caches

from callhub import cache as shared
from tenants import budget
from tests import brokers
from tests.make import make_tenant

pytestmark = [pytest.mark.requires("redis"), pytest.mark.django_db]
LINES = ["The shared cache does not answer (ConnectionError). Each process counts by itself.", "The shared cache answers again."]


@pytest.fixture
def redis(settings, monkeypatch):
    """A Redis that callhub's cache is in."""
    monkeypatch.setattr(shared, "_outage", shared._Outage())
    monkeypatch.setattr(shared, "PAUSE_S", 0.0)
    with brokers.running("redis") as server:
        settings.CACHES = {"default": {"BACKEND": "callhub.cache.SharedCache", "LOCATION": server.url}}
        yield server
        caches["default"].own.clear()


def log_a_call(client, tenant):
    times = {"start": "2016-10-17T14:00:00.000Z", "end": "2016-10-17T14:02:00.000Z", "waiting": 10}
    body = {"nr": "+4670123456", "userId": "max123", "agentId": "987qwe", **times}
    return client.post(f"/{tenant.slug}/calls", body, content_type="application/json").status_code


def said(caplog):
    return [record.getMessage() for record in caplog.records if record.name == "callhub.cache"]


def test_requests_are_answered_while_redis_is_away_and_once_it_is_back(redis, client, caplog):
    tenant = make_tenant()
    assert log_a_call(client, tenant) == 200
    redis.stop()
    assert [log_a_call(client, tenant) for _ in range(3)] == [200] * 3
    assert said(caplog) == LINES[:1]
    redis.start()
    assert log_a_call(client, tenant) == 200
    assert said(caplog) == LINES


def test_budgets_are_counted_here_while_redis_is_away(redis):
    redis.stop()
    spent = [budget.spend("test", 2, 60) for _ in range(3)]
    assert [one.is_allowed for one in spent] == [True, True, False]
    assert budget.spend_up_to(2, "test", 2, 60).count == 0


def test_people_sign_in_while_redis_is_away(redis, client, django_user_model):
    django_user_model.objects.create_superuser("ida", password="a long password")
    redis.stop()
    assert client.login(username="ida", password="a long password")
    assert client.get("/admin/").status_code == 200


def test_every_method_of_a_cache_answers_while_redis_is_away(redis):
    redis.stop()
    cache = caches["default"]
    cache.set_many({"a": 1, "b": 2})
    assert cache.get_many(["a", "b"]) == {"a": 1, "b": 2}
    assert (cache.incr("a"), cache.decr("b"), cache.touch("a"), cache.has_key("a")) == (2, 1, True, True)
    assert cache.get_or_set("c", 3) == 3
    cache.delete_many(["a"])
    assert (cache.delete("b"), cache.add("c", 4), cache.clear(), cache.get("c")) == (True, False, None, None)
    assert cache.is_away


def test_one_request_alone_waits_for_a_redis_that_hangs(redis, monkeypatch):
    monkeypatch.setattr(shared, "PAUSE_S", 3600.0)
    redis.stop()
    cache = caches["default"]
    cache.set("a", 1)
    redis.start()
    assert cache.get("a") == 1
    assert cache.is_away
