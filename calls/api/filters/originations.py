"""Which requests to call, and which calls that go on."""

from __future__ import annotations

from calls.api.filters.base import AnyOfFilter, Filters, IdsFilter, MomentFilter, TextsFilter, TruthFilter
from calls.choices import ORIGINATION_LIVE, Direction, Disposition, OriginationState, Source, State
from calls.models import Call, Origination

_LIVE_STATES = [State.QUEUED, State.RINGING, State.IN_PROGRESS]


class OriginationFilters(Filters):
    """Which requests to call."""

    state = AnyOfFilter("state", words=OriginationState.values)
    live = TruthFilter(method="by_life", help_text="Whether it has not ended.")
    disposition = AnyOfFilter("disposition", words=Disposition.values)
    door = AnyOfFilter("door", words=Source.values)
    line = IdsFilter("line_id")
    requester = IdsFilter("requester_id")
    call = IdsFilter("call_id")
    nonce = TextsFilter("nonce")
    created_after = MomentFilter("created_at", "gte", help_text="Asked for at this time or later.")
    created_before = MomentFilter("created_at", "lt", help_text="Asked for before this time.")

    class Meta:
        model = Origination
        fields: list[str] = []

    def by_life(self, rows: object, name: str, is_live: bool) -> object:
        lives = {"state__in": ORIGINATION_LIVE}
        return rows.filter(**lives) if is_live else rows.exclude(**lives)  # type: ignore[attr-defined]


class LiveFilters(Filters):
    """Which calls that go on."""

    state = AnyOfFilter("state", words=_LIVE_STATES)
    direction = AnyOfFilter("direction", words=Direction.values)
    source = AnyOfFilter("source", words=Source.values)
    agent = IdsFilter("agent_id")
    line = IdsFilter("line_id")
    center = IdsFilter("center_id")

    class Meta:
        model = Call
        fields: list[str] = []
