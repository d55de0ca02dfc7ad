"""The two forms of a call: logging one by hand, and what may be changed of one that is logged."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from calls import ledger
from calls.admin.outcome_field import demand_outcome, offer_outcomes
from calls.choices import Direction, Disposition, Source, State
from calls.drafts import CallChanges, CallDraft, PartyDraft
from calls.errors import InvalidCall
from calls.ledger.judging import LONGEST_MS
from calls.models import Call
from calls.models.note import LONGEST_NOTE
from contacts.matching import AgentHint, ContactHint
from tenants.scoped_admin import TenantForm

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
    """What staff may change. ``read_version`` is the version they saw, so that nobody undoes a colleague's edit unawares."""

    read_version = forms.IntegerField(widget=forms.HiddenInput, required=False)
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
        self.initial["read_version"] = self.instance.version
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
        if self.has_changed() and cleaned.get("read_version") not in (None, self.stored_version):
            told: Any = self.data
            self.data = told = told.copy()
            told["read_version"] = str(self.stored_version)
            raise forms.ValidationError(
                _("Somebody edited this call while you did. Look at the timeline; save again to put your version in its place.")
            )
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


class NewCallForm(TenantForm):
    """A call logged by hand."""

    remote_number = forms.CharField(
        required=False,
        max_length=128,
        label=_("Other party's number"),
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "tel", "autocomplete": "off"}),
        help_text=_("In any spelling. Leave empty where it was withheld."),
    )
    remote_name = forms.CharField(required=False, max_length=200, label=_("Their name"), widget=UnfoldAdminTextInputWidget)
    duration = LengthField(
        required=False, label=_("Duration"), help_text=_("From ringing to the end: 95 seconds or 1:35. Empty while it goes on.")
    )
    waiting = LengthField(
        required=False, label=pgettext_lazy("a length", "Waiting"), help_text=_("How long it rang, in the same way.")
    )

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
                for name, message in error.fields.items():
                    shown_at = _SHOWN_AT.get(name, name)
                    self.add_error(shown_at if shown_at in self.fields else None, message)
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
