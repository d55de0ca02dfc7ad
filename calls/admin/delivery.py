"""Deliveries: what was sent to whom, each with its attempts, and sending it again. Managers and owners of the whole tenant."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import action, display

from calls import webhooks
from calls.admin import cells, delivery_page
from calls.admin.call_filters import StartedFilter
from calls.admin.webhook_doings import said_again, said_before
from calls.models import Delivery
from tenants.choices import Role
from tenants.read_only import ReadOnly
from tenants.scoped_admin import RelatedFilter, WholeTenantAdmin


class MadeFilter(StartedFilter):
    """Messages made on the days from one to another, both included, in the viewer's zone."""

    title = _("made")
    parameter_name = "made"
    ends = ("made_from", "made_to")

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return super().queryset(request, _Between(queryset))


class _Between:
    """Deliveries by the question that ``StartedFilter`` asks calls."""

    def __init__(self, rows: Any) -> None:
        self.between = rows.made_between


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly, WholeTenantAdmin):
    """Messages of the last 30 days. Nothing is edited here; they are sent again through the engine."""

    view_role = Role.MANAGER
    first_step = _("Messages to webhooks and to the callbacks of numbers show here as soon as something happens to a call.")
    list_display = ["made", "message", "to", "of_call", "status", "attempts", "next_or_done"]
    list_display_links = ["made"]
    list_filter = [
        ("state", ChoicesDropdownFilter),
        ("event_type", ChoicesDropdownFilter),
        ("endpoint", RelatedFilter),
        MadeFilter,
    ]
    list_select_related = ["endpoint"]
    narrowing = ("call_id",)  # the page of a call leads to its messages
    search_fields = ["id"]
    search_help_text = _("A message's or a call's id")
    change_form_template = "admin/calls/delivery/change_form.html"
    ordering = ["-created_at", "-id"]
    sortable_by = ["made"]
    actions = ["replay"]
    actions_detail = ["replay_one"]
    fields = ["id"]
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("tenant", "endpoint").defer("body", "tokens")

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[QuerySet[Any], bool]:
        words = search_term.strip()
        if not words:
            return queryset, False
        try:
            key = UUID(words)
        except ValueError:
            return queryset.none(), False
        return queryset.filter(pk=key) | queryset.filter(call_id=key), False

    def has_replay_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Managers of the whole tenant, for what they see."""
        if object_id is None:
            return self._may(request, Role.MANAGER)
        row = self.get_object(request, object_id)
        return row is not None and self._may(request, Role.MANAGER, row)

    # The list

    @display(description=_("made"), ordering="created_at")
    def made(self, row: Delivery) -> Any:
        """When."""
        return cells.moment(row.created_at)

    @display(description=_("message"))
    def message(self, row: Delivery) -> SafeString:
        """What it tells, and its number among those of its call."""
        number = gettext("number %(sequence)s of its call") % {"sequence": row.sequence} if row.sequence else ""
        return format_html('{}<span class="ch-why">{}</span>', row.get_event_type_display(), number)

    @display(description=_("to"))
    def to(self, row: Delivery) -> SafeString:
        """Its endpoint."""
        address = reverse("admin:calls_webhookendpoint_change", args=[row.endpoint_id])
        return format_html('<a class="ch-link" href="{}"><bdi>{}</bdi></a>', address, row.endpoint)

    @display(description=_("call"))
    def of_call(self, row: Delivery) -> Any:
        """What it is about."""
        return delivery_page.call_link(row)

    @display(description=_("state"))
    def status(self, row: Delivery) -> SafeString:
        """How far it has come, and why no further."""
        return delivery_page.status(row)

    @display(description=_("arrived or next attempt"))
    def next_or_done(self, row: Delivery) -> Any:
        """When it arrived, or will be tried again."""
        return cells.moment(row.due_at if row.is_pending else row.delivered_at)

    @action(description=_("Send again"), permissions=["replay"])
    def replay(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> HttpResponse | None:
        """Say how many these are, then send them again."""
        if request.POST.get("sure") == "yes":
            messages.success(request, said_again(webhooks.replay_all(queryset)))
            return None
        count, chosen = webhooks.replayable(queryset).count(), request.POST.getlist(ACTION_CHECKBOX_NAME)
        hidden = [("action", "replay"), ("sure", "yes"), ("select_across", request.POST.get("select_across", "0"))]
        context = {
            "says": said_before(count),
            "button": _("Send them again") if count else None,
            "hidden": [*hidden, *((ACTION_CHECKBOX_NAME, key) for key in chosen)],
            "back": request.get_full_path(),
        }
        return self._ask(request, context)

    # The page

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> HttpResponse:
        row = context.get("original")
        if row is not None:
            context |= delivery_page.context_of(row)
        return super().render_change_form(request, context, *args, **kwargs)

    @action(description=_("Send again"), url_path="replay", permissions=["replay"], icon="replay")
    def replay_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask once, then send it again."""
        row: Delivery | None = self.get_object(request, object_id)
        if row is None:
            raise Http404
        back = reverse("admin:calls_delivery_change", args=[row.pk])
        if request.method != "POST":
            count = webhooks.replayable(Delivery.objects.filter(pk=row.pk)).count()
            button = _("Send it again") if count else None
            return self._ask(request, {"says": said_before(count), "button": button, "back": back, "endpoint": row.endpoint})
        try:
            webhooks.replay(row)
            messages.success(request, said_again(1))
        except webhooks.WebhookError as error:
            messages.error(request, error.message)
        return HttpResponseRedirect(back)

    def _ask(self, request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
        asked = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Send again?"),
            "method": "post",
            **context,
        }
        return TemplateResponse(request, "admin/calls/webhookendpoint/ask.html", asked)
