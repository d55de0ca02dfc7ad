"""The list of calls as a file: a short one at once, a long one written in the background."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    JsonResponse,
    QueryDict,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from calls import exports, feed
from calls.admin.call_columns import columns_of, tidy
from calls.admin.call_filters import ALL, PeriodFilter, StartedFilter, shown_period
from calls.admin.call_list import back_to_list
from calls.admin.dashboard.links import number
from calls.admin.saved_views import tenant_shown
from calls.exports import EXPORTS
from calls.finding import days_of
from calls.models import Call, CallExport
from calls.models.view import Column
from calls.recordings.errors import StorageTrouble
from calls.transfer.table import CallTable
from tenants.reach import reach_of

MOST_AT_ONCE = 10_000  # calls that are sent while the person waits: as many as a list counts
MOST_SHOWN = 30
_REFUSALS = {
    "person": _("Three of your exports are not complete. Wait for one of them, or cancel one."),
    "files": _("You have ten export files. Remove one first."),
    "tenant": _("Too many exports of this tenant are not complete. Try again later."),
}
_ERRORS = {
    "access": _("Your access has changed. Export the list again."),
    "filter": _("A filter of the list cannot be read any more. Export the list again."),
    "too_large": _("The file would be larger than 1 GB. Narrow the list, or export fewer columns."),
    "trouble": _("The file could not be written. Try again later."),
}


def export_selected(pages: Any, request: HttpRequest, queryset: QuerySet[Call]) -> HttpResponseBase:
    """The chosen calls as a file, with the columns the list shows."""
    query = _query_of(request.GET.urlencode()) if request.POST.get("select_across") == "1" else None
    return _file(request, queryset, columns_of(request), query)


export_selected.short_description = _("Export as CSV")  # type: ignore[attr-defined]


def _query_of(text: str) -> QueryDict:
    """The query of a list, without what only says which of its pages is shown."""
    query = QueryDict(text[:4000], mutable=True)
    for gone in ("p", "all", "e"):
        query.pop(gone, None)
    return query


def _file(request: HttpRequest, calls: QuerySet[Call], columns: Sequence[Column], query: QueryDict | None) -> HttpResponseBase:
    """The file of these calls; of a whole long list (``query``) the page of what writes it."""
    reach = reach_of(request)
    if not reach.may(EXPORTS):
        raise PermissionDenied
    calls = calls if reach.is_operator else calls.filter(tenant__in=reach.tenants(EXPORTS))
    if query is not None and calls.order_by()[MOST_AT_ONCE : MOST_AT_ONCE + 1].exists():
        return _lead(request, _queued(request, columns, query))
    lines = CallTable(columns, timezone.get_current_timezone()).lines(calls)
    only = reach.only_tenant(EXPORTS)
    return _sent(request, lines, _name(), only.pk if only else None)


def _sent(request: HttpRequest, parts: Any, name: str, tenant_id: UUID | None, **headers: str) -> HttpResponseBase:
    """An answer as long as this holds a thread, and most of them are for others."""
    leave = feed.take_place(tenant_id, reach_of(request).user.pk)
    if leave is None:
        messages.error(
            request,
            gettext("Too many exports are running. Wait until one of yours is complete, then try again."),
        )
        return _lead(request, reverse("admin:calls_call_changelist"))
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
        **headers,
    }
    return StreamingHttpResponse(feed.Held(parts, leave), content_type="text/csv; charset=utf-8", headers=headers)


def _name() -> str:
    return f"calls-{timezone.localtime():%Y-%m-%d-%H%M}.csv"


def _lead(request: HttpRequest, address: str) -> HttpResponse:
    """The way to a page."""
    # The list's script gets the address: following a redirect, it would use up the page's messages.
    if request.headers.get("Accept") == "text/csv":
        return JsonResponse({"page": address}, headers={"Cache-Control": "no-store"})
    return HttpResponseRedirect(address)


def _queued(request: HttpRequest, columns: Sequence[Column], query: QueryDict) -> str:
    """Have the list written in the background; the address that shows how far it is, or why not."""
    tenant, reach = tenant_shown(request), reach_of(request)
    if tenant is None:
        messages.error(request, gettext("These calls are of several tenants. Choose one in the filters first."))
        return back_to_list(query.urlencode())
    if not reach.may(EXPORTS, tenant.pk):
        raise PermissionDenied
    asked = {
        "query": _with_days(query).urlencode(),
        "columns": [str(column) for column in columns],
        "zone": str(timezone.get_current_timezone()),
        "language": get_language() or "",
        "center_key": reach.centers.get(tenant.pk),
    }
    try:
        return _page_of(exports.ask(tenant, reach.user, **asked))
    except exports.ExportRefused as refused:
        messages.error(request, _REFUSALS[refused.code])
        return reverse("admin:calls_call_exports")


def _with_days(query: QueryDict) -> QueryDict:
    """The query with its period as days: "today" is another day when the last call is written."""
    period = shown_period(query.dict())  # type: ignore[arg-type]
    if period != ALL:
        query.pop(PeriodFilter.parameter_name, None)
        for name, day in zip(StartedFilter.ends, days_of(period, timezone.localdate()), strict=True):
            query[name] = day.isoformat()
    return query


class ExportPages:
    """The export, and the pages of those written in the background, for the admin of calls."""

    def export_urls(self) -> list[Any]:
        site = self.admin_site  # type: ignore[attr-defined]
        pages = [("page", ""), ("news", "news"), ("file", "file"), ("cancel", "cancel")]
        return [
            path("export/", site.admin_view(self.export), name="calls_call_export"),
            path("exports/", site.admin_view(self.exports), name="calls_call_exports"),
            *(
                path(
                    f"export/<uuid:pk>/{last}",
                    site.admin_view(getattr(self, f"export_{name}")),
                    name=f"calls_call_export_{name}",
                )
                for name, last in pages
            ),
        ]

    def export(self, request: HttpRequest) -> HttpResponseBase:
        """All the calls of a list as a file."""
        if not self.has_view_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponse(status=405, headers={"Allow": "POST"})
        told = request.POST.get("back", "")
        query = _query_of(told)
        columns = tidy(request.POST.getlist("column")) if request.POST.getlist("column") else columns_of(request)
        if "\0" in query.urlencode(safe="\0"):  # no database stores it, so nothing can be found by it
            return _lead(request, reverse("admin:calls_call_changelist"))
        request.GET = query  # type: ignore[assignment]
        try:
            listed = self.get_changelist_instance(request)  # type: ignore[attr-defined]
        except IncorrectLookupParameters:
            return _lead(request, back_to_list(told))
        return _file(request, listed.get_queryset(request), columns, query)

    def exports(self, request: HttpRequest) -> HttpResponse:
        """What the person had written in the background, the newest first."""
        reach = reach_of(request)
        if not reach.may(EXPORTS):
            raise PermissionDenied
        rows = [row for row in exports.of_person(reach.user)[:MOST_SHOWN] if exports.is_open_to(reach, row)]
        return self._answer(request, "exports", title=_("Your export files"), rows=rows)

    def export_page(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """How far one is, and its file."""
        export = _find(request, pk)
        said = {"says": _progress(export), "error": _ERRORS.get(export.error, "")}
        return self._answer(request, "export", title=_("Export of calls"), export=export, **said)

    def export_news(self, request: HttpRequest, pk: UUID) -> JsonResponse:
        """How far one is, for the page that shows it."""
        export = _find(request, pk)
        told = {
            "is_over": not export.is_unfinished,
            "done": export.written,
            "total": export.total or 0,
        }
        return JsonResponse({**told, "says": _progress(export)}, headers={"Cache-Control": "no-store"})

    def export_file(self, request: HttpRequest, pk: UUID) -> HttpResponseBase:
        """The file."""
        export = _find(request, pk)
        if request.method != "GET":
            return HttpResponse(status=405, headers={"Allow": "GET"})
        if not export.is_ready:
            raise Http404
        chunks = exports.content(export)
        try:
            first = next(chunks, b"")
        except StorageTrouble as trouble:
            return HttpResponse(
                gettext("The file cannot be read just now."),
                status=trouble.status,
                content_type="text/plain",
            )
        name = f"calls-{timezone.localtime(export.created_at):%Y-%m-%d-%H%M}.csv"
        length = {"Content-Length": str(export.size_bytes)}
        return _sent(request, chain([first], chunks), name, export.tenant_id, **length)

    def export_cancel(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Stop one, or remove its file."""
        export = _find(request, pk)
        if request.method != "POST":
            return HttpResponse(status=405, headers={"Allow": "POST"})
        exports.cancel(export)
        return HttpResponseRedirect(_page_of(export))

    def _answer(self, request: HttpRequest, template: str, **told: Any) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "opts": self.opts,  # type: ignore[attr-defined]
            "calls": reverse("admin:calls_call_changelist"),
            **told,
        }
        return TemplateResponse(request, f"admin/calls/call/{template}.html", context)


def _find(request: HttpRequest, pk: UUID) -> CallExport:
    """An export that the person asked for and still reaches; every other is none at all."""
    export = CallExport.objects.filter(pk=pk).first()
    if export is None or not exports.is_open_to(reach_of(request), export):
        raise Http404
    return export


def _page_of(export: CallExport) -> str:
    return reverse("admin:calls_call_export_page", args=[export.pk])


def _progress(export: CallExport) -> str:
    if export.total is None:
        return gettext("Waiting for its turn.")
    return gettext("%(done)s of %(total)s calls") % {
        "done": number(export.written),
        "total": number(export.total),
    }
