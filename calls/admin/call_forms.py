"""The forms of a call: logging one by hand, correcting it, and what may be changed of any that is logged."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget, UnfoldBooleanWidget

from calls import ledger
from calls.admin.outcome_field import demand_outcome, offer_outcomes
from calls.choices import MISSED, Direction, Disposition, Source, State
from calls.drafts import CallChanges, CallDraft, PartyDraft
from calls.errors import InvalidCall
from calls.ledger.judging import LONGEST_MS
from calls.models import Call
from calls.models.note import LONGEST_NOTE
from contacts.matching import AgentHint, ContactHint
from contacts.phone import read_number
from tenants.scoped_admin import TenantForm

LONGEST_NUMBER = 18  # digits: 15 of a number (ITU-T E.164) and an exit code
_TOLD_AS_IS = ("note", "outcome", "is_flagged", "flag_notes", "flag_resolution")
# Where the form shows what the ledger says of a draft's field.
_SHOWN_AT = {
    "ended_at": "duration",
    "duration_ms": "duration",
    "ring_ms": "waiting",
    "talk_ms": "duration",
    "remote": "remote_number",
}


class LengthField(forms.CharField):
    """A length as people say it: ``95`` seconds, ``1:35``, ``1:02:05``. Gives whole milliseconds, or None where empty."""

    widget = UnfoldAdminTextInputWidget

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text:
            return None
        parts = text.split(":")
        if not (1 <= len(parts) <= 3 and all(part.isascii() and part.isdigit() and len(part) <= 8 for part in parts)):
            raise forms.ValidationError(_("Write seconds, such as 95, or minutes and seconds, such as 1:35."))
        seconds = 0
        for part in parts:
            seconds = seconds * 60 + int(part)
        if seconds * 1000 > LONGEST_MS:
            raise forms.ValidationError(_("A call lasts 366 days at most."))
        return seconds * 1000


def _shorten(form: forms.ModelForm) -> None:
    """Text areas no taller than what people write about a call."""
    for name, rows in (("notes", 4), ("note", 3), ("flag_notes", 2), ("flag_resolution", 2)):
        if name in form.fields:
            form.fields[name].widget.attrs["rows"] = rows


class CallForm(TenantForm):
    """What staff may change."""

    note = forms.CharField(
        required=False,
        max_length=LONGEST_NOTE,
        label=_("Add a note"),
        widget=UnfoldAdminTextareaWidget,
        help_text=_("Yours, with your name and the time. What you type is kept on this device until you save it."),
    )
    flag_resolution = forms.CharField(
        required=False,
        max_length=2000,
        label=_("How it was solved"),
        widget=UnfoldAdminTextareaWidget,
        help_text=_("Told when you take the flag off; who did it and when is noted with it."),
    )

    class Meta:
        model = Call
        fields = ["outcome", "tags", "is_flagged", "flag_notes", "contact"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stored_version = self.instance.version
        if "contact" in self.fields:
            self.fields["contact"].help_text = _("Your choice is kept: matching never changes it. Empty means nobody you know.")
        if "flag_notes" in self.fields:
            self.fields["flag_notes"].label = _("Why it is flagged")
        if not self.instance.is_flagged:
            self.fields.pop("flag_resolution", None)
        if "note" in self.fields:
            kept = {"data-draft": f"note:{self.instance.pk}:{self.reach.user.pk}", "data-kept": _("Kept on this device, {time}")}
            self.fields["note"].widget.attrs |= kept
        offer_outcomes(self)
        _shorten(self)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if "flag_resolution" in self.fields and not cleaned.get("is_flagged") and not cleaned.get("flag_resolution"):
            self.add_error("flag_resolution", _("Say how it was solved, so that the next reader need not ask."))
        if self.instance.state == State.ENDED and self.instance.disposition == Disposition.ANSWERED:
            demand_outcome(self, self.instance.tenant, cleaned)
        return cleaned

    @property
    def changes(self) -> CallChanges:
        """What was changed, for the ledger."""
        told = {name: self.cleaned_data[name] for name in self.changed_data if name in self.cleaned_data}
        changes: dict[str, Any] = {name: told[name] for name in _TOLD_AS_IS if name in told}
        if "tags" in told:
            changes["tags"] = tuple(tag.name for tag in told["tags"])
        if "contact" in told:
            changes["chosen_contact"] = str(told["contact"].pk) if told["contact"] else None
        return CallChanges(**changes)


class ByHandForm(TenantForm):
    """What a person says of a call that no phone system logged: with whom, when, how long and how it came out."""

    remote_number = forms.CharField(
        required=False,
        max_length=128,
        label=_("Other party's number"),
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "tel", "autocomplete": "off"}),
        help_text=_("In any spelling. Leave empty where it was withheld."),
    )
    remote_name = forms.CharField(required=False, max_length=200, label=_("Their name"), widget=UnfoldAdminTextInputWidget)
    duration = LengthField(
        required=False, label=_("Duration"), help_text=_("From the first ring to the end: 95 seconds or 1:35.")
    )
    is_going_on = forms.BooleanField(required=False, label=_("Still in progress"), widget=UnfoldBooleanWidget)
    waiting = LengthField(
        required=False, label=pgettext_lazy("a length", "Waiting"), help_text=_("How long it rang, in the same way.")
    )

    class Meta:
        model = Call
        fields = ["direction", "disposition", "started_at"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        self._check_number(cleaned.get("remote_number", ""))
        if "disposition" in cleaned and "duration" in cleaned:
            self._check_length(cleaned)
        return cleaned

    def _check_number(self, text: str) -> None:
        """Refuse words and endless digits; a SIP address is as good as a number."""
        if not text or self.instance.tenant_id is None or text.lower().startswith(("sip:", "sips:")):
            return
        number = read_number(text, self.instance.tenant.place)
        digits = number.digits.lstrip("0")
        has_words = any(sign.isalpha() for sign in text)
        is_number = bool(number.e164) or (bool(number.key) and 0 < len(digits) <= LONGEST_NUMBER and not has_words)
        is_endless = sum(sign.isdigit() for sign in text) > LONGEST_NUMBER  # also of zeros, which mark a withheld one
        if is_endless or not (is_number or number.is_withheld):
            self.add_error("remote_number", _("This is not a phone number. Leave it empty where it was withheld."))

    def _check_length(self, cleaned: dict[str, Any]) -> None:
        """Have a call either a length or be in progress; one that was not taken is over."""
        is_over = cleaned["disposition"] in MISSED
        if cleaned.get("is_going_on") and (is_over or cleaned["duration"] is not None):
            self.add_error("is_going_on", _("A call with a duration, or that was not answered, has ended."))
        if not (cleaned.get("is_going_on") or is_over) and cleaned["duration"] is None:
            self.add_error("duration", _("Enter how long it lasted, or tick “Still in progress”."))

    def show_faults(self, refused: InvalidCall) -> None:
        """Show what the ledger refuses at the fields it concerns."""
        for name, message in refused.fields.items():
            shown_at = _SHOWN_AT.get(name, name)
            self.add_error(shown_at if shown_at in self.fields else None, message)


class NewCallForm(ByHandForm):
    """A call logged by hand."""

    class Meta:
        model = Call
        fields = [
            "direction", "disposition", "started_at", "contact", "agent", "center",
            "notes", "outcome", "tags", "is_flagged", "flag_notes",
        ]  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("direction", Direction.INBOUND)
        self.initial.setdefault("disposition", Disposition.ANSWERED)
        self.initial.setdefault("started_at", timezone.now().replace(second=0, microsecond=0))
        offer_outcomes(self)
        _shorten(self)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not self.errors and self.instance.tenant_id is not None:
            try:
                ledger.check(self.instance.tenant, self.draft)
            except InvalidCall as error:
                self.show_faults(error)
            if cleaned.get("duration") is not None and cleaned.get("disposition") == Disposition.ANSWERED:
                demand_outcome(self, self.instance.tenant, cleaned)
        return cleaned

    @property
    def draft(self) -> CallDraft:
        """The call as it was told."""
        told = self.cleaned_data
        return CallDraft(
            source=Source.ADMIN,
            direction=Direction(told["direction"]),
            disposition=Disposition(told["disposition"]),
            started_at=told["started_at"],
            duration_ms=told.get("duration"),
            ring_ms=told.get("waiting"),
            remote=PartyDraft(number=told["remote_number"], name=told["remote_name"]),
            contact=ContactHint(id=str(told["contact"].pk)) if told.get("contact") else ContactHint(),
            agent=AgentHint(id=str(told["agent"].pk)) if told.get("agent") else AgentHint(user=self.reach.user),
            center_id=str(told["center"].pk) if told.get("center") else "",
            notes=told["notes"],
            outcome=told["outcome"],
            tags=tuple(tag.name for tag in told["tags"]),
            is_flagged=told["is_flagged"],
            flag_notes=told["flag_notes"],
        )


class CorrectionForm(ByHandForm):
    """Another telling of a call that was logged by hand. ``read_version`` is the version its author saw."""

    read_version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        call = self.instance
        said = {
            "remote_number": call.remote_raw,
            "remote_name": call.remote_name,
            "duration": _as_said(call.duration_ms),
            "waiting": _as_said(call.ring_ms),
            "is_going_on": call.state != State.ENDED,
            "read_version": call.version,
        }
        self.initial.update(said)
        if call.ended_at is not None:
            del self.fields["is_going_on"]

    @property
    def changes(self) -> CallChanges:
        """What was said, for the ledger."""
        told = self.cleaned_data
        changes: dict[str, Any] = {"started_at": told["started_at"], "ring_ms": told["waiting"]}
        changes["disposition"] = Disposition(told["disposition"])
        length = told["duration"]
        if length is None and told["disposition"] in MISSED:
            length = told["waiting"] or 0
        if length is not None:
            changes["ended_at"] = told["started_at"] + timedelta(milliseconds=length)
        if "direction" in self.changed_data:
            changes["direction"] = Direction(told["direction"])
        if {"remote_number", "remote_name"} & set(self.changed_data):
            changes["remote"] = PartyDraft(number=told["remote_number"], name=told["remote_name"])
        return CallChanges(**changes)


def _as_said(length_ms: int | None) -> str:
    """A length as the form reads it, in whole seconds."""
    if length_ms is None:
        return ""
    minutes, seconds = divmod(round(length_ms / 1000), 60)
    return f"{minutes}:{seconds:02}"
