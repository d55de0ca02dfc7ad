"""What is done to many calls of the list: asked first, begun, followed, and undone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.functional import lazy
from django.utils.html import format_html
from django.utils.text import format_lazy
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from calls import batches
from calls.admin.bulk_form import ValueForm
from calls.admin.call_list import back_to_list
from calls.admin.dashboard.links import number
from calls.admin.exporting import export_selected
from calls.batches.orders import MOST
from calls.exports import EXPORTS
from calls.models import Call, CallBatch
from calls.models.batch import BatchAct, BatchState
from tenants.choices import Role
from tenants.models import Tenant
from tenants.reach import reach_of

AT_ONCE = 500  # calls that are worked off while the person waits; more have a page that tells how far they are
PATIENCE_S = 8.0
MOST_TOLD = 50
_ROLES = {BatchAct.ERASE_AUDIO: Role.MANAGER}
_REFUSALS = {
    "empty": _("No call was chosen."),
    "too_many": format_lazy(_("At most {most} calls at once. Narrow the list."), most=lazy(number, str)(MOST)),
    "begun": _("This was begun already."),
    "not_undoable": _("This cannot be undone any more."),
}


def _action(act: BatchAct) -> Callable[..., HttpResponse | None]:
    """The list's action that drafts a batch of the chosen calls and leads to its page."""

    def run(pages: Any, request: HttpRequest, queryset: QuerySet[Call]) -> HttpResponse | None:
        rows = list(queryset.prefetch_related(None).values_list("pk", "tenant_id")[: MOST + 1])
        tenants = {tenant for _key, tenant in rows}
        if len(tenants) > 1:
            messages.error(request, gettext("These calls are of several tenants. Choose one in the filters first."))
            return None
        if tenants and not reach_of(request).may(_role(act), next(iter(tenants))):
            raise PermissionDenied
        try:
            tenant = Tenant.objects.get(pk=next(iter(tenants))) if tenants else None
            if tenant is None:
                raise batches.BatchRefused("empty")
            keys: list[UUID] = [key for key, _tenant in rows]
            batch = batches.draft(tenant, keys, act=act, user=reach_of(request).user, back=request.GET.urlencode())
        except batches.BatchRefused as refused:
            messages.error(request, _REFUSALS[refused.code])
            return None
        return HttpResponseRedirect(reverse("admin:calls_call_batch", args=[batch.pk]))

    run.__name__ = f"bulk_{act.value}"
    run.short_description = act.label  # type: ignore[attr-defined]
    return run


ACTIONS = [*(_action(act) for act in BatchAct), export_selected]


def _role(act: str) -> Role:
    return _ROLES.get(BatchAct(act), Role.AGENT)


