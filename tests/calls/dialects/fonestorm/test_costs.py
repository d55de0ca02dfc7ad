"""What a request costs in queries."""

from __future__ import annotations

import pytest

from tests.calls.dialects.fonestorm.asking import called, send, token_of
from tests.make import make_line, make_token

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("count", [2, 50])
@pytest.mark.parametrize(("query", "queries"), [("filter=fonenumbers", 4), ("", 5), ("filter=all", 5)])
def test_a_list_takes_the_same_queries_however_long(client, acme, ann, django_assert_num_queries, count, query, queries):
    for n in range(count):
        make_line(acme, f"321555{n:04}")
    token = token_of(client)
    with django_assert_num_queries(queries):  # user, tenant, membership, lines, and in full their callbacks
        answer = send(client, token, "GET", f"/v2/fonenumbers?{query}")
    assert len(answer.json()["fonenumbers"]) == count


def test_an_api_token_takes_one_query(client, acme, ann, line, django_assert_num_queries):
    token = make_token(acme, ann)
    send(client, token, "GET", "/v2/fonenumbers")  # notes that it was used
    with django_assert_num_queries(3):  # token, lines, callbacks
        send(client, token, "GET", "/v2/fonenumbers")


@pytest.mark.parametrize("count", [1, 50])
def test_a_call_takes_the_same_queries_however_many_lines_there_are(
    client, acme, token, line, clock, django_assert_max_num_queries, count
):
    for n in range(count):
        make_line(acme, f"321555{n:04}")
    called(client, token)  # the limits of this second and this day are counted from here on
    with django_assert_max_num_queries(28):  # 24 by now; the limits alone take 4, the log 7
        called(client, token)
