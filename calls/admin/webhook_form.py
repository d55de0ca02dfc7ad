"""The form of a webhook endpoint: every field says what it does, and nothing that is secret comes back out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminTextareaWidget,
)

from calls import webhooks
from calls.choices import Direction, Disposition, WebhookEvent
from calls.ledger.judging import LONGEST_MS
from calls.models import Call, Line, Tag
from contacts.models import Agent, Company
from tenants.chosen import ChosenRows
from tenants.scoped_admin import TenantForm
from tenants.sealing import Unreadable

HIDDEN = "•••"  # stands for a value that is kept
_HELP = {
    "name": _("What you call it. Empty: it is called by its host."),
    "url": _(
        "Where messages are sent: https (or http), reachable from the internet. FoneStorm's formats fill in {{tokens}} such as "
        "{{uid}} or {{from}} in path and query."
    ),
    "format": _(
        "JSON tells everything and is signed the same way as FoneStorm's three, which know a call's begin and end alone."
    ),
    "is_thin": _("Send the ids alone; the receiver fetches the call from the API when it wants it."),
    "template": _(
        "For receivers that want a body of their own form: a JSON object with {{tokens}} as texts, such as {{data.call.notes}}. "
        "Empty: the usual body."
    ),
    "username": _("Sent with the password as HTTP Basic. Empty: none is sent."),
    "in_flight_limit": _("How many requests it gets at the same time, 1 to 10. With 1 they come in their order."),
}


class SecondsField(forms.FloatField):
    """Seconds on the screen, whole milliseconds inside."""

    widget = UnfoldAdminIntegerFieldWidget

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, int):
            return value  # what a person typed
        return value / 1000 if value % 1000 else value // 1000

    def clean(self, value: Any) -> int | None:
        seconds = super().clean(value)
        return None if seconds is None else round(seconds * 1000)


class RowsField(forms.ModelMultipleChoiceField):
    """Rows found by typing, kept as the texts of their ids."""

    def __init__(self, model: type[Model], like: str, **kwargs: Any) -> None:
        widget = ChosenRows(Call._meta.get_field(like), admin.site)
        super().__init__(model._default_manager.all(), widget=widget, required=False, **kwargs)

    def clean(self, value: Any) -> Any:
        return sorted(str(key) for key in super().clean(value).values_list("pk", flat=True))


def _words(words: Any, **kwargs: Any) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(choices=words, required=False, widget=UnfoldAdminCheckboxSelectMultipleWidget, **kwargs)


class WebhookForm(TenantForm):
    """An endpoint. ``refusal`` is what is wrong with its address, found out before the transaction that saves it."""

    refusal: ValidationError | None = None

    headers = forms.CharField(
        label=_("Own headers"),
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text=_(
            "One on each line, such as “X-Key: 123”. Values are kept like secrets: “•••” stands for one that stays as it is."
        ),
    )
    password = forms.CharField(
        label=_("Password"),
        required=False,
        max_length=200,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text=_("Never shown again. Empty: it stays as it is."),
    )
    event_types = _words(
        [(event.value, event.label) for event in webhooks.SUBSCRIBABLE],
        label=_("Messages"),
        help_text=_("Which messages are sent. None ticked: all of them."),
    )
    directions = _words(Direction.choices, label=_("Directions"), help_text=_("Calls that go these ways. None ticked: all."))
    dispositions = _words(
        Disposition.choices,
        label=pgettext_lazy("how calls ended", "Outcomes"),
        help_text=_("Calls that came out like this. Calls that go on have no outcome yet: they are not told. None ticked: all."),
    )
    line_ids = RowsField(Line, "line", label=_("Lines"), help_text=_("Calls over these numbers. Empty: all."))
    agent_ids = RowsField(Agent, "agent", label=_("Agents"), help_text=_("Calls of these agents. Empty: all."))
    company_ids = RowsField(Company, "company", label=_("Companies"), help_text=_("Calls with these companies. Empty: all."))
    tag_ids = RowsField(Tag, "tags", label=_("Tags"), help_text=_("Calls with one of these tags. Empty: all."))
    least_duration_ms = SecondsField(
        label=_("Minimum duration"),
        required=False,
        min_value=0,
        max_value=LONGEST_MS / 1000,
        help_text=_("In seconds. Only calls that lasted so long or longer; calls that go on are not told. Empty: all."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, text in _HELP.items():
            if name in self.fields:
                self.fields[name].help_text = text
        if "template" in self.fields:
            self.fields["template"].widget.attrs["rows"] = 5
        self.stored_headers = _headers_of(self.instance)
        self.initial["headers"] = "\n".join(f"{name}: {HIDDEN}" for name in self.stored_headers)

    def clean_headers(self) -> dict[str, str]:
        """Names and values; a hidden value is the one that was kept."""
        found: dict[str, str] = {}
        for line in filter(None, map(str.strip, self.cleaned_data["headers"].splitlines())):
            name, colon, value = (part.strip() for part in line.partition(":"))
            if not colon:
                raise ValidationError(
                    _("“%(line)s” is no header: write a name, a colon and a value."), params={"line": line[:60]}
                )
            if name in found:
                raise ValidationError(_("A header is there twice."))
            if value == HIDDEN and name not in self.stored_headers:
                raise ValidationError(_("Write the value of “%(name)s”."), params={"name": name[:60]})
            found[name] = self.stored_headers[name] if value == HIDDEN else value
        return found

    def _post_clean(self) -> None:
        """Fill in the row and have it judged, as every door does."""
        given = self.cleaned_data
        if "headers" in given:
            self.instance.headers = given["headers"]
        if given.get("password") or not given.get("username"):
            self.instance.password = given.get("password", "")
        super()._post_clean()  # type: ignore[misc]
        if not self.errors:
            try:
                webhooks.check(self.instance, looks_up=False)
            except ValidationError as error:
                self.add_error(None, error)
        if self.refusal is not None and "url" not in self.errors:
            self.add_error(None, self.refusal)


class SendTestForm(forms.Form):
    """Which message an example is of."""

    event = forms.ChoiceField(label=_("Message"), help_text=_("An example is sent, made of a call that never was."))

    def __init__(self, format: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        events = [WebhookEvent.TEST, *webhooks.SUBSCRIBABLE]
        self.fields["event"].choices = [(e.value, e.label) for e in events if webhooks.fits(format, e)]  # type: ignore[attr-defined]


def _headers_of(endpoint: Any) -> Mapping[str, str]:
    """Those it has; none where they were sealed under another secret key, so that they can be written anew."""
    try:
        headers: Mapping[str, str] = endpoint.headers
    except Unreadable:
        return {}
    return headers


def address_in_words(url: str) -> str:
    """An address short enough for a list, without its query, which may be a secret."""
    shown = url.partition("?")[0]
    return shown if len(shown) <= 60 else gettext("%(start)s…") % {"start": shown[:60]}
