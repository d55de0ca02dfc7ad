"""Rules of tags: which calls get a tag by themselves."""

from __future__ import annotations

import re
from typing import Any, NamedTuple
from uuid import UUID

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from calls.choices import Direction, Disposition, State
from calls.models.call import Call, CallQuerySet
from tenants.scoping import TenantOwned

PREFIX_RULE = RegexValidator(r"\A\+[1-9]\d{0,14}\Z", _("Begin with “+” and the country's code, such as +46 70."))
_BETWEEN_DIGITS = re.compile(r"[\s().\-/]+")


def tidy_prefix(text: str) -> str:
    """The beginning of a number as it is kept, ``+`` and digits, in whatever spelling it came."""
    told = _BETWEEN_DIGITS.sub("", text)
    return f"+{told[2:]}" if told.startswith("00") else told


class RuledFacts(NamedTuple):
    """What rules look at. Of a call that goes on, nobody knows yet how it came out."""

    direction: str
    disposition: str
    duration_ms: int | None
    line_id: UUID | None
    number: str

    @classmethod
    def of(cls, call: Call) -> RuledFacts:
        """Those of a call as it is now."""
        has_ended = call.state == State.ENDED
        return cls(
            direction=call.direction,
            disposition=call.disposition if has_ended else "",
            duration_ms=call.duration_ms if has_ended else None,
            line_id=call.line_id,
            number=call.remote_e164,
        )


class TagRule(TenantOwned):
    """A call that begins to fit every condition told here gets the tag; a condition that is left empty fits every call.

    ``fits`` and ``among`` say the same, of one call and of many. Only ``calls.ledger.ruling`` acts on it.
    """

    tag = models.ForeignKey("calls.Tag", on_delete=models.CASCADE, related_name="rules", help_text=_("What such calls get."))
    direction = models.CharField(max_length=16, blank=True, choices=Direction.choices)
    disposition = models.CharField(
        _("result"),
        max_length=16,
        blank=True,
        choices=Disposition.choices,
        help_text=_("How the call came out, once it is over."),
    )
    line = models.ForeignKey(
        "calls.Line",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="+",
        help_text=_("The number or extension of yours that it went over. The rule goes with its line."),
    )
    number_prefix = models.CharField(
        _("number begins with"),
        max_length=16,
        blank=True,
        validators=[PREFIX_RULE],
        help_text=_("The other party's number, such as +46 70 for Swedish mobiles."),
    )
    least_ms = models.BigIntegerField(_("lasted at least"), null=True, blank=True)
    most_ms = models.BigIntegerField(_("lasted at most"), null=True, blank=True)
    is_active = models.BooleanField(
        _("active"), default=True, help_text=_("Off: calls are not tagged by it; what it would tag is shown all the same.")
    )

    class Meta:
        ordering = ["tag__name", "created_at", "id"]
        constraints = [
            models.CheckConstraint(
                name="tag_rule_has_a_condition",
                condition=~Q(direction="", disposition="", number_prefix="")
                | Q(line__isnull=False)
                | Q(least_ms__isnull=False)
                | Q(most_ms__isnull=False),
                violation_error_message=_("Tell at least one condition: without any, every call would get the tag."),
            ),
            models.CheckConstraint(
                name="tag_rule_lengths_are_in_order",
                condition=Q(least_ms__isnull=True) | Q(most_ms__isnull=True) | Q(least_ms__lte=models.F("most_ms")),
                violation_error_message=_("No call lasts at least longer than it lasts at most."),
            ),
        ]
        indexes = [models.Index(fields=["tenant"], condition=Q(is_active=True), name="active_tag_rules")]

    def __str__(self) -> str:
        return str(_("Rule for “%(tag)s”") % {"tag": self.tag})

    def fits(self, facts: RuledFacts) -> bool:
        """Whether a call with these facts fits."""
        if self.least_ms is not None or self.most_ms is not None:
            if facts.duration_ms is None or facts.duration_ms < (self.least_ms or 0):
                return False
            if self.most_ms is not None and facts.duration_ms > self.most_ms:
                return False
        return (
            self.direction in ("", facts.direction)
            and self.disposition in ("", facts.disposition)
            and self.line_id in (None, facts.line_id)
            and facts.number.startswith(self.number_prefix)
        )

    def among(self, calls: CallQuerySet) -> CallQuerySet:
        """Those of ``calls`` that fit."""
        told: dict[str, Any] = {"direction": self.direction, "disposition": self.disposition, "line": self.line_id}
        told |= {
            "remote_e164__startswith": self.number_prefix,
            "duration_ms__gte": self.least_ms,
            "duration_ms__lte": self.most_ms,
        }
        if self.disposition or self.least_ms is not None or self.most_ms is not None:
            told["state"] = State.ENDED
        return calls.filter(tenant=self.tenant_id, **{name: value for name, value in told.items() if value not in ("", None)})
