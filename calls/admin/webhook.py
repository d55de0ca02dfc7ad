"""Webhook endpoints: whom a tenant tells of its calls, and how well that goes. Managers and owners of the whole tenant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter
from unfold.decorators import display

from calls import webhooks
from calls.admin import cells, webhook_health
from calls.admin.trying import Trying
from calls.admin.webhook_doings import Doings
from calls.admin.webhook_form import WebhookForm, address_in_words
from calls.choices import EndpointKind
from calls.models import WebhookEndpoint
from tenants.bounded import BoundedList
from tenants.choices import Role
from tenants.scoped_admin import WholeTenantAdmin


class KindFilter(DropdownFilter):
    """Webhooks unless told otherwise; the callbacks of numbers are shown, and kept by FoneStorm's API."""

    title = _("kind")
    parameter_name = "kind"
    all_option = None

    def lookups(self, request: HttpRequest, model_admin: Any) -> Sequence[tuple[str, Any]]:
        return [("webhooks", _("Webhooks")), ("callbacks", _("Callbacks of numbers"))]

    def value(self) -> str:
        return "callbacks" if super().value() == "callbacks" else "webhooks"

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        rows = queryset.exclude(kind=EndpointKind.WEBHOOK)
        return rows if self.value() == "callbacks" else queryset.filter(kind=EndpointKind.WEBHOOK)


