"""What is done to an endpoint by a button: each asks once, then calls the same function as the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from calls import webhooks
from calls.admin.webhook_form import SendTestForm
from calls.choices import EndpointState
from calls.models import Delivery, WebhookEndpoint

FAILED, ALL = "failed", "all"


class ReplayForm(forms.Form):
    """What to send again, in the viewer's time."""

    what = forms.ChoiceField(
        label=_("What"),
        choices=[(FAILED, _("What never arrived")), (ALL, _("Everything"))],
        widget=UnfoldAdminSelectWidget,
        help_text=_("Messages keep their ids and their very bytes, so that a receiver knows those it has already."),
    )
    since = forms.DateTimeField(label=_("Made at this time or later"), required=False, help_text=_("Empty: from the first."))
    until = forms.DateTimeField(label=_("Made before this time"), required=False, help_text=_("Empty: to the last."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("since", "until"):
            widget = UnfoldAdminTextInputWidget(attrs={"type": "datetime-local", "step": "1"})
            self.fields[name].widget = widget

    def rows(self, endpoint: WebhookEndpoint) -> QuerySet[Delivery]:
        """The deliveries that are meant."""
        since, until = self.cleaned_data["since"], self.cleaned_data["until"]
        rows = Delivery.objects.filter(endpoint=endpoint).made_between(since, until)
        return rows.lost() if self.cleaned_data["what"] == FAILED else rows


class Doings:
    """The buttons of an endpoint's page. ``own`` gives the row where it may be changed."""

    admin_site: Any
    opts: Any
    own: Callable[[HttpRequest, str | None], WebhookEndpoint | None]
    log_change: Callable[..., Any]

    def has_active_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Whether it is theirs and active."""
        row = self.own(request, object_id)
        return row is not None and row.state == EndpointState.ACTIVE

    def has_resting_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Whether it is theirs, and paused or disabled."""
        row = self.own(request, object_id)
        return row is not None and row.state != EndpointState.ACTIVE

    def has_told_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Whether it is theirs and messages are kept for it."""
        row = self.own(request, object_id)
        return row is not None and row.state != EndpointState.DISABLED

    def has_own_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Whether it is theirs."""
        return self.own(request, object_id) is not None

    @action(description=_("Pause"), url_path="pause", permissions=["active"], icon="pause")
    def pause(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Send nothing for a while."""
        row = self._row(request, object_id)
        if request.method != "POST":
            says = gettext("Nothing is sent until it is resumed. What happens meanwhile is kept for it.")
            return self._ask(request, row, _("Pause it?"), says, _("Pause"))
        done = webhooks.pause(row)
        return self._done(request, row, gettext("It is paused.") if done else gettext("It was not active."))

    @action(description=_("Resume"), url_path="resume", permissions=["resting"], icon="play_arrow")
    def resume(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Send again."""
        row = self._row(request, object_id)
        if request.method != "POST":
            says = gettext("What was kept for it while it was paused is sent now.")
            if row.state == EndpointState.DISABLED:
                says = gettext("It is told of what happens from now on. What was cancelled can be sent again afterwards.")
            return self._ask(request, row, _("Resume it?"), says, _("Resume"))
        done = webhooks.resume(row)
        return self._done(request, row, gettext("It is active again.") if done else gettext("It was active already."))

    @action(description=_("Send a test"), url_path="test", permissions=["active"], icon="send")
    def fire(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Send an example of a message."""
        row = self._row(request, object_id)
        form = SendTestForm(row.format, request.POST or None)
        if request.method != "POST" or not form.is_valid():
            says = gettext("It is sent as any other message is, whatever the filter says.")
            return self._ask(request, row, _("Send a test?"), says, _("Send"), form=form)
        try:
            delivery = webhooks.fire_test(row, form.cleaned_data["event"])
        except webhooks.WebhookError as error:  # paused since the page was made
            messages.error(request, error.message)
            return HttpResponseRedirect(_page_of(row))
        return self._done(request, row, gettext("It is on its way."), reverse("admin:calls_delivery_change", args=[delivery.pk]))

    @action(description=_("Send again"), url_path="replay", permissions=["told"], icon="replay")
    def again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask what, say how many these are, then send them again."""
        row = self._row(request, object_id)
        given = request.POST if request.method == "POST" else request.GET
        form = ReplayForm(given if "what" in given else None)
        if not form.is_valid():
            says = gettext("Choose what is sent again. You see how many messages these are before anything is sent.")
            return self._ask(request, row, _("Send again"), says, _("Count them"), form=form, method="get")
        rows = form.rows(row)
        if request.method == "POST":
            return self._done(request, row, said_again(webhooks.replay_all(rows)))
        count = webhooks.replayable(rows).count()
        button = _("Send them again") if count else None
        context = {"hidden": [(name, given.get(name, "")) for name in form.fields]}
        return self._ask(request, row, _("Send again?"), said_before(count), button, **context)

    @action(description=_("Renew the secret"), url_path="renew", permissions=["own"], icon="key")
    def renew(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Give it another secret, which this answer alone shows."""
        row = self._row(request, object_id)
        if request.method != "POST":
            says = gettext(
                "For 24 hours messages are signed with both secrets, so that the receiver can change over in its time."
            )
            return self._ask(request, row, _("Renew the secret?"), says, _("Renew"))
        secret = webhooks.rotate_secret(row)
        self.log_change(request, row, gettext("Secret renewed."))
        return self.show_secret(request, row, secret, _("Secret renewed"))

    def show_secret(self, request: HttpRequest, row: WebhookEndpoint, secret: str, title: Any) -> HttpResponse:
        """The only page that shows the secret. It answers the POST itself, so that the secret is written down nowhere."""
        context = {**self._context(request, row, title), "secret": secret, "back": _page_of(row)}
        shown = "admin/calls/webhookendpoint/secret.html"
        return TemplateResponse(request, shown, context, headers={"Cache-Control": "no-store"})

    def _row(self, request: HttpRequest, object_id: str) -> WebhookEndpoint:
        """The row, which the permission of the button has found already."""
        row = self.own(request, object_id)
        assert row is not None
        return row

    def _ask(
        self, request: HttpRequest, row: WebhookEndpoint, title: Any, says: str, button: Any, **context: Any
    ) -> HttpResponse:
        asked = {"says": says, "button": button, "back": _page_of(row), "method": "post", **context}
        context = {**self._context(request, row, title), **asked}
        return TemplateResponse(request, "admin/calls/webhookendpoint/ask.html", context)

    def _context(self, request: HttpRequest, row: WebhookEndpoint, title: Any) -> dict[str, Any]:
        return {**self.admin_site.each_context(request), "opts": self.opts, "title": title, "endpoint": row}

    def _done(self, request: HttpRequest, row: WebhookEndpoint, said: str, leads_to: str = "") -> HttpResponse:
        self.log_change(request, row, said)
        messages.success(request, said)
        return HttpResponseRedirect(leads_to or _page_of(row))


def said_before(count: int) -> str:
    """How many would be sent again."""
    if not count:
        return gettext("There is nothing to send again: no such message, its call was removed, or its endpoint is disabled.")
    told = ngettext("%(count)s message is sent again.", "%(count)s messages are sent again.", count) % {"count": count}
    return f"{told} " + gettext("Each keeps its id and its very bytes.")


def said_again(count: int) -> str:
    """How many are sent again."""
    said = ngettext("%(count)s message is sent again now.", "%(count)s messages are sent again now.", count)
    return said % {"count": count}


def _page_of(row: WebhookEndpoint) -> str:
    return reverse("admin:calls_webhookendpoint_change", args=[row.pk])
