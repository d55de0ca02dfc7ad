"""Budgets of which several are taken at a time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from django.core.cache import cache

from tenants.budget import give_back, spend, spend_up_to


def taken(wanted, limit=10):
    return spend_up_to(wanted, "messages", limit, 60).count


def test_what_is_left_is_taken_and_no_more():
    assert [taken(4), taken(4), taken(4), taken(4)] == [4, 4, 2, 0]


def test_what_is_given_back_can_be_taken_again():
    share = spend_up_to(10, "messages", 10, 60)
    give_back(share, 3)
    assert [taken(2), taken(2), taken(2)] == [2, 1, 0]


def test_what_was_wanted_in_vain_does_not_count():
    assert [taken(8), taken(100), taken(1)] == [8, 2, 0]
    assert taken(5, limit=15) == 5


def test_nothing_is_given_back_to_a_window_that_is_over():
    share = spend_up_to(5, "messages", 10, 60)
    cache.clear()
    give_back(share, 5)
    assert taken(20) == 10


def test_spenders_at_the_same_time_never_get_more_than_the_limit():
    with ThreadPoolExecutor(8) as pool:
        counts = list(pool.map(lambda _: taken(7, limit=100), range(200)))
    assert sum(counts) <= 100
    assert sum(counts) + taken(100, limit=100) == 100


def test_one_and_several_come_out_of_the_same_budget():
    taken(9)
    assert [spend("messages", 10, 60).is_allowed, spend("messages", 10, 60).is_allowed] == [True, False]
