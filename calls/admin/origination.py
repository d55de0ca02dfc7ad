"""Originations: the calls people and programs had made, and the addresses that the dialog for calling uses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter
from unfold.decorators import display

from calls import dialer
from calls.admin import cells, dial, origination_page
from calls.admin.call_filters import StartedFilter
from calls.choices import ORIGINATION_LIVE
from calls.errors import CallError
from calls.finding import search
from calls.models import Call, Origination
from calls.telephony.simulator import SimulatorBackend
from contacts import dialing
from contacts.dialing import DialingList
from tenants.models import Membership
from tenants.reach import reach_of
from tenants.read_only import ReadOnly
from tenants.scoped_admin import RelatedFilter, TenantModelAdmin

MOST_PEOPLE = 200  # in the filter
MOST_PLAYED = 20  # simulated calls carried on by one look at the list; others go on by themselves


class OriginationList(DialingList):
    """The list; what it shows of a call knows whether its reader may call that number again."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> Any:
        rows = super().get_queryset(request, exclude_parameters)
        return rows.defer("document", "order", "known", "message", "call__document", "call__facts", "call__notes")

    def get_results(self, request: HttpRequest) -> None:
        dialer.refresh_all(self.queryset.filter(state__in=ORIGINATION_LIVE, backend=SimulatorBackend.name)[:MOST_PLAYED])
        super().get_results(request)
        for row in self.result_list:
            row.call.is_dialled = row.is_dialled


class AskedFilter(StartedFilter):
    """Requests of the days from one to another, both included, in the viewer's zone."""

    title = _("asked for")
    parameter_name = "asked"
    ends = ("asked_from", "asked_to")


class RequesterFilter(DropdownFilter):
    """Who asked: members of the tenants their reader sees."""

    title = _("asked by")
    parameter_name = "requester"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Sequence[tuple[str, str]]:
        members = Membership.objects.filter(tenant__in=reach_of(request).tenants()).select_related("user")
        people = {row.user_id: str(row.user) for row in members.order_by("user__username")[:MOST_PEOPLE]}
        return [(str(pk), name) for pk, name in people.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in {key for key, _name in self.lookup_choices}:
            return queryset.none() if self.value() else queryset
        return queryset.filter(requester=self.value())


@admin.register(Origination)
class OriginationAdmin(ReadOnly, TenantModelAdmin):
    """Requests to call. Nothing is edited here: calls are placed and ended through the dialer."""

    list_display = ["created", "called", "status", "result", "billable", "asked_by", "door", "line"]
    list_display_links = ["created"]
    list_filter = [
        ("state", ChoicesDropdownFilter),
        ("disposition", ChoicesDropdownFilter),
        ("door", ChoicesDropdownFilter),
        ("line", RelatedFilter),
        RequesterFilter,
        AskedFilter,
    ]
    list_select_related = ["line", "requester", "call__contact"]
    search_fields = ["call__number_text"]
    search_help_text = _("Number in any spelling, or a name")
    change_form_template = "admin/calls/origination/change_form.html"
    first_step = _("Calls that people and programs had made. To make one, press the telephone beside a number of a contact.")
    ordering = ["-created_at", "-id"]
    sortable_by = ["created", "billable"]
    actions = None
    fields = ["id", "nonce"]
    readonly_fields = fields

    class Media:
        js = [*dialing.SCRIPTS, forms.Script("callhub/follow.js", defer=True)]
        css = dialing.STYLES

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        reach = reach_of(request)
        rows = super().get_queryset(request).select_related("tenant", "call", "line__agent")
        for tenant_id, center_id in reach.centers.items():
            rows = rows.filter(~Q(tenant=tenant_id) | Q(call__center=center_id) | Q(requester=reach.user.pk))
        return rows

    # The list

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[DialingList]:
        return OriginationList

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[QuerySet[Any], bool]:
        if not search_term.strip():
            return queryset, False
        places = reach_of(request).tenants().places()
        found = search(reach_of(request).within(Call.objects.all()), search_term, places)  # type: ignore[arg-type]
        return queryset.filter(call__in=found.values("pk")), False

    @display(description=_("asked for"), ordering="created_at")
    def created(self, row: Origination) -> Any:
        """When it was asked for."""
        return cells.moment(row.created_at)

    @display(description=_("destination"))
    def called(self, row: Origination) -> Any:
        """Whom, with the number."""
        return cells.party(row.call)

    @display(description=_("state"))
    def status(self, row: Origination) -> Any:
        """How far it has come, and whether it was only played."""
        return origination_page.status(row)

    @display(description=_("result"))
    def result(self, row: Origination) -> Any:
        """How it ended, and why."""
        return origination_page.result(row)

    @display(description=_("billable"), ordering="billable_ms")
    def billable(self, row: Origination) -> str:
        """From the destination's answer to its end."""
        return cells.length(row.billable_ms) if row.billable_ms else cells.NOTHING

    @display(description=_("asked by"))
    def asked_by(self, row: Origination) -> str:
        """Who asked."""
        return str(row.requester) if row.requester else cells.NOTHING

    # The page

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> HttpResponse:
        row = context.get("original")
        if row is not None:
            row.call.is_dialled = dialing.may_dial(request, row)
            context |= origination_page.context_of(dialer.refresh(row), reach_of(request))
        return super().render_change_form(request, context, *args, **kwargs)

    def end(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Hang up from the page, and show it again."""
        row = self._find(request, pk)
        if not dial.may_act(reach_of(request), row):
            raise PermissionDenied
        ended = dialer.hang_up(row)
        said = gettext("The call is over.") if not ended.is_live else gettext("The telephone exchange is told to hang up.")
        messages.success(request, said)
        return HttpResponseRedirect(reverse("admin:calls_origination_change", args=[row.pk]))

    # Calling

    def get_urls(self) -> list[Any]:
        view: Callable[..., Any] = self.admin_site.admin_view
        pages = [
            ("progress", require_GET(self.progress)),
            ("end", require_POST(self.end)),
            *((name, require_POST(self.act(name))) for name in _ACTS),
        ]
        return [
            path("dial", view(require_GET(dial.dialog)), name="calls_origination_dial"),
            path("place", view(require_POST(dial.place)), name="calls_origination_place"),
            *(path(f"<uuid:pk>/{name}", view(page), name=f"calls_origination_{name}") for name, page in pages),
            *super().get_urls(),
        ]

    def progress(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """How the call goes; whoever may see it may watch it."""
        return JsonResponse(dial.told(dialer.refresh(self._find(request, pk)), reach_of(request)))

    def act(self, name: str) -> Callable[..., HttpResponse]:
        """The view that does one thing with a call on its way."""

        def view(request: HttpRequest, pk: Any) -> HttpResponse:
            row, reach = self._find(request, pk), reach_of(request)
            if not dial.may_act(reach, row):
                raise PermissionDenied
            try:
                return JsonResponse(dial.told(_ACTS[name](row), reach))
            except CallError as error:
                return dial.refused(error, row.tenant)

        return view

    def _find(self, request: HttpRequest, pk: Any) -> Origination:
        """A request within reach; every other one is none at all."""
        row: Origination | None = self.get_queryset(request).filter(pk=pk).first()
        if row is None:
            raise Http404
        return row


_ACTS = {"hangup": dialer.hang_up, "hold": dialer.hold, "unhold": dialer.unhold}
