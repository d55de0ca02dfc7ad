"""Calls: the list staff live in, the page of one call, and logging one by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from calls import ledger
from calls.admin import call_page, correcting, delivery_page, live, notes, saved_views, sound, unmatched
from calls.admin import search as search_page
from calls.admin.bulk import ACTIONS, BulkPages
from calls.admin.call_columns import IN_LIST, SORTED_BY, CallColumns, choose, columns_of
from calls.admin.call_filters import FILTERS
from calls.admin.call_forms import CallForm, NewCallForm
from calls.admin.call_list import CallList, back_to_list
from calls.admin.correcting import may_correct
from calls.admin.exporting import ExportPages
from calls.admin.neighbours import neighbours_of
from calls.admin.recording import PLAYER, rights_of
from calls.admin.saved_views import AlsoFilter
from calls.admin.view_words import is_id
from calls.choices import Source
from calls.errors import CallError
from calls.finding import search
from calls.models import Call, Delivery, Recording
from calls.models.view import USUAL_COLUMNS
from contacts import dialing
from tenants.admin.tenant import first_call
from tenants.choices import Role
from tenants.reach import reach_of
from tenants.scoped_admin import TenantModelAdmin

_SCRIPTS = ("list", "draft", "export")


@admin.register(Call)
class CallAdmin(BulkPages, ExportPages, CallColumns, TenantModelAdmin):
    """The log. Nothing here saves a call: every change goes through the ledger."""

    locks_changed = False  # the ledger does, and knows what comes before a call
    refusals = (CallError,)
    add_words = _("Log a call")
    list_display = [IN_LIST[column] for column in USUAL_COLUMNS]
    list_display_links = ["started"]
    list_filter = [*FILTERS, AlsoFilter]
    list_select_related = ["contact", "company", "agent"]
    list_before_template = "admin/calls/call/scopes.html"
    actions = ACTIONS
    search_fields = ["number_text"]
    search_help_text = _("Number in any spelling, or a name")
    sortable_by = list(SORTED_BY)
    ordering = ["-started_at", "-id"]
    autocomplete_fields = ["contact", "agent", "center", "tags"]
    fieldsets = [
        (None, {"fields": ["note", ("outcome", "tags"), ("is_flagged", "flag_notes"), "flag_resolution", "contact"]}),
    ]
    add_fieldsets = [
        (_("Who"), {"fields": ["direction", ("remote_number", "remote_name"), "contact", ("agent", "center")]}),
        (_("When and how"), {"fields": ["started_at", ("duration", "waiting"), "is_going_on", "disposition"]}),
        (_("What about"), {"fields": ["notes", ("outcome", "tags"), ("is_flagged", "flag_notes")]}),
    ]

    class Media:
        js = [*PLAYER, *dialing.SCRIPTS, *(forms.Script(f"callhub/{name}.js", defer=True) for name in _SCRIPTS)]
        css = {"all": [*dialing.STYLES["all"], "callhub/call.css"]}

    # The live board, the search, the numbers nobody is known by

    def get_urls(self) -> list[Any]:
        pages = [
            ("live", live.board),
            ("live_news", live.news),
            ("search", search_page.page),
            ("unmatched", unmatched.page),
            ("unmatched_choose", unmatched.choose),
            ("unmatched_settle", unmatched.settle),
        ]
        return [
            *(path(name.replace("_", "/"), self._of_calls(view), name=f"calls_call_{name}") for name, view in pages),
            path("columns/", self.admin_site.admin_view(self.choose_columns), name="calls_call_columns"),
            path("<uuid:pk>/note/<uuid:note>", self.admin_site.admin_view(self.edit_note), name="calls_call_note"),
            path("<uuid:pk>/correct/", self.admin_site.admin_view(self.correct), name="calls_call_correct"),
            path("views/", self.admin_site.admin_view(self.keep_view), name="calls_call_views"),
            *self.bulk_urls(),
            *self.export_urls(),
            *super().get_urls(),
        ]

    def edit_note(self, request: HttpRequest, pk: Any, note: Any) -> HttpResponse:
        """Put one's own note another way."""
        call = self.get_queryset(request).filter(pk=pk).first()
        if call is None or not self.has_change_permission(request, call):
            raise Http404
        return notes.edit(request, call, note)

    def correct(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Say again what a call was that was logged by hand."""
        call = self.get_queryset(request).select_related("tenant").filter(pk=pk).first()
        if call is None:
            raise Http404
        return correcting.page(request, call, self)

    def _of_calls(self, view: Callable[[HttpRequest, QuerySet[Any]], HttpResponse]) -> Callable[..., HttpResponse]:
        """A page of the calls its reader may see, for who may see any."""

        def page(request: HttpRequest) -> HttpResponse:
            if not self.has_view_permission(request):
                raise PermissionDenied
            return view(request, self.get_queryset(request))

        return self.admin_site.admin_view(page)

    # The list

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[CallList]:
        return getattr(request, "list_class", CallList)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[QuerySet[Any], bool]:
        places = reach_of(request).tenants().places() if search_term else []
        return search(queryset, search_term, places), False

    def first_command(self, request: HttpRequest) -> str:
        """What logs the first call of an empty log: a command for the person's own tenant."""
        tenant = reach_of(request).only_tenant(Role.VIEWER)
        return first_call(request, tenant) if tenant and tenant.open_ingest else ""

    def get_list_display(self, request: HttpRequest) -> Sequence[Any]:
        columns = [IN_LIST[column] for column in columns_of(request)]
        return [*columns, "tenant"] if reach_of(request).spans_tenants else columns

    def get_list_select_related(self, request: HttpRequest) -> Sequence[str]:
        shown = {"center", "line"} & {str(column) for column in columns_of(request)}
        return [*super().get_list_select_related(request), *sorted(shown)]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        named = request.GET.get("view")
        if named and set(request.GET) <= {"view", "p"}:  # all that a view keeps is written out in the address
            view = saved_views.views_of(request).filter(pk=named).first() if is_id(named) else None
            if view is not None:
                is_acting = bool(self.get_actions(request))
                return HttpResponseRedirect(saved_views.address_of(view, reach_of(request), is_acting=is_acting))
            messages.warning(request, gettext("There is no such view any more."))
            return HttpResponseRedirect(reverse("admin:calls_call_changelist"))
        return super().changelist_view(request, extra_context)

    def keep_view(self, request: HttpRequest) -> HttpResponse:
        """Keep what the list shows under a name, and show it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponse(status=405, headers={"Allow": "POST"})
        view = saved_views.keep(request)
        back = reverse("admin:calls_call_changelist") + f"?view={view.pk}" if view else back_to_list(request.POST.get("back", ""))
        return HttpResponseRedirect(back)

    def choose_columns(self, request: HttpRequest) -> HttpResponse:
        """Keep the columns a person chose, and lead back to the list they were at."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponse(status=405, headers={"Allow": "POST"})
        choose(request, request.POST.getlist("column") if "usual" not in request.POST else USUAL_COLUMNS)
        return HttpResponseRedirect(back_to_list(request.POST.get("back", ""), "columns", "o"))  # an order tells a column's place

    # The page

    def get_form(self, request: HttpRequest, obj: Call | None = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, **{"form": CallForm if obj else NewCallForm, **kwargs})

    def get_fieldsets(self, request: HttpRequest, obj: Call | None = None) -> Sequence[Any]:
        if obj is not None:
            return self._page_fields(request, obj)
        whose = [(None, {"fields": ["tenant"]})] if reach_of(request).spans_tenants else []
        return [*whose, *self.add_fieldsets]

    def _page_fields(self, request: HttpRequest, call: Call) -> list[Any]:
        """What may be changed of it; who only looks writes no note, and what was not flagged is not solved."""
        left_out = set() if call.is_flagged else {"flag_resolution"}
        left_out |= set() if self.has_change_permission(request, call) else {"note", "flag_resolution"}
        return [
            (title, {**told, "fields": [name for name in told["fields"] if name not in left_out]})
            for title, told in super().get_fieldsets(request, call)
        ]

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> HttpResponse:
        call = context.get("original")
        if call is not None:
            stored = (
                self.get_queryset(request)
                .select_related("tenant", "contact", "company", "agent", "center", "line")
                .get(pk=call.pk)
            )
            stored.is_dialled = dialing.may_dial(request, stored)
            context |= call_page.context_of(stored, self.get_queryset(request))
            context["neighbours"] = neighbours_of(stored, request, self)
            context |= notes.context_of(stored, request)
            context["correct"] = reverse("admin:calls_call_correct", args=[call.pk]) if may_correct(request, stored) else ""
            context |= sound.context_of(stored, rights_of(reach_of(request)))
            if self.admin_site.get_model_admin(Delivery).has_view_permission(request, stored):  # of what its tenant owns
                context |= delivery_page.of_call(stored)
        return super().render_change_form(request, context, *args, **kwargs)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except CallError as error:  # lost a race after the form was judged
            messages.error(request, error.message)
            return HttpResponseRedirect(request.get_full_path())

    def save_model(self, request: HttpRequest, obj: Call, form: Any, change: bool) -> None:
        if change:
            # A note undoes nothing, so it is added whatever others changed meanwhile.
            version = None if form.changed_data == ["note"] else form.stored_version
            user = reach_of(request).user
            ledger.amend(obj, form.changes, actor=user, expected_version=version, source=Source.ADMIN)
            return
        obj.pk = ledger.record(obj.tenant, form.draft, actor=reach_of(request).user).call.pk
        obj.refresh_from_db()

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Tags went to the ledger with everything else."""

    # Erasing

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        calls = list(objs)
        lacking = set() if all(self.has_delete_permission(request, call) for call in calls) else {str(self.opts.verbose_name)}
        held = Recording.objects.playable().filter(is_on_hold=True, call__in=[call.pk for call in calls])
        keys = set(held.values_list("call", flat=True))
        reason = gettext("A legal hold keeps the audio of this call. Lift it first.")
        protected = [f"{call}: {reason}" for call in calls if call.pk in keys]
        return [str(call) for call in calls], {str(self.opts.verbose_name_plural): len(calls)}, lacking, protected

    def delete_model(self, request: HttpRequest, obj: Call) -> None:
        ledger.remove(obj, actor=reach_of(request).user)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for call in queryset:
            if not self.has_delete_permission(request, call):
                raise PermissionDenied
            ledger.remove(call, actor=reach_of(request).user)
