"""What a source tells of a call, in few words."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from calls.choices import Source
from calls.drafts import CallDraft, PartyDraft
from tests.make import STARTED_AT

ANNA, OURS, OTHER = PartyDraft(number="+46701234567"), PartyDraft(number="+4684650040"), PartyDraft(number="+46709999999")


def draft(**facts: Any) -> CallDraft:
    given = {"source": Source.API, "started_at": STARTED_AT, "ended_at": STARTED_AT + timedelta(seconds=60), "remote": ANNA}
    return CallDraft(**{**given, **facts})


def after(seconds: float) -> datetime:
    return STARTED_AT + timedelta(seconds=seconds)
