"""A draft that was put away comes back as it was: every field, whatever it holds."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calls.choices import Direction, Disposition, LegRole, Source, State
from calls.drafts import CallDraft, InteractionDraft, LegDraft, PartyDraft
from calls.uploads.staging import draft_as_json, draft_from_json
from contacts.matching import AgentHint, ContactHint

_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
_zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
_moments = st.datetimes(datetime(1970, 1, 2), datetime(9997, 1, 1), timezones=_zones)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | _text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_text, inner, max_size=3),
    max_leaves=5,
)
_parties = st.builds(PartyDraft, number=_text, name=_text)
_lengths = st.none() | st.integers(0, 10**9)
_maybe = st.none() | _moments
_legs = st.builds(
    LegDraft,
    role=st.sampled_from(LegRole),
    party=_parties,
    disposition=st.sampled_from(Disposition),
    started_at=_maybe,
    answered_at=_maybe,
    ended_at=_maybe,
)
_fields = {
    "source": st.sampled_from(Source),
    "started_at": _moments,
    "external_id": _text,
    "direction": st.sampled_from(Direction),
    "infer_direction": st.booleans(),
    "disposition": st.none() | st.sampled_from(Disposition),
    "disposition_detail": _text,
    "answered_at": _maybe,
    "ended_at": _maybe,
    "duration_ms": _lengths,
    "heard_ms": _lengths,
    "ring_ms": _lengths,
    "talk_ms": _lengths,
    "hold_ms": _lengths,
    "transfer_ms": _lengths,
    "work_ms": _lengths,
    "hold_count": st.integers(0, 9),
    "caller": _parties,
    "callee": _parties,
    "remote": _parties,
    "contact": st.builds(ContactHint, **{field.name: _text for field in dataclasses.fields(ContactHint)}),
    "agent": st.builds(AgentHint, **{field.name: _text for field in dataclasses.fields(AgentHint)}),
    "center_id": _text,
    "notes": _text,
    "outcome": _text,
    "tags": st.lists(_text, max_size=3).map(tuple),
    "is_flagged": st.booleans(),
    "flag_notes": _text,
    "screen_pop": _text,
    "completed_forms": st.lists(_text, max_size=3).map(tuple),
    "recording_url": _text,
    "facts": st.dictionaries(_text, _json, max_size=3),
    "document": st.dictionaries(_text, _json, max_size=3),
    "is_verified": st.booleans(),
    "begun": st.sampled_from(State),
    "legs": st.lists(_legs, max_size=2).map(tuple),
    "interactions": st.lists(st.builds(InteractionDraft, happened_at=_moments, summary=_text, description=_text), max_size=2).map(
        tuple
    ),
}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(draft=st.builds(CallDraft, **_fields))
def test_a_draft_comes_back_as_it_was(draft):
    assert draft_from_json(json.loads(json.dumps(draft_as_json(draft)))) == draft


def test_the_strategy_knows_every_field_of_a_draft():
    """Forgetting one fails here: a new field must be put away and read back as well."""
    assert set(_fields) == {field.name for field in dataclasses.fields(CallDraft)}


def test_what_is_not_told_takes_no_room():
    draft = CallDraft(source=Source.API, started_at=datetime(2026, 3, 2, tzinfo=UTC))
    assert draft_as_json(draft) == {"source": "api", "started_at": "2026-03-02T00:00:00+00:00"}


def test_a_fact_of_another_version_is_left_out():
    told = {"source": "api", "started_at": "2026-03-02T00:00:00+00:00", "mood": "bright"}
    assert draft_from_json(told).started_at == datetime(2026, 3, 2, tzinfo=UTC)
