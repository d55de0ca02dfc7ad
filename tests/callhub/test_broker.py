"""The embedded broker carries messages between processes and forgets those that were read."""

import sqlite3
import threading
import time
from datetime import timedelta

import pytest
from kombu import Connection

from callhub import broker


@pytest.fixture
def address(tmp_path, settings):
    settings.CELERY_BROKER_URL = f"{broker.SCHEME}{tmp_path}/broker.sqlite3"
    return settings.CELERY_BROKER_URL


def rows(address):
    with sqlite3.connect(address.removeprefix(broker.SCHEME)) as connection:
        return connection.execute("SELECT visible, count(*) FROM kombu_message GROUP BY visible ORDER BY visible").fetchall()


def test_a_message_arrives(address):
    with Connection(address) as sender, Connection(address) as receiver:
        sender.SimpleQueue("bells").put({"id": 7})
        message = receiver.SimpleQueue("bells").get(timeout=5)
    assert message.payload == {"id": 7}


def test_purges_only_what_was_consumed_long_enough_ago(address):
    with Connection(address) as connection:
        bells = connection.SimpleQueue("bells")
        for number in range(3):
            bells.put(number)
        bells.get(timeout=5).ack()
    assert rows(address) == [(0, 1), (1, 2)]
    assert broker.purge_consumed(timedelta(hours=1)) == 0
    assert broker.purge_consumed(timedelta(0)) == 1
    assert rows(address) == [(1, 2)]


def test_purging_a_broker_that_was_never_used_does_nothing(address):
    assert broker.purge_consumed(timedelta(0)) == 0


def test_the_file_lets_readers_in_beside_a_writer(address):
    with Connection(address) as connection:
        connection.SimpleQueue("bells").put(1)
    with sqlite3.connect(address.removeprefix(broker.SCHEME)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_purging_leaves_other_brokers_alone(settings):
    settings.CELERY_BROKER_URL = "redis://localhost/0"
    assert broker.purge_consumed(timedelta(0)) == 0


def test_a_message_wakes_who_waits_for_it(address, monkeypatch):
    monkeypatch.setattr(broker.Transport, "polling_interval", 60.0)
    with Connection(address) as receiver:
        bells = receiver.SimpleQueue("bells")
        with pytest.raises(bells.Empty):
            bells.get(timeout=0.1)  # from here on it listens
        threading.Thread(target=put_later, args=(address,)).start()
        began = time.monotonic()
        assert bells.get(timeout=60).payload == "later"
    assert time.monotonic() - began < 30


def put_later(address):
    time.sleep(0.5)
    with Connection(address) as sender:
        sender.SimpleQueue("bells").put("later")


def test_who_may_take_no_more_gets_the_time_to_acknowledge(address):
    with Connection(address) as connection:
        bells = connection.SimpleQueue("bells")
        for number in range(2):
            bells.put(number)
        bells.consumer.qos(prefetch_count=1)
        first = bells.get(timeout=5)
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            connection.drain_events(timeout=60)
        assert time.monotonic() - began < 30
        first.ack()
        assert bells.get(timeout=5).payload == 1


def test_nobody_has_to_listen(tmp_path):
    bell = broker.Bell(f"{tmp_path}/broker.sqlite3")
    bell.ring("dial")
    assert not list(tmp_path.iterdir())
