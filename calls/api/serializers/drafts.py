"""What is sent to log and to change a call, and how it becomes the ledger's draft."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from calls.api.fields import (
    ChoiceField,
    LocalMomentField,
    MomentField,
    ObjectField,
    PartyInField,
    RelatedField,
    SecondsField,
)
from calls.api.moments import settle_local
from calls.api.problems import bad_field
from calls.api.serializers.base import Strict
from calls.choices import Direction, Disposition, LegRole, Source
from calls.drafts import CallChanges, CallDraft, InteractionDraft, LegDraft, PartyDraft
from calls.models import Call
from calls.models.note import LONGEST_NOTE
from contacts.matching import AgentHint, ContactHint
from contacts.models import Agent, Company, Contact
from tenants.authentication import Principal
from tenants.models import Center

MOST_TAGS, MOST_LEGS, MOST_INTERACTIONS, MOST_FORMS = 50, 100, 500, 100
_LENGTHS = ("duration", "ring", "talk", "hold", "transfer", "work")
_PLAIN = (
    "external_id", "started_at", "answered_at", "ended_at", "direction", "disposition", "disposition_detail", "hold_count",
    "caller", "callee", "notes", "outcome", "flag_notes", "screen_pop", "recording_url", "facts",
)  # fmt: skip


def _text(longest: int | None = None, **kwargs: Any) -> serializers.CharField:
    return serializers.CharField(required=False, allow_blank=True, max_length=longest, **kwargs)


def _moment(**kwargs: Any) -> MomentField:
    return LocalMomentField(required=False, allow_null=True, **kwargs)


def _length(**kwargs: Any) -> SecondsField:
    return SecondsField(required=False, allow_null=True, **kwargs)


def _tags() -> serializers.ListField:
    return serializers.ListField(
        child=serializers.CharField(max_length=60), max_length=MOST_TAGS, required=False, help_text="Names; new ones are made."
    )


class LegIn(Strict):
    """One party's part of the call."""

    role = ChoiceField(choices=LegRole.choices)
    number = _text(128)
    name = _text(200)
    disposition = ChoiceField(choices=Disposition.choices, required=False)
    started_at = _moment()
    answered_at = _moment()
    ended_at = _moment()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = settle_local(attrs)
        started_at, ended_at = attrs.get("started_at"), attrs.get("ended_at")
        if started_at and ended_at and ended_at < started_at:
            raise serializers.ValidationError({"ended_at": ["A leg cannot end before it starts."]}, code="ends_before_it_starts")
        return attrs

    @staticmethod
    def draft(values: Mapping[str, Any]) -> LegDraft:
        """The leg as the ledger takes it."""
        return LegDraft(
            role=LegRole(values["role"]),
            party=PartyDraft(number=values.get("number", ""), name=values.get("name", "")),
            disposition=Disposition(values.get("disposition", Disposition.UNKNOWN)),
            **{name: values.get(name) for name in ("started_at", "answered_at", "ended_at")},
        )


class InteractionIn(Strict):
    """One entry of a phone system's own timeline."""

    happened_at = MomentField()
    summary = serializers.CharField(max_length=200)
    description = _text(10_000)


class CallIn(Strict):
    """A call to log. Tell both sides as ``caller`` and ``callee``, or the other party alone as ``remote`` or ``number``.

    Leave ``ended_at`` and ``duration`` out while the call goes on.
    """

    external_id = _text(200, help_text="Its id in your system: the same one is never logged twice.")
    started_at = LocalMomentField(
        help_text="RFC 3339; without an offset it is in the tenant's time zone. Where clocks go through an hour twice, "
        "the lengths tell which is meant."
    )
    answered_at = _moment()
    ended_at = _moment(help_text="Where it is given, it counts and not `duration`.")
    duration = _length()
    ring = _length()
    talk = _length()
    hold = _length()
    transfer = _length()
    work = _length(help_text="After-call work, in seconds.")
    hold_count = serializers.IntegerField(required=False, min_value=0, max_value=32_767)
    direction = ChoiceField(
        choices=Direction.choices, required=False, help_text="Left out, it follows from which side is one of the tenant's lines."
    )
    disposition = ChoiceField(choices=Disposition.choices, required=False)
    disposition_detail = _text(32, help_text="SIP status or Q.850 cause of a failed call.")
    caller = PartyInField(required=False)
    callee = PartyInField(required=False)
    remote = PartyInField(required=False, help_text="The party outside the tenant.")
    number = _text(128, help_text="Short for `remote`: its number, in any spelling.")
    contact = RelatedField(Contact, required=False, allow_null=True, help_text="The id of the contact; left out, it is matched.")
    contact_external_id = _text(200)
    company = RelatedField(Company, required=False, allow_null=True)
    company_external_id = _text(200)
    agent = RelatedField(Agent, required=False, allow_null=True)
    agent_external_id = _text(200)
    agent_extension = _text(32)
    agent_name = _text(200)
    center = RelatedField(Center, required=False, allow_null=True)
    notes = _text()
    outcome = _text(60)
    tags = _tags()
    flagged = serializers.BooleanField(required=False)
    flag_notes = _text()
    screen_pop = _text()
    completed_forms = serializers.ListField(child=serializers.CharField(max_length=200), max_length=MOST_FORMS, required=False)
    recording_url = _text(2000, help_text="http or https.")
    facts = ObjectField(required=False, help_text="What the phone system tells of itself: server, location, MAC, DTMF…")
    legs = serializers.ListField(child=LegIn(), required=False, max_length=MOST_LEGS)
    interactions = serializers.ListField(child=InteractionIn(), required=False, max_length=MOST_INTERACTIONS)


