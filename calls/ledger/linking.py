"""Who it was: which side is outside, and the contact, company, agent, line and center of each call."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from calls.choices import Direction, MatchState
from calls.drafts import CallDraft, PartyDraft
from calls.errors import CallError, InvalidCall
from calls.ledger.ruling import ruled_question
from calls.models import Call, Line
from contacts.matching import AgentHint, ContactHint, Match, People, agent_questions, contact_questions
from contacts.models import Agent
from contacts.phone import Number, is_same, read_number
from tenants.lookup import Answer, Found, Question, ask, known
from tenants.models import Tenant

_SIDES = ("caller", "callee")
_OTHER = {"caller": "callee", "callee": "caller"}
_OUTSIDE: dict[str, str] = {Direction.INBOUND: "caller", Direction.OUTBOUND: "callee", Direction.INTERNAL: "callee"}

_LINE = """
SELECT 'line', l.match_key, l.id, l.id, '', l.name, l.e164, l.center_id
FROM calls_line l WHERE l.tenant_id = %s"""
_CENTER = """
SELECT 'center', '', z.id, z.id, '', '', '', CAST(NULL AS uuid)
FROM tenants_center z WHERE z.tenant_id = %s"""


@dataclass(frozen=True, kw_only=True)
class OwnLines:
    """The tenant's lines that share a key with any of the numbers asked about."""

    by_key: dict[str, list[Line]]

    @classmethod
    def among(cls, tenant: Tenant, numbers: Iterable[Number]) -> OwnLines:
        """One query for all numbers."""
        return cls.out_of(ask([_lines_question(tenant, numbers)]))

    @classmethod
    def out_of(cls, answers: Mapping[str, list[Answer]]) -> OwnLines:
        """The lines among what was found."""
        by_key: dict[str, list[Line]] = {}
        for answer in answers.get("line", ()):
            line = known(Line, id=answer.id, name=answer.name, e164=answer.e164, match_key=answer.asked, center_id=answer.of_id)
            by_key.setdefault(answer.asked, []).append(line)
        return cls(by_key=by_key)

    @classmethod
    def of_call(cls, call: Call) -> OwnLines:
        """The lines a logged call's outside number may be one of."""
        return cls.among(call.tenant, [read_number(call.remote_raw, call.tenant.place)])

    def of(self, number: Number) -> Line | None:
        """The line that is this very number; two full numbers that only end alike are not the same."""
        lines = self.by_key.get(number.key, []) if number.key else []
        return next((line for line in lines if is_same(number, Number(e164=line.e164, key=line.match_key))), None)


class Linked(NamedTuple):
    """Which calls cannot be linked and why; and, asked along, whether the tenant has rules of tags."""

    refused: dict[Call, CallError]
    is_ruled: bool


def link(tenant: Tenant, drafts: Mapping[Call, CallDraft]) -> Linked:
    """Fill in parties, contact, company, agent, line and center of each call."""
    answers = ask(_questions(tenant, drafts.values()))
    lines, people = OwnLines.out_of(answers), People(tenant, answers)
    centers = Found({answer.id: answer for answer in answers.get("center", ())})
    refused: dict[Call, CallError] = {}
    for call, draft in drafts.items():
        take_parties(call, tenant, draft, lines)
        keep_hints(call, contact=draft.contact, agent=draft.agent)
        take_match(call, people.contact(number_to_match(call, lines), draft.contact))
        take_agent(call, people.agent(draft.agent), draft.agent)
        center = centers.by_id(draft.center_id)
        if draft.center_id and center is None:
            refused[call] = InvalidCall.field("center_id", "There is no such center.")
        call.center_id = center.id if center else _usual_center(call)
    return Linked(refused, is_ruled="ruled" in answers)


def take_parties(call: Call, tenant: Tenant, draft: CallDraft, lines: OwnLines) -> None:
    """Settle which side is outside, from what was told and the tenant's own lines."""
    told = {"caller": draft.caller, "callee": draft.callee}
    numbers = {side: read_number(party.number, tenant.place) for side, party in told.items()}
    own = {side: lines.of(number) for side, number in numbers.items()}
    if draft.infer_direction and draft.direction == Direction.UNKNOWN:
        call.direction = _direction_between(own["caller"], own["callee"])
    outside = _outside(call, told, own)
    remote, number = told[outside], numbers[outside]
    if draft.remote:
        remote, number = draft.remote, read_number(draft.remote.number, tenant.place)
        if call.direction != Direction.UNKNOWN and not told[outside]:
            told[outside], numbers[outside] = remote, number
    for side, party in told.items():
        setattr(call, f"{side}_raw", numbers[side].raw)
        setattr(call, f"{side}_e164", numbers[side].e164)
        setattr(call, f"{side}_name", (party.name or numbers[side].name)[:200])
    call.remote_raw, call.remote_e164, call.remote_key = number.raw, number.e164, number.key
    call.remote_name, call.is_withheld = (remote.name or number.name)[:200], number.is_withheld
    call.line = own[_OTHER[outside]]
    call.number_text = _number_text((*numbers.values(), number))


