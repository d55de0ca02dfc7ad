"""The call: one conversation, whoever logged it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Self
from uuid import UUID

from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Value
from django.db.models.lookups import Exact
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from calls.choices import MISSED, CallType, Direction, Disposition, MatchState, Source, State
from tenants.choices import Act
from tenants.scoping import TenantOwned, TenantQuerySet

if TYPE_CHECKING:
    from tenants.models import Tenant

WITH_SOMEBODY_OUTSIDE = Q(direction__in=[Direction.INBOUND, Direction.OUTBOUND])
RANG_IN_VAIN = Q(direction=Direction.INBOUND, disposition__in=MISSED)
# The one rule of what a missed call is; ``Call.type`` says the same of one call.
IS_MISSED = RANG_IN_VAIN & Q(is_answered_elsewhere=False)
_TYPES = {
    CallType.MISSED: IS_MISSED,
    CallType.VOICEMAIL: Q(disposition=Disposition.VOICEMAIL),
    CallType.INCOMING: Q(direction=Direction.INBOUND) & ~Q(disposition=Disposition.VOICEMAIL) & ~IS_MISSED,
    CallType.OUTGOING: Q(direction=Direction.OUTBOUND) & ~Q(disposition=Disposition.VOICEMAIL),
    CallType.INTERNAL: Q(direction=Direction.INTERNAL) & ~Q(disposition=Disposition.VOICEMAIL),
    CallType.UNKNOWN: Q(direction=Direction.UNKNOWN) & ~Q(disposition=Disposition.VOICEMAIL),
}


LONGEST_LIFE = timedelta(hours=24)  # what has not ended by then, nobody will tell the end of
SHORT_MS = 10_000
RECORDED = Q(has_audio=True) | ~Q(recording_url="")


def _unindexed(model: str) -> models.ForeignKey[Any, Any]:
    """Someone a call may belong to; it has its index among the call's own."""
    return models.ForeignKey(model, null=True, blank=True, on_delete=models.SET_NULL, related_name="calls", db_index=False)


class CallQuerySet(TenantQuerySet["Call"]):
    """Which calls."""

    def newest_first(self) -> Self:
        """In the order every list uses; the id settles ties."""
        return self.order_by("-started_at", "-id")

    def between(self, start: datetime | None, end: datetime | None) -> Self:
        """Calls that started at or after ``start`` and before ``end``."""
        calls = self if start is None else self.filter(started_at__gte=start)
        return calls if end is None else calls.filter(started_at__lt=end)

    def of_type(self, *types: str) -> Self:
        """Calls staff would call by any of these types."""
        query = Q(pk__in=[])
        for kind in types:
            query |= _TYPES[CallType(kind)]
        return self.filter(query)

    def missed(self) -> Self:
        """Inbound calls that were not answered, on any telephone."""
        return self.of_type(CallType.MISSED)

    def not_returned(self, since: datetime | None = None) -> Self:
        """Missed calls with a number that nobody has talked with since, whoever called whom.

        ``since`` may say that none of these calls is older: then no older ones are looked at.
        """
        later = talked_since() if since is None else talked_since().filter(started_at__gte=since)
        return self.missed().exclude(remote_key="").exclude(Exists(later))

    def unmatched(self) -> Self:
        """Calls with a number outside whose contact is not known."""
        unknown = self.filter(match_state__in=[MatchState.NONE, MatchState.SEVERAL], is_withheld=False)
        return unknown.exclude(direction=Direction.INTERNAL).exclude(remote_key="")

    def recorded(self) -> Self:
        """Calls there is something to hear of, here or elsewhere."""
        return self.filter(RECORDED)

    def short(self) -> Self:
        """Answered calls that were over before ten seconds of talk."""
        return self.filter(state=State.ENDED, disposition=Disposition.ANSWERED, talk_ms__lt=SHORT_MS)

    def live(self) -> Self:
        """Calls that have not ended."""
        return self.exclude(state=State.ENDED)

    def going_on(self) -> Self:
        """Calls that ring or talk now; of those that only a log tells us of, the ones of the last day."""
        return self.live().filter(started_at__gte=timezone.now() - LONGEST_LIFE)

    def unnumbered(self, tenants: Iterable[Tenant]) -> Self:
        """Ended calls of these tenants that no reader by numbers has been told of."""
        return self.filter(tenant__in=tenants, state=State.ENDED, number__isnull=True)

    def with_number_part(self, digits: str) -> Self:
        """Calls in which either party's number has these digits in it."""
        return self.filter(number_text__contains=digits)


