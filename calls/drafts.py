"""What crosses from the doors to the ledger: frozen, keyword-only, in the field's terms.

Times are aware; lengths are whole milliseconds; numbers are text as the source wrote it. ``None`` means "not told".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from calls.choices import Direction, Disposition, LegRole, Source, State
from contacts.matching import AgentHint, ContactHint

if TYPE_CHECKING:
    from calls.models import Line


class _Unset:
    """The value of a change that was not asked for."""

    def __repr__(self) -> str:
        return "UNSET"

    def __bool__(self) -> bool:
        return False


UNSET: Final[Any] = _Unset()


@dataclass(frozen=True, kw_only=True)
class PartyDraft:
    """One side of a call: number in any spelling, name."""

    number: str = ""
    name: str = ""

    def __bool__(self) -> bool:
        return bool(self.number or self.name)


@dataclass(frozen=True, kw_only=True)
class LegDraft:
    """One party's part of a call."""

    role: LegRole
    party: PartyDraft
    disposition: Disposition = Disposition.UNKNOWN
    started_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class InteractionDraft:
    """One entry of a phone system's own timeline."""

    happened_at: datetime
    summary: str
    description: str = ""


@dataclass(frozen=True, kw_only=True)
class CallDraft:
    """A call as one source tells it.

    Give ``caller`` and ``callee`` where both sides are told, or ``remote`` alone where the source names only the outside
    party. ``ended_at`` may be left out when ``duration_ms`` or ``heard_ms`` is told, and all of them while the call goes on.
    """

    source: Source
    started_at: datetime
    external_id: str = ""
    direction: Direction = Direction.UNKNOWN
    infer_direction: bool = False  # from which side is one of the tenant's own lines
    disposition: Disposition | None = None
    disposition_detail: str = ""
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    duration_ms: int | None = None
    heard_ms: int | None = None  # how long its audio lasts: the talk, where the source tells no end
    ring_ms: int | None = None
    talk_ms: int | None = None
    hold_ms: int | None = None
    transfer_ms: int | None = None
    work_ms: int | None = None
    hold_count: int = 0
    caller: PartyDraft = PartyDraft()
    callee: PartyDraft = PartyDraft()
    remote: PartyDraft = PartyDraft()
    contact: ContactHint = ContactHint()  # noqa: RUF009 - frozen
    agent: AgentHint = AgentHint()  # noqa: RUF009 - frozen
    center_id: str = ""
    notes: str = ""
    outcome: str = ""
    tags: tuple[str, ...] = ()
    is_flagged: bool = False
    flag_notes: str = ""
    screen_pop: str = ""
    completed_forms: tuple[str, ...] = ()
    recording_url: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    document: Mapping[str, Any] = field(default_factory=dict)
    is_verified: bool = True
    begun: State = State.IN_PROGRESS  # how far it has come, where it has not ended
    legs: tuple[LegDraft, ...] = ()
    interactions: tuple[InteractionDraft, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CallProgress:
    """How far a live call has come. ``legs`` are all of its legs in their order; ``what`` is the fact that was new."""

    state: State
    what: str
    happened_at: datetime
    leg: str = ""
    disposition: Disposition = Disposition.UNKNOWN
    disposition_detail: str = ""
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    legs: tuple[LegDraft, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CallOrder:
    """A call somebody wants made, as a door read it; numbers in any spelling, nothing judged yet.

    The first source to pick up is connected with the destination. Without sources it is an announcement: the message is spoken
    to the destination. ``key`` makes a repeat the same request; ``nonce`` is only kept. What is None or empty follows the line.
    """

    door: Source
    line: Line
    destination: str
    sources: tuple[str, ...] = ()
    shown_to_sources: PartyDraft = PartyDraft()
    shown_to_destination: PartyDraft = PartyDraft()
    wait_for_pickup_s: int = 25
    max_duration_s: int | None = None
    message: str = ""
    message_language: str = "en"
    is_recorded: bool | None = None
    allows_transfer: bool = False
    nonce: str = ""
    key: str = ""
    document: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class CallChanges:
    """What to change of a call; what is ``UNSET`` stays as it is."""

    started_at: datetime = UNSET
    ended_at: datetime | None = UNSET
    ring_ms: int | None = UNSET
    direction: Direction = UNSET
    disposition: Disposition = UNSET
    remote: PartyDraft = UNSET
    contact: ContactHint = UNSET
    agent: AgentHint = UNSET
    chosen_contact: str | None = UNSET  # a person's choice: a contact's id, or None for "nobody we know"
    notes: str = UNSET  # the whole text, from who knows no thread
    note: str = UNSET  # an entry added to the thread
    forgets_choice: bool = UNSET  # of a contact by a person; it is matched anew
    outcome: str = UNSET
    tags: tuple[str, ...] = UNSET
    is_flagged: bool = UNSET
    flag_notes: str = UNSET
    flag_resolution: str = UNSET  # how it was solved, told as the flag is taken off
    recording_url: str = UNSET
    document: Mapping[str, Any] = UNSET  # merged into the stored document

    def given(self) -> dict[str, Any]:
        """The changes asked for, by name."""
        return {name: value for name, value in vars(self).items() if value is not UNSET}