def take_parties_again(call: Call, *, direction: Direction | None = None, remote: PartyDraft | None = None) -> OwnLines:
    """Settle the parties of a logged call whose direction or outside party is now told otherwise.

    Where both sides were told they stay, and the direction says which of them is outside. Where only the outside party was
    told, its place follows the direction.
    """
    call.direction = direction or call.direction
    sides = {side: PartyDraft(number=getattr(call, f"{side}_raw"), name=getattr(call, f"{side}_name")) for side in _SIDES}
    told = remote or PartyDraft(number=call.remote_raw, name=call.remote_name)
    held = next((side for side in _SIDES if sides[side] and sides[side].number == call.remote_raw), None)
    inner = sides[_OTHER[held]] if held else PartyDraft()
    if held and (remote or not inner):
        outside = _OUTSIDE.get(call.direction, held)
        sides = {outside: told, _OTHER[outside]: inner}
    elif held:
        told = PartyDraft()
    draft = CallDraft(source=call.source, started_at=call.started_at, direction=call.direction, remote=told, **sides)  # type: ignore[arg-type]
    lines = OwnLines.among(call.tenant, _numbers(call.tenant, draft))
    take_parties(call, call.tenant, draft, lines)
    return lines


def read_again(call: Call) -> dict[str, list[object]]:
    """Understand a logged call's numbers by today's rules; what changed by that, as old and new value of each column."""
    numbers = {side: read_number(getattr(call, f"{side}_raw"), call.tenant.place) for side in (*_SIDES, "remote")}
    remote = numbers["remote"]
    facts: dict[str, object] = {f"{side}_e164": number.e164 for side, number in numbers.items()}
    facts |= {"remote_key": remote.key, "is_withheld": remote.is_withheld, "number_text": _number_text(numbers.values())}
    changed = {name: [getattr(call, name), value] for name, value in facts.items() if getattr(call, name) != value}
    for name, value in facts.items():
        setattr(call, name, value)
    return changed


def _number_text(numbers: Iterable[Number]) -> str:
    return " ".join(dict.fromkeys(number.digits for number in numbers if number.digits))


def number_to_match(call: Call, lines: OwnLines) -> Number:
    """The number its contact is looked for by; an own line is nobody's contact."""
    number = read_number(call.remote_raw, call.tenant.place)
    return Number() if lines.of(number) else number


def take_match(call: Call, match: Match) -> None:
    """Write down who was found and how."""
    call.contact, call.company = match.contact, match.company
    call.match_state, call.match_rule, call.match_candidates = match.state, match.rule, match.candidates


def take_agent(call: Call, agent: Agent | None, hint: AgentHint) -> None:
    """Write down the agent, or the name the source told; who logged it counts only where no other agent was named."""
    logged_by = "" if hint.id or hint.external_id or hint.extension or hint.user is None else str(hint.user)
    call.agent = agent
    call.agent_name = (agent.name if agent else hint.name or logged_by)[:200]


def keep_hints(call: Call, *, contact: ContactHint | None = None, agent: AgentHint | None = None) -> None:
    """Keep the ids that were told, so that matching can be repeated; None leaves that part as it is."""
    kept = call.given_contact
    of_contact = contact.as_dict() if contact else {name: kept[name] for name in kept if not name.startswith("agent_")}
    of_agent = _agent_ids(agent) if agent else {name: kept[name] for name in kept if name.startswith("agent_")}
    call.given_contact = of_contact | of_agent
    call.given_external_id = of_contact.get("external_id", "")[:200]


def kept_hint(call: Call) -> ContactHint:
    """The ids the contact was told by."""
    return ContactHint(**{name: value for name, value in call.given_contact.items() if not name.startswith("agent_")})


def is_chosen(call: Call) -> bool:
    """Whether a person said who it was; matching leaves that alone."""
    return call.match_state == MatchState.CHOSEN


def _questions(tenant: Tenant, drafts: Collection[CallDraft]) -> list[Question]:
    """All that must be known of these calls' parties, asked together; a number may be a line's as well as a contact's."""
    numbers = [number for draft in drafts for number in _numbers(tenant, draft)]
    return [
        _lines_question(tenant, numbers),
        *contact_questions(tenant, numbers, [draft.contact for draft in drafts]),
        *agent_questions(tenant, [draft.agent for draft in drafts]),
        Question(_CENTER, tenant).where_id("z.id", (draft.center_id for draft in drafts)),
        ruled_question(tenant),
    ]


def _lines_question(tenant: Tenant, numbers: Iterable[Number]) -> Question:
    return Question(_LINE, tenant).where("l.match_key", (number.key for number in numbers))


def _numbers(tenant: Tenant, draft: CallDraft) -> list[Number]:
    return [read_number(party.number, tenant.place) for party in (draft.caller, draft.callee, draft.remote)]


def _outside(call: Call, told: dict[str, PartyDraft], own: dict[str, Line | None]) -> str:
    """Which side is outside: by the direction; where that is unknown the side that is no line of ours, else who called."""
    if call.direction != Direction.UNKNOWN:
        return _OUTSIDE[call.direction]
    if own["caller"] is not None:
        return "callee"
    return "caller" if told["caller"] or own["callee"] is not None else "callee"


def _direction_between(caller: Line | None, callee: Line | None) -> Direction:
    if caller and callee:
        return Direction.INTERNAL
    return Direction.OUTBOUND if caller else Direction.INBOUND if callee else Direction.UNKNOWN


def _agent_ids(hint: AgentHint) -> dict[str, str]:
    ids = (("id", hint.id), ("external_id", hint.external_id), ("extension", hint.extension))
    return {f"agent_{name}": value for name, value in ids if value}


def _usual_center(call: Call) -> UUID | None:
    """The center of its line, else of its agent."""
    if call.line is not None and call.line.center_id:
        return call.line.center_id
    return call.agent.center_id if call.agent is not None else None
