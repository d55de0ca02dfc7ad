"""A call's life: one answer for every reader, as rows have it and as queries do."""

from __future__ import annotations

from datetime import timedelta

import pytest

from calls.choices import Direction, Disposition, LegRole, State
from calls.drafts import InteractionDraft, LegDraft, PartyDraft
from calls.life import GOES_OUT, Happening, fetched, life_of, outside_on, seconds, whole_seconds, with_life
from calls.models import Call
from contacts.matching import AgentHint
from tests.make import STARTED_AT, make_call, make_contact, make_line, make_tenant

pytestmark = pytest.mark.django_db

OURS, THEIRS, OTHER = "+46855500001", "+46701234567", "+46709999999"
ONE_SIDED = [("", ""), (THEIRS, ""), ("", THEIRS)]
SIDES = [*ONE_SIDED, (OURS, THEIRS), (THEIRS, OURS), (THEIRS, OTHER), (THEIRS, THEIRS), ("anonymous", OURS)]


@pytest.fixture
def tenant():
    tenant = make_tenant()
    make_line(tenant, OURS)
    return tenant


def make(tenant, caller="", callee="", **draft):
    sides = {"caller": PartyDraft(number=caller), "callee": PartyDraft(number=callee), "remote": PartyDraft()}
    return make_call(tenant, **{"direction": Direction.UNKNOWN, **sides, **draft})


@pytest.mark.parametrize("direction", list(Direction))
@pytest.mark.parametrize("sides", SIDES, ids=str)
@pytest.mark.parametrize("infers", [False, True])
def test_rows_and_queries_agree_on_the_way_a_call_went(tenant, direction, sides, infers):
    life = life_of(make(tenant, *sides, direction=direction, infer_direction=infers))
    assert Call.objects.filter(GOES_OUT).exists() is life.goes_out
    assert Call.objects.filter(outside_on(life.outside)).exists()


@pytest.mark.parametrize(
    ("sides", "goes_out"),
    [((OURS, THEIRS), True), ((THEIRS, OURS), False), ((THEIRS, ""), False), (("", THEIRS), True), ((THEIRS, OTHER), False)],
    ids=str,
)
def test_the_outside_party_says_which_way_an_undirected_call_went(tenant, sides, goes_out):
    assert life_of(make(tenant, *sides)).goes_out is goes_out


@pytest.mark.parametrize("sides", SIDES, ids=str)
def test_both_sides_are_shown_where_they_were_given(tenant, sides):
    life = life_of(make(tenant, *sides))
    assert (life.caller.number, life.callee.number) == sides


@pytest.mark.parametrize(("direction", "side"), [("inbound", "caller"), ("outbound", "callee"), ("unknown", "caller")])
def test_the_one_party_given_has_its_place_and_the_contacts_name(tenant, direction, side):
    make_contact(tenant, THEIRS, name="Erik")
    life = life_of(make_call(tenant, THEIRS, direction=Direction(direction)))
    assert life.outside == side
    assert getattr(life, side) == life.remote
    assert getattr(life, side).e164 == THEIRS
    assert getattr(life, f"{side}_name") == "Erik"


def test_a_given_name_stands_before_the_contacts(tenant):
    make_contact(tenant, THEIRS, name="Erik")
    life = life_of(make_call(tenant, remote=PartyDraft(number=THEIRS, name="Reception")))
    assert (life.caller_name, life.callee_name) == ("Reception", "")


@pytest.mark.parametrize("disposition", list(Disposition))
def test_somebody_answered_only_what_was_answered(tenant, disposition):
    call = make_call(tenant, disposition=disposition, agent=AgentHint(name="Bo"), ring_ms=60_000)
    assert life_of(call).answered_by == ("Bo" if disposition == Disposition.ANSWERED else "")


@pytest.mark.parametrize(("begun", "name"), [(State.QUEUED, ""), (State.RINGING, ""), (State.IN_PROGRESS, "Bo")])
def test_somebody_answered_a_call_that_is_in_progress(tenant, begun, name):
    assert life_of(make_call(tenant, seconds=None, begun=begun, agent=AgentHint(name="Bo"))).answered_by == name


def test_interactions_are_the_sources_and_the_transfers_in_order(tenant):
    at = [STARTED_AT + timedelta(seconds=n) for n in range(5)]
    given = tuple(InteractionDraft(happened_at=when, summary=word) for when, word in ((at[4], "Wrap-up"), (at[1], "Menu")))
    legs = (LegDraft(role=LegRole.TRANSFER, party=PartyDraft(number="212"), started_at=at[2]),)
    life = life_of(make_call(tenant, interactions=given, legs=legs))
    assert [one.what or one.summary for one in life.interactions] == ["Menu", Happening.TRANSFERRED, "Wrap-up"]
    assert [leg.number_raw for leg in life.transfers] == ["212"]


@pytest.mark.parametrize(
    ("legs", "transfer_ms", "talk_ms"),
    [
        ((), None, 60_000),
        (((20, 25, None),), 5_000, 55_000),
        (((20, None, 30), (40, 41, 60)), 11_000, 49_000),
        (((20, None, None),), None, 60_000),
    ],
)
def test_transfers_take_as_long_as_they_ring(tenant, legs, transfer_ms, talk_ms):
    def at(second):
        return None if second is None else STARTED_AT + timedelta(seconds=second)

    drafts = tuple(
        LegDraft(role=LegRole.TRANSFER, party=PartyDraft(), started_at=at(start), answered_at=at(answer), ended_at=at(end))
        for start, answer, end in legs
    )
    call = make_call(tenant, legs=drafts, disposition=Disposition.ANSWERED)
    assert (call.transfer_ms, call.talk_ms) == (transfer_ms, talk_ms)


def test_a_given_transfer_time_stands(tenant):
    leg = LegDraft(role=LegRole.TRANSFER, party=PartyDraft(), started_at=STARTED_AT, answered_at=STARTED_AT)
    assert make_call(tenant, transfer_ms=7_000, legs=(leg,)).transfer_ms == 7_000


@pytest.mark.parametrize("count", [1, 10])
@pytest.mark.parametrize(("legs", "queries"), [(0, 2), (3, 3)])
def test_lives_take_the_same_queries_however_many(tenant, count, legs, queries, django_assert_num_queries):
    draft = tuple(LegDraft(role=LegRole.TRANSFER, party=PartyDraft(number="212"), started_at=STARTED_AT) for _ in range(legs))
    for _ in range(count):
        make_call(tenant, legs=draft, interactions=(InteractionDraft(happened_at=STARTED_AT, summary="Menu"),))
    with django_assert_num_queries(queries):
        lives = [life_of(call) for call in fetched(with_life(Call.objects.all()))]
        assert [len(life.interactions) for life in lives] == [1 + legs] * count


def test_lengths_in_the_types_vendors_have():
    assert [whole_seconds(length) for length in (None, 0, 499, 500, 1499, 1500, 2500)] == [0, 0, 0, 1, 1, 2, 3]
    assert [seconds(length) for length in (None, 0, 1500, 2000)] == [None, 0, 1.5, 2]
    assert isinstance(seconds(2000), int)