def talked_since() -> CallQuerySet:
    """Of a call in a query: the answered calls with its number that began later."""
    is_same = Q(remote_e164=OuterRef("remote_e164")) | Q(remote_e164="") | Q(Exact(OuterRef("remote_e164"), Value("")))
    return Call.objects.order_by().filter(
        is_same,
        WITH_SOMEBODY_OUTSIDE,
        tenant=OuterRef("tenant"),
        remote_key=OuterRef("remote_key"),
        started_at__gt=OuterRef("started_at"),
        disposition=Disposition.ANSWERED,
        state=State.ENDED,
    )


class Call(TenantOwned):
    """One conversation. Only ``calls.ledger`` writes it; times are UTC, lengths whole milliseconds.

    ``caller`` and ``callee`` are the two sides as told; ``remote`` is whichever of them is outside the tenant: the side a
    contact is matched by. A vendor that names only the other party (Planhat) leaves caller and callee to the direction.
    """

    center_acts = frozenset(Act)

    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="+", db_index=False)
    source = models.CharField(max_length=16, choices=Source.choices, help_text=_("The door it came in by."))
    external_id = models.CharField(
        max_length=200, blank=True, help_text=_("The call's id at its source; the same one is never logged twice.")
    )
    direction = models.CharField(max_length=16, choices=Direction.choices, default=Direction.UNKNOWN)
    state = models.CharField(max_length=16, choices=State.choices, default=State.ENDED)
    disposition = models.CharField(max_length=16, choices=Disposition.choices, default=Disposition.UNKNOWN)
    disposition_detail = models.CharField(max_length=32, blank=True, help_text=_("SIP status or Q.850 cause of a failed call."))

    started_at = models.DateTimeField(_("started"))
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    duration_ms = models.BigIntegerField(_("duration"), null=True, blank=True)
    ring_ms = models.BigIntegerField(_("ring"), null=True, blank=True)
    talk_ms = models.BigIntegerField(_("talk"), null=True, blank=True)
    hold_ms = models.BigIntegerField(_("hold"), null=True, blank=True)
    transfer_ms = models.BigIntegerField(_("transfer"), null=True, blank=True)
    work_ms = models.BigIntegerField(_("after-call work"), null=True, blank=True)
    hold_count = models.PositiveIntegerField(default=0)

    caller_raw = models.CharField(max_length=128, blank=True)
    caller_e164 = models.CharField(max_length=16, blank=True)
    caller_name = models.CharField(max_length=200, blank=True)
    callee_raw = models.CharField(max_length=128, blank=True)
    callee_e164 = models.CharField(max_length=16, blank=True)
    callee_name = models.CharField(max_length=200, blank=True)
    remote_raw = models.CharField(max_length=128, blank=True)
    remote_e164 = models.CharField(max_length=16, blank=True)
    remote_key = models.CharField(max_length=16, blank=True)
    remote_name = models.CharField(max_length=200, blank=True)
    is_withheld = models.BooleanField(_("number withheld"), default=False)
    number_text = models.CharField(max_length=400, blank=True, editable=False)

    contact = _unindexed("contacts.Contact")
    company = _unindexed("contacts.Company")
    agent = _unindexed("contacts.Agent")
    agent_name = models.CharField(
        max_length=200, blank=True, help_text=_("As told by the source, when the agent is not known here.")
    )
    center = _unindexed("tenants.Center")
    line = _unindexed("calls.Line")
    match_state = models.CharField(max_length=16, choices=MatchState.choices, default=MatchState.NONE)
    match_rule = models.CharField(max_length=40, blank=True)
    match_candidates = models.JSONField(default=list, blank=True)
    given_contact = models.JSONField(
        default=dict,
        blank=True,
        help_text=_("The ids the source named the contact and agent by, so that matching can be repeated."),
    )

    given_external_id = models.CharField(max_length=200, blank=True, editable=False)  # the contact's, to find it again by

    is_answered_elsewhere = models.BooleanField(
        default=False,
        editable=False,
        help_text=_("It rang while an answered call with the same number did: a leg of that one, and not missed."),
    )

    notes = models.TextField(blank=True)
    outcome = models.CharField(max_length=60, blank=True)
    tags = models.ManyToManyField("calls.Tag", blank=True, related_name="calls")
    is_flagged = models.BooleanField(_("flagged"), default=False)
    flag_notes = models.TextField(blank=True)
    screen_pop = models.TextField(blank=True)
    completed_forms = models.JSONField(default=list, blank=True)
    recording_url = models.URLField(max_length=2000, blank=True)
    has_audio = models.BooleanField(_("audio"), default=False, editable=False, help_text=_("Its audio is kept here."))
    facts = models.JSONField(
        default=dict, blank=True, help_text=_("What the phone system told of itself: server, location, MAC, DTMF…")
    )
    document = models.JSONField(default=dict, blank=True, help_text=_("The vendor's own document, as it came."))
    is_verified = models.BooleanField(
        default=True, help_text=_("Off for calls that came by an open address, without credentials.")
    )
    version = models.PositiveIntegerField(default=1, editable=False)
    number = models.PositiveBigIntegerField(
        null=True,
        editable=False,
        help_text=_("Its place among the calls of its tenant, given when somebody first asks (calls.ledger.numbering)."),
    )

    objects: ClassVar = CallQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["external_id", "tenant", "source"],  # so that its index finds an id without the source
                condition=~Q(external_id=""),
                name="call_external_id_once_per_source",
                violation_error_message=_("A call with this external id is in the log already."),
            ),
            models.UniqueConstraint(
                fields=["tenant", "number"],
                condition=Q(number__isnull=False),
                name="call_number_once_per_tenant",
                violation_error_message=_("Another call has this number."),
            ),
            models.CheckConstraint(
                name="call_ends_after_it_starts",
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("started_at")),
                violation_error_message=_("A call cannot end before it starts."),
            ),
            models.CheckConstraint(
                name="call_lengths_are_not_negative",
                condition=(Q(duration_ms__isnull=True) | Q(duration_ms__gte=0))
                & (Q(ring_ms__isnull=True) | Q(ring_ms__gte=0))
                & (Q(talk_ms__isnull=True) | Q(talk_ms__gte=0)),
                violation_error_message=_("Lengths cannot be negative."),
            ),
        ]
        # Every index costs each new call; so those of what few calls have leave out the others, and no column has two.
        indexes = [
            # What follows the id is not for finding calls: figures and counts of a period are read from the index alone.
            models.Index(
                fields=[
                    "tenant",
                    "-started_at",
                    "-id",
                    "direction",
                    "disposition",
                    "is_answered_elsewhere",
                    "remote_key",
                    "ring_ms",
                    "talk_ms",
                    "agent",
                    "company",
                    "line",
                    "center",
                ],
                name="call_list",
            ),
            models.Index(fields=["-started_at", "-id"], name="call_newest"),  # for who sees several tenants
            models.Index(fields=["tenant", "remote_key", "-started_at"], name="call_by_number"),
            models.Index(
                fields=["tenant", "given_external_id"], condition=~Q(given_external_id=""), name="call_by_given_external_id"
            ),
            models.Index(fields=["tenant", "-started_at"], condition=~Q(notes=""), name="call_noted"),
            models.Index(fields=["tenant", "state"], condition=~Q(state="ended"), name="call_live"),
            models.Index(fields=["tenant", "-started_at", "-id"], condition=Q(is_flagged=True), name="call_flagged"),
            models.Index(fields=["tenant", "id"], condition=Q(state="ended", number__isnull=True), name="call_unnumbered"),
            *(
                models.Index(fields=[name, "-started_at"], condition=Q((f"{name}__isnull", False)), name=f"call_by_{name}")
                for name in ("contact", "company", "agent", "center", "line")
            ),
        ]

    def __str__(self) -> str:
        return (
            f"{self.get_direction_display()} · {self.remote_name or self.remote_e164 or self.remote_raw or _('number withheld')}"
        )

    @classmethod
    def seen_from(cls, center_id: UUID) -> Q:
        return Q(center=center_id)

    def get_absolute_url(self) -> str:
        return reverse("admin:calls_call_change", args=[self.pk])

    @property
    def type(self) -> CallType:
        """What staff call it at a glance; the same rule as ``CallQuerySet.of_type``."""
        if self.disposition == Disposition.VOICEMAIL:
            return CallType.VOICEMAIL
        if self.direction == Direction.INBOUND:
            is_missed = self.rang_in_vain and not self.is_answered_elsewhere
            return CallType.MISSED if is_missed else CallType.INCOMING
        return {Direction.OUTBOUND: CallType.OUTGOING, Direction.INTERNAL: CallType.INTERNAL}.get(
            Direction(self.direction), CallType.UNKNOWN
        )

    @property
    def rang_in_vain(self) -> bool:
        """Whether it came in and was not taken where it rang; the same rule as ``RANG_IN_VAIN``."""
        return self.direction == Direction.INBOUND and self.disposition in MISSED

    @property
    def has_recording(self) -> bool:
        """Whether there is something to listen to."""
        return self.has_audio or bool(self.recording_url)