class EndpointList(BoundedList):
    """The list, with a day of attempts of each row."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        activity = webhook_health.activity_of(self.result_list)
        for row in self.result_list:
            row.activity = activity.get(row.pk, {})


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(Trying, Doings, WholeTenantAdmin):
    """Addresses that are told. Everything is done by the functions that the API calls as well."""

    form = WebhookForm
    view_role = add_role = change_role = delete_role = Role.MANAGER
    first_step = _(
        "Add the address of your own system, and it is told of every call as it happens: signed, and repeated until it arrives."
    )
    list_display = ["label", "address", "status", "day", "arrived", "failed", "waits"]
    list_filter = [KindFilter, ("state", ChoicesDropdownFilter), ("format", ChoicesDropdownFilter)]
    list_select_related = ["line"]
    list_before_template = "admin/calls/webhookendpoint/try_link.html"
    search_fields = ["name__folds", "url"]
    search_help_text = _("Name or address")
    ordering = ["name", "id"]
    sortable_by = ["label", "arrived", "failed"]
    actions = None
    actions_detail = ["fire", "again", "pause", "resume", "renew"]
    health = (_("How it goes"), {"fields": ["status", "day", "arrived", "failed", "waits", "deliveries", "former_secret"]})
    fieldsets = [
        (None, {"fields": ["name", "url", "format", "is_thin", "template"]}),
        (_("How it is asked"), {"fields": ["headers", "username", "password", "in_flight_limit"]}),
        (
            _("Which calls it is told of: every condition must hold"),
            {
                "fields": [
                    "event_types", "directions", "dispositions", "line_ids", "agent_ids", "company_ids", "tag_ids",
                    "least_duration_ms",
                ]
            },
        ),
    ]  # fmt: skip

    # Who sees and does what

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return webhook_health.with_next_due(super().get_queryset(request).select_related("tenant", "line"))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[BoundedList]:
        return EndpointList

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and not (obj is not None and obj.is_callback)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and not (obj is not None and obj.is_callback)

    def own(self, request: HttpRequest, object_id: str | None) -> WebhookEndpoint | None:
        """The endpoint where this person may change it."""
        row: WebhookEndpoint | None = self.get_object(request, object_id) if object_id else None
        return row if row is not None and self.has_change_permission(request, row) else None

    def get_fieldsets(self, request: HttpRequest, obj: WebhookEndpoint | None = None) -> Sequence[Any]:
        if obj is None:
            return super().get_fieldsets(request, obj)
        if self.has_change_permission(request, obj):
            return [self.health, *super().get_fieldsets(request, obj)]
        return [self.health, (None, {"fields": ["kind", "line", "url", "format", "username"]})]  # and nothing that is secret

    def get_readonly_fields(self, request: HttpRequest, obj: WebhookEndpoint | None = None) -> Sequence[str]:
        return [*super().get_readonly_fields(request, obj), *self.health[1]["fields"]]

    # Saving

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Judge the address first: its name is looked up, which may take seconds, and a transaction follows."""
        if request.method == "POST" and self.has_module_permission(request):
            request.refusal = _refusal(request.POST.get("url", ""))  # type: ignore[attr-defined]
        response: HttpResponse = super().changeform_view(request, *args, **kwargs)
        return response

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = type("WebhookForm", (WebhookForm,), {"refusal": getattr(request, "refusal", None)})
        return super().get_form(request, obj, change, **{"form": form, **kwargs})

    def save_model(self, request: HttpRequest, obj: WebhookEndpoint, form: Any, change: bool) -> None:
        if not change:
            obj.shown_secret = obj.renew_secret()  # type: ignore[attr-defined]
        super().save_model(request, obj, form, change)

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        return self.show_secret(request, obj, obj.shown_secret, _("Webhook created"))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Its name alone: what was made for it goes as well, and may be very much."""
        rows = list(objs)
        lacking = {str(self.opts.verbose_name)} if not all(self.has_delete_permission(request, row) for row in rows) else set()
        return [str(row) for row in rows], {str(self.opts.verbose_name_plural): len(rows)}, lacking, []

    def delete_model(self, request: HttpRequest, obj: WebhookEndpoint) -> None:
        webhooks.remove(obj)

    # What is shown

    @display(description=_("webhook"), ordering="name")
    def label(self, row: WebhookEndpoint) -> str:
        """Its name, or its host."""
        return str(row)

    @display(description=_("address"))
    def address(self, row: WebhookEndpoint) -> SafeString:
        """Where it leads, and in which form."""
        return format_html(
            '<span class="ch-address">{}</span><span class="ch-why">{}</span>', address_in_words(row.url), _form(row)
        )

    @display(description=_("state"))
    def status(self, row: WebhookEndpoint) -> SafeString:
        """Whether it is told, and why it is not."""
        return webhook_health.state(row)

    @display(description=_("last 24 hours"))
    def day(self, row: WebhookEndpoint) -> SafeString | str:
        """What arrived and what failed, hour by hour."""
        activity = getattr(row, "activity", None)  # fetched by EndpointList for all rows at once
        return webhook_health.bars(webhook_health.activity_of([row]).get(row.pk, {}) if activity is None else activity)

    @display(description=_("last success"), ordering="succeeded_at")
    def arrived(self, row: WebhookEndpoint) -> Any:
        """When something arrived."""
        return cells.moment(row.succeeded_at)

    @display(description=_("failures in a row"), ordering="failures")
    def failed(self, row: WebhookEndpoint) -> SafeString | str:
        """How often, and why the last time."""
        return webhook_health.failures(row)

    @display(description=_("oldest due"))
    def waits(self, row: WebhookEndpoint) -> SafeString | str:
        """What waits longest."""
        return webhook_health.oldest_due(row)

    @display(description=_("deliveries"))
    def deliveries(self, row: WebhookEndpoint) -> SafeString:
        """All that was made for it."""
        address = f"{reverse('admin:calls_delivery_changelist')}?endpoint__id__exact={row.pk}"
        return format_html('<a class="ch-link" href="{}">{}</a>', address, gettext("What was sent to it"))

    @display(description=_("secret before"))
    def former_secret(self, row: WebhookEndpoint) -> Any:
        """Until when the secret that was renewed still signs."""
        if not row.former_secret_until:
            return cells.NOTHING
        return format_html("{} {}", gettext("It signs as well until"), cells.moment(row.former_secret_until))


def _form(row: WebhookEndpoint) -> str:
    words = [
        str(row.get_format_display()),
        gettext("thin") if row.is_thin else "",
        gettext("by template") if row.template else "",
    ]
    told = ", ".join(filter(None, words))
    return f"{row.get_kind_display()}, {told}" if row.is_callback else told


def _refusal(url: str) -> ValidationError | None:
    try:
        webhooks.check_url(url, is_callback=False)
    except ValidationError as error:
        return error
    return None