class BulkPages:
    """The pages of batches, for the admin of calls."""

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Only what the person may do somewhere."""
        actions: dict[str, Any] = super().get_actions(request)  # type: ignore[misc]
        reach = reach_of(request)
        roles = {f"bulk_{act.value}": _role(act) for act in BatchAct} | {"export_selected": EXPORTS}
        return {name: told for name, told in actions.items() if reach.may(roles.get(name, Role.VIEWER))}

    def bulk_urls(self) -> list[Any]:
        site = self.admin_site  # type: ignore[attr-defined]
        pages = [("batch", self.batch), ("batch_news", self.batch_news), ("batch_undo", self.batch_undo)]
        return [
            path(f"batch/<uuid:pk>/{name.removeprefix('batch').lstrip('_')}", site.admin_view(view), name=f"calls_call_{name}")
            for name, view in pages
        ]

    def batch(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Ask what the calls shall get, begin, and tell how far it is."""
        batch = _find(request, pk)
        if batch.state != BatchState.DRAFT:
            return self._show(request, batch)
        told = request.POST if request.method == "POST" else None
        form = ValueForm(batch.act, batch.tenant, told, reach=reach_of(request))
        if request.method != "POST" or not form.is_valid():
            return self._render(request, "admin/calls/call/batch_ask.html", batch, form=form)
        try:
            batches.begin(batch, form.cleaned_data, rings=batch.total > AT_ONCE)
        except batches.BatchRefused as refused:
            messages.warning(request, _REFUSALS[refused.code])
        return self._follow(request, batch)

    def batch_news(self, request: HttpRequest, pk: UUID) -> JsonResponse:
        """How far it is, for the page that shows it."""
        batch = _find(request, pk)
        return JsonResponse({"is_over": not batch.is_going_on, **_progress(batch)}, headers={"Cache-Control": "no-store"})

    def batch_undo(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Take it back."""
        batch = _find(request, pk)
        if request.method != "POST":
            return HttpResponse(status=405, headers={"Allow": "POST"})
        try:
            batches.undo(batch, rings=batch.total > AT_ONCE)
        except batches.BatchRefused as refused:
            messages.error(request, _REFUSALS[refused.code])
        return self._follow(request, batch)

    def _follow(self, request: HttpRequest, batch: CallBatch) -> HttpResponse:
        """Work a small batch off at once and lead back to the list; lead to the page of a large one."""
        page = reverse("admin:calls_call_batch", args=[batch.pk])
        if batch.total > AT_ONCE:
            return HttpResponseRedirect(page)
        batches.work(batch.pk, seconds=PATIENCE_S)
        batch.refresh_from_db()
        if batch.is_going_on:
            return HttpResponseRedirect(page)
        link = gettext("Undo, and more") if batch.may_be_undone else gettext("More")
        messages.success(request, format_html('{} <a class="ch-link ch-within" href="{}">{}</a>', _said(batch), page, link))
        return HttpResponseRedirect(back_to_list(batch.back))

    def _show(self, request: HttpRequest, batch: CallBatch) -> HttpResponse:
        failed = batch.items.exclude(why="")[:MOST_TOLD]
        return self._render(request, "admin/calls/call/batch.html", batch, failed=failed, said=_said(batch), **_progress(batch))

    def _render(self, request: HttpRequest, template: str, batch: CallBatch, **told: Any) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "opts": self.opts,  # type: ignore[attr-defined]
            "title": _heading(batch),
            "batch": batch,
            "destroys": batch.act == BatchAct.ERASE_AUDIO,
            "back": back_to_list(batch.back),
            **told,
        }
        return TemplateResponse(request, template, context)


def _find(request: HttpRequest, pk: UUID) -> CallBatch:
    """A batch of the person's own, in a tenant they still may do that in; every other is none at all."""
    reach = reach_of(request)
    batch = CallBatch.objects.select_related("tenant", "user").filter(pk=pk, user=reach.user.pk).first()
    if batch is None or not reach.may(_role(batch.act), batch.tenant_id):
        raise Http404
    return batch


def _heading(batch: CallBatch) -> str:
    count = ngettext("%(count)s call", "%(count)s calls", batch.total) % {"count": number(batch.total)}
    return f"{batch.get_act_display()}: {count}"


def _progress(batch: CallBatch) -> dict[str, Any]:
    counts = batches.tally(batch)
    is_undoing = batch.state in (BatchState.UNDOING, BatchState.UNDONE)
    left = counts["done"] if is_undoing else counts["waiting"]
    total = counts["done"] + counts["undone"] + counts["kept"] if is_undoing else batch.total
    told = gettext("%(done)s of %(total)s") % {"done": number(total - left), "total": number(total)}
    return {"done": total - left, "total": total, "says": told}


def _said(batch: CallBatch) -> str:
    """What came of it, in words."""
    counts = batches.tally(batch)
    parts = {
        "done": ngettext("%(count)s call changed.", "%(count)s calls changed.", counts["done"]),
        "unchanged": ngettext("%(count)s was so already.", "%(count)s were so already.", counts["unchanged"]),
        "failed": ngettext("%(count)s was not possible.", "%(count)s were not possible.", counts["failed"]),
        "undone": ngettext("%(count)s call undone.", "%(count)s calls undone.", counts["undone"]),
        "kept": ngettext(
            "%(count)s was changed since and stays as it is.",
            "%(count)s were changed since and stay as they are.",
            counts["kept"],
        ),
    }
    told = [text % {"count": number(counts[name])} for name, text in parts.items() if counts[name]]
    return " ".join(told) or gettext("Nothing is done yet.")
