"""Lines: the tenant's own numbers and extensions."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from calls.admin import cells, sandbox
from calls.choices import usual_backend
from calls.finding import is_number
from calls.models import Line
from calls.telephony.simulator import SimulatorBackend
from contacts import dialing
from contacts.finding import with_number
from contacts.phone import read_number
from tenants.choices import Role
from tenants.reach import reach_of
from tenants.scoped_admin import RelatedFilter, TenantModelAdmin


@admin.register(Line)
class LineAdmin(TenantModelAdmin):
    """Numbers and extensions of the tenant; they tell which way a call went, and never match as contacts."""

    add_role = change_role = Role.MANAGER
    first_step = _("Add your own numbers and extensions, so that callhub knows which side of a call is yours.")
    list_display = ["number", "name", "e164", "agent", "center", "exchange", "is_phone_terminal", "is_active"]
    list_filter = [
        "backend",
        "is_proven",
        "is_sandbox",
        "is_phone_terminal",
        "is_active",
        ("agent", RelatedFilter),
        ("center", RelatedFilter),
    ]
    actions = ["mark_as_proven"]
    list_select_related = ["agent", "center"]
    search_fields = ["number", "name__folds", "e164"]
    search_help_text = _("Any part of a number, or a name")
    autocomplete_fields = ["agent", "center"]
    list_after_template = "admin/calls/line/sandbox.html"
    change_form_outer_after_template = "admin/calls/line/after.html"
    fieldsets = [
        (None, {"fields": ["number", "name", "agent", "center"]}),
        (_("Calling out"), {"fields": ["is_phone_terminal", "caller_name", "caller_number", "is_recorded", "is_active"]}),
        (_("Telephone exchange"), {"fields": ["backend", "is_proven", "is_sandbox", "shows_any_caller"]}),
    ]
    operators_fields = ("is_sandbox", "backend", "is_proven", "shows_any_caller")

    class Media:
        js = dialing.SCRIPTS
        css = {"all": [*dialing.STYLES["all"], "callhub/call.css"]}

    @display(description=_("telephone exchange"), ordering="backend")
    def exchange(self, line: Line) -> Any:
        """What makes its calls, and what of that is worth knowing."""
        played = cells.badge(gettext("Sandbox"), "info") if line.is_sandbox else ""
        proven = cells.badge(gettext("Proven"), "good") if line.is_proven else ""
        return cells.row(line.get_backend_display(), played, proven)

    def has_prove_permission(self, request: HttpRequest) -> bool:
        """Operators alone: telephones of an exchange are shared by tenants."""
        return bool(request.user.is_superuser)

    @action(description=_("Mark as proven"), permissions=["prove"])
    def mark_as_proven(self, request: HttpRequest, queryset: QuerySet[Line]) -> None:
        """Confirm that these numbers are their tenants' own; each line's history says who did."""
        lines = list(queryset.filter(is_proven=False))
        for line in lines:
            Line.objects.filter(pk=line.pk).update(is_proven=True, updated_at=timezone.now())
            self.log_change(request, line, gettext("Marked as proven."))
        count = len(lines)
        messages.success(request, ngettext("%(n)s line is proven now.", "%(n)s lines are proven now.", count) % {"n": count})

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        tried = sandbox.context_of(request) if usual_backend() == SimulatorBackend.name else {}
        return super().changelist_view(request, {**(extra_context or {}), **tried})

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> HttpResponse:
        line = context.get("original")
        if line is not None and (line.is_sandbox or line.backend == SimulatorBackend.name):
            context |= sandbox.context_of(request, line.tenant_id)
        return super().render_change_form(request, context, *args, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Line | None = None) -> list[str]:
        """Whose number people see, and on which exchange, is for operators to say."""
        fields = [str(name) for name in super().get_readonly_fields(request, obj)]
        return fields if request.user.is_superuser else [*fields, *self.operators_fields]

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[QuerySet[Any], bool]:
        found, may_repeat = super().get_search_results(request, queryset, search_term)
        if not is_number(search_term.strip()):
            return found, may_repeat
        return found | queryset.filter(with_number(search_term, reach_of(request).tenants().places())), may_repeat

    def save_model(self, request: HttpRequest, obj: Line, form: Any, change: bool) -> None:
        number = read_number(obj.number, obj.tenant.place)
        obj.renumber(number, is_by_operator=request.user.is_superuser)
        super().save_model(request, obj, form, change)