class CallNoteIn(Strict):
    """An entry for a call's thread of notes."""

    text = serializers.CharField(max_length=LONGEST_NOTE)


class CallChangesIn(Strict):
    """What may be changed of a call; what is left out stays as it is."""

    notes = _text(help_text="The whole text. What is added at its end becomes an entry of the thread; else it replaces them.")
    outcome = _text(60)
    tags = _tags()
    flagged = serializers.BooleanField(required=False)
    flag_notes = _text(help_text="Why it is flagged.")
    flag_resolution = _text(2000, help_text="How it was solved; told together with `flagged: false`.")
    recording_url = _text(2000, help_text="http or https.")
    ended_at = LocalMomentField(required=False)
    disposition = ChoiceField(choices=Disposition.choices, required=False)
    contact = RelatedField(
        Contact,
        required=False,
        allow_null=True,
        help_text="A person's choice, which matching leaves alone; null: nobody we know.",
    )


def draft_of(values: Mapping[str, Any], principal: Principal) -> CallDraft:
    """The ledger's draft of a body that was read by ``CallIn``."""
    values = settle_local(values)
    if "number" in values and "remote" in values:
        raise bad_field("number", "Give “number” or “remote”, not both.")
    facts: dict[str, Any] = {name: values[name] for name in _PLAIN if name in values}
    facts |= {f"{name}_ms": values[name] for name in _LENGTHS if name in values}
    return CallDraft(
        source=Source.API,
        infer_direction=True,
        is_flagged=values.get("flagged", False),
        remote=values.get("remote") or PartyDraft(number=values.get("number", "")),
        contact=ContactHint(
            id=_id(values.get("contact")),
            external_id=values.get("contact_external_id", ""),
            company_id=_id(values.get("company")),
            company_external_id=values.get("company_external_id", ""),
        ),
        agent=AgentHint(
            id=_id(values.get("agent")),
            external_id=values.get("agent_external_id", ""),
            extension=values.get("agent_extension", ""),
            name=values.get("agent_name", ""),
        ),
        center_id=_center_of(values, principal),
        tags=tuple(values.get("tags", ())),
        completed_forms=tuple(values.get("completed_forms", ())),
        legs=tuple(LegIn.draft(leg) for leg in values.get("legs", ())),
        interactions=tuple(InteractionDraft(**interaction) for interaction in values.get("interactions", ())),
        **facts,
    )


def changes_of(values: Mapping[str, Any], call: Call) -> CallChanges:
    """The ledger's changes of a call, of a body that was read by ``CallChangesIn``."""
    values = settle_local({"started_at": call.started_at, **values})
    names = ("notes", "outcome", "flag_notes", "flag_resolution", "recording_url", "ended_at", "disposition")
    changes: dict[str, Any] = {name: values[name] for name in names if name in values}
    if "flagged" in values:
        changes["is_flagged"] = values["flagged"]
    if "tags" in values:
        changes["tags"] = tuple(values["tags"])
    if "contact" in values:
        changes["chosen_contact"] = _id(values["contact"]) or None
    return CallChanges(**changes)


def _center_of(values: Mapping[str, Any], principal: Principal) -> str:
    """The call's center: a party that is limited to one logs calls there and nowhere else."""
    center = values.get("center")
    if principal.center_id is not None and center is not None and center != principal.center_id:
        raise bad_field("center", "There is no such row.", code="does_not_exist")
    return _id(center or principal.center_id)


def _id(key: Any) -> str:
    return str(key) if key else ""
