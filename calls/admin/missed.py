"""Missed calls that wait to be returned: the queue, what people decide about it, and how well calls are returned."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.timesince import timesince
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextInputWidget

from calls import missed
from calls.admin import cells
from calls.admin.missed_list import MissedList, ScopeFilter
from calls.choices import MissedState
from calls.finding import is_number
from calls.missed.acting import LONGEST_OUTCOME
from calls.models import MissedCall
from calls.models.missed import MissedCallQuerySet
from contacts import dialing
from contacts.phone import read_number, readable
from tenants.choices import Role
from tenants.reach import reach_of
from tenants.scoped_admin import RelatedFilter, TenantForm, TenantModelAdmin

MORNING = time(8)
_TONES = {MissedState.OPEN: "bad", MissedState.RETURNED: "good", MissedState.DONE: "plain"}


class MissedForm(TenantForm):
    """Who returns it, when, and what came of it."""

    class Meta:
        help_texts = {"outcome": _("Write what came of it to be done with it. Leave it empty to let it wait.")}


class DoneForm(forms.Form):
    """What came of those that one is done with."""

    outcome = forms.CharField(
        label=_("What came of it"),
        required=False,
        max_length=LONGEST_OUTCOME,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Such as “wrote a mail” or “wrong number”. It may stay empty."),
    )


@admin.register(MissedCall)
class MissedCallAdmin(TenantModelAdmin):
    """People who tried to reach us in vain. The log fills and empties the queue; staff say who returns what, and when."""

    form = MissedForm
    locks_changed = False  # the queue's cursor comes first, see ``missed.acting``
    list_display = ["who", "waited", "tried", "last_agent", "status", "assignee"]
    list_display_links = ["waited"]
    list_filter = [ScopeFilter, ("agent", RelatedFilter), ("center", RelatedFilter)]
    list_before_template = "admin/calls/missedcall/scopes.html"
    search_fields = ["number", "last_call__remote_name__folds", "last_call__contact__name__folds"]
    search_help_text = _("Number in any spelling, or a name")
    first_step = _("Nobody waits to be called back. Missed calls come here by themselves, and leave when a call is answered.")
    ordering = ["-last_at", "-id"]
    sortable_by = ["waited", "tried"]
    fields = ["who", "first_tried", "waited", "tried", "last_agent", "status", "assigned_to", "snoozed_until", "outcome"]
    readonly_fields = ["who", "first_tried", "waited", "tried", "last_agent", "status"]
    actions = ["assign_to_me", "give_back", "put_off_an_hour", "put_off_until_tomorrow", "be_done"]

    class Media:
        js = dialing.SCRIPTS
        css = dialing.STYLES

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        related = ("last_call__contact", "agent", "assigned_to", "tenant")  # a call that was removed is none then, not an error
        return super().get_queryset(request).select_related(*related)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> MissedCall | None:
        row: MissedCall | None = super().get_object(request, object_id, from_field)
        if row is not None:
            row.is_dialled = dialing.may_dial(request, row)  # type: ignore[attr-defined]
        return row

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[QuerySet[Any], bool]:
        if not is_number(search_term.strip()):
            return super().get_search_results(request, queryset, search_term)
        places = reach_of(request).tenants().places()
        keys = {number.key for number in (read_number(search_term, place) for place in places) if number.key}
        digits = "".join(sign for sign in search_term if sign.isdigit()).lstrip("0")
        return queryset.filter(Q(match_key__in=keys) | Q(number__contains=digits)), False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[MissedList]:
        return MissedList

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.state == MissedState.OPEN)

    # What is shown

    @display(description=_("who"))
    def who(self, row: MissedCall) -> Any:
        """Name, number, and a button to call back."""
        call = row.last_call
        known = call.contact if call else None
        name = known.name if known else call.remote_name if call else ""
        told = row.shown_number
        button = dialing.dial_button(told, row.tenant_id, e164=row.e164, name=name) if _is_dialled(row) else ""
        number = format_html("{}{}", cells.number_link(told, readable(row.e164, told)), button) if told else cells.NOTHING
        shown = format_html('<span class="ch-name"><bdi>{}</bdi></span>', name) if name else ""
        return format_html('<span class="ch-party">{}<span class="ch-dim">{}</span></span>', shown, number)

    @display(description=_("last tried"), ordering="last_at")
    def waited(self, row: MissedCall) -> Any:
        """How long ago, and when."""
        ago = timesince(row.last_at, depth=1) if row.last_at <= timezone.now() else ""
        said = gettext("%(time)s ago") % {"time": ago} if ago else ""
        return format_html('<span class="ch-party">{} <span class="ch-dim">{}</span></span>', said, cells.moment(row.last_at))

    @display(description=_("first tried"))
    def first_tried(self, row: MissedCall) -> Any:
        """When they first rang in vain."""
        return cells.moment(row.first_at, exact=True)

    @display(description=_("tries"), ordering="tries")
    def tried(self, row: MissedCall) -> str:
        """How often they rang, and we."""
        theirs = ngettext("%(n)s time", "%(n)s times", row.tries) % {"n": row.tries}
        ours = ngettext("%(n)s call back in vain", "%(n)s calls back in vain", row.callbacks) % {"n": row.callbacks}
        return f"{theirs} · {ours}" if row.callbacks else theirs

    @display(description=_("last agent"))
    def last_agent(self, row: MissedCall) -> str:
        """Who last had to do with the number."""
        return str(row.agent) if row.agent else cells.NOTHING

    @display(description=_("state"))
    def status(self, row: MissedCall) -> Any:
        """Whether it waits, is put off, was returned by which call, or done with by whom."""
        if row.state == MissedState.OPEN and row.snoozed_until and row.snoozed_until > timezone.now():
            until = format_html("{} {}", gettext("until"), cells.moment(row.snoozed_until))
            return cells.row(cells.badge(gettext("Put off"), "info"), until)
        badge = cells.badge(row.get_state_display(), _TONES[MissedState(row.state)])
        return cells.row(badge, returned_link(row), row.outcome)

    @display(description=_("assigned to"))
    def assignee(self, row: MissedCall) -> str:
        """Who is to return it."""
        return str(row.assigned_to) if row.assigned_to else cells.NOTHING

    # What is decided

    def save_model(self, request: HttpRequest, obj: MissedCall, form: Any, change: bool) -> None:
        rows: Any = MissedCall.objects.filter(pk=obj.pk)
        changed, is_open = set(form.changed_data), 1
        if "assigned_to" in changed:
            is_open = missed.assign(rows, obj.assigned_to)
        if is_open and "snoozed_until" in changed:
            is_open = missed.snooze(rows, obj.snoozed_until)
        if is_open and obj.outcome.strip():
            is_open = missed.finish(rows, obj.outcome.strip(), actor=reach_of(request).user)
        if not is_open:
            messages.warning(request, gettext("It was returned or done with meanwhile. Nothing was changed."))

    @action(description=_("Assign to me"), permissions=["change"])
    def assign_to_me(self, request: HttpRequest, queryset: Any) -> None:
        """Take them on."""
        self._say(request, missed.assign(self._own(request, queryset), reach_of(request).user))

    @action(description=_("Assign to nobody"), permissions=["change"])
    def give_back(self, request: HttpRequest, queryset: Any) -> None:
        """Let anybody take them."""
        self._say(request, missed.assign(self._own(request, queryset), None))

    @action(description=_("Put off for an hour"), permissions=["change"])
    def put_off_an_hour(self, request: HttpRequest, queryset: Any) -> None:
        """They wait again in an hour."""
        self._say(request, missed.snooze(self._own(request, queryset), timezone.now() + timedelta(hours=1)))

    @action(description=_("Put off until tomorrow morning"), permissions=["change"])
    def put_off_until_tomorrow(self, request: HttpRequest, queryset: Any) -> None:
        """They wait again at eight tomorrow, in the viewer's zone."""
        tomorrow = timezone.localdate() + timedelta(days=1)
        until = datetime.combine(tomorrow, MORNING, tzinfo=timezone.get_current_timezone())
        self._say(request, missed.snooze(self._own(request, queryset), until))

    @action(description=_("Be done with them"), permissions=["change"])
    def be_done(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        """Ask what came of it, then be done with them."""
        rows = self._own(request, queryset)
        form = DoneForm(request.POST if "outcome" in request.POST else None)
        if form.is_valid():
            self._say(request, missed.finish(rows, form.cleaned_data["outcome"].strip(), actor=reach_of(request).user))
            return None
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Be done with missed calls"),
            "form": form,
            "count": rows.open().count(),
            "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
            "checkbox": ACTION_CHECKBOX_NAME,
            "across": request.POST.get("select_across", "0"),
        }
        return TemplateResponse(request, "admin/calls/missedcall/done.html", context)

    def _own(self, request: HttpRequest, queryset: Any) -> MissedCallQuerySet:
        """Rows by their ids, as an update takes no joins; all of tenants in which the person may."""
        reach, chosen = reach_of(request), queryset.order_by().values("pk")
        tenants = set(queryset.order_by().values_list("tenant_id", flat=True).distinct())
        if not all(reach.may(Role.AGENT, tenant_id) for tenant_id in tenants):
            raise PermissionDenied
        return MissedCall.objects.filter(pk__in=chosen)

    def _say(self, request: HttpRequest, count: int) -> None:
        messages.success(request, ngettext("%(n)s was changed.", "%(n)s were changed.", count) % {"n": count})


def returned_link(row: MissedCall) -> Any:
    """A link to the call that returned it; nothing where it was not returned."""
    if row.returned_by_id is None:
        return ""
    address = reverse("admin:calls_call_change", args=[row.returned_by_id])
    return format_html('<a class="ch-link" href="{}">{}</a>', address, cells.moment(row.returned_at))


def _is_dialled(row: MissedCall) -> bool:
    return bool(getattr(row, "is_dialled", False))
