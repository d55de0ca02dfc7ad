"""Questions that travel together: what each finds, and that none leaves its tenant."""

from __future__ import annotations

import pytest

from tenants.ids import short_id
from tenants.lookup import Found, Question, ask, known
from tenants.models import Center, Tenant
from tests.make import make_center, make_tenant

pytestmark = pytest.mark.django_db

CENTER = """
SELECT 'center', '', z.id, z.id, z.external_id, z.name, '', CAST(NULL AS uuid)
FROM tenants_center z WHERE z.tenant_id = %s"""
NAMED = CENTER.replace("'center'", "'named'")


@pytest.fixture
def tenant() -> Tenant:
    return make_tenant()


def found_by(tenant: Tenant, *texts: str) -> Found[Center]:
    answers = ask([Question(CENTER, tenant).where_id("z.id", texts)])
    return Found({answer.id: known(Center, id=answer.id, external_id=answer.external_id) for answer in answers["center"]})


def test_ids_find_what_each_finds_alone_with_one_query(tenant, django_assert_num_queries):
    keys = [make_center(tenant).pk for _ in range(3)]
    texts = [*map(str, keys), short_id(keys[0]), keys[1].hex, "nonsense", "", "0" * 40, "\0" * 20]
    with django_assert_num_queries(1):
        found = found_by(tenant, *texts)
    assert [found.by_id(text) for text in texts] == [Center.objects.by_public_id(text) for text in texts]


def test_a_short_id_that_begins_two_keys_finds_neither(tenant):
    one = make_center(tenant)
    make_center(tenant, pk=one.pk.hex[:-1] + ("0" if one.pk.hex[-1] != "0" else "1"))
    assert found_by(tenant, one.pk.hex[:31]).by_id(one.pk.hex[:31]) is None


def test_never_leaves_the_tenant(tenant):
    center = make_center(tenant, external_id="lund")
    question = Question(CENTER, make_tenant()).where("z.external_id", ["lund"])
    assert not ask([question.where_id("z.id", [str(center.pk), short_id(center.pk)])])


def test_several_questions_are_one_query_and_keep_their_answers_apart(tenant, django_assert_num_queries):
    lund, malmo = make_center(tenant, external_id="lund"), make_center(tenant, name="Malmö")
    questions = [
        Question(CENTER, tenant).where("z.external_id", ["lund", ""]),
        Question(NAMED, tenant).where("z.name", ["Malmö"]),
    ]
    with django_assert_num_queries(1):
        answers = ask(questions)
    assert {kind: [answer.id for answer in rows] for kind, rows in answers.items()} == {"center": [lund.pk], "named": [malmo.pk]}


def test_nothing_is_asked_where_nothing_is_wanted(tenant, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert not ask([Question(CENTER, tenant).where("z.external_id", ["", ""]).where_id("z.id", ["nonsense"])])


def test_a_row_that_is_known_in_part_fetches_the_rest_when_somebody_looks(tenant, django_assert_num_queries):
    center = make_center(tenant, name="Lund")
    row = known(Center, id=center.pk)
    assert row == center
    with django_assert_num_queries(1):
        assert row.name == "Lund"
