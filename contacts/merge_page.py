"""Merging two contacts in the admin: choose the other one, see what will happen, do it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from contacts.book import merge_contacts
from contacts.merging import CannotMerge, MergePlan, likely_twins, plan_merge
from contacts.models import Contact
from contacts.phone import readable

OFFERED = 10


def respond(request: HttpRequest, page: Any, pk: str) -> HttpResponse:
    """The page for a contact that stays; ``page`` is the contacts' own. 404 for what its reader may not merge."""
    kept = _find(request, page, pk)
    if kept is None:
        raise Http404
    told = request.POST if request.method == "POST" else request.GET
    other = _find(request, page, told["other"]) if "other" in told else None
    context = {
        **page.admin_site.each_context(request),
        "opts": page.opts,
        "title": _("Merge contacts"),
        "kept": kept,
        "kept_address": _page_of(kept),
    }
    if other is None:
        return TemplateResponse(request, "admin/contacts/merge_choose.html", {**context, **_choices(request, page, kept)})
    try:
        if request.method == "POST":
            return _merge(request, kept, other)
        return TemplateResponse(request, "admin/contacts/merge.html", {**context, **_preview(plan_merge(kept, other))})
    except CannotMerge as trouble:
        messages.error(request, str(trouble))
        return HttpResponseRedirect(reverse("admin:contacts_contact_merge", args=[kept.pk]))


def _merge(request: HttpRequest, kept: Contact, gone: Contact) -> HttpResponse:
    merge_contacts(kept, gone)
    said = gettext("%(gone)s is part of %(kept)s now. Past calls follow within seconds.")
    messages.success(request, said % {"gone": gone.name, "kept": kept.name})
    return HttpResponseRedirect(_page_of(kept))


def _find(request: HttpRequest, page: Any, key: str) -> Contact | None:
    """A contact whose merging is this person's to do."""
    contact: Contact | None = page.get_queryset(request).select_related("company", "tenant").by_public_id(key)
    return contact if contact is not None and page.has_delete_permission(request, contact) else None


def _choices(request: HttpRequest, page: Any, kept: Contact) -> dict[str, Any]:
    """Who may be the same person, or whom the search finds."""
    words = request.GET.get("q", "").replace("\0", "").strip()[:200]
    contacts = page.get_queryset(request).filter(tenant=kept.tenant_id).exclude(pk=kept.pk).select_related("company")
    if words:
        found, may_repeat = page.get_search_results(request, contacts, words)
        rows = (found.distinct() if may_repeat else found).order_by("name", "pk")
    else:
        rows = likely_twins(kept, contacts)
    return {"words": words, "rows": [(row, _numbers(row.numbers.all())) for row in rows[:OFFERED]]}


def _preview(plan: MergePlan) -> dict[str, Any]:
    return {
        "plan": plan,
        "moving": _numbers(plan.numbers),
        "doubled": _numbers(plan.doubles),
        "filled": [(label, plan.taken[name]) for name, label in _LABELS.items() if name in plan.taken],
        "company": plan.gone.company if "company_id" in plan.taken else None,
        "notes": plan.taken.get("notes", ""),
        "fields": sorted(set(plan.taken.get("extra", {})) - set(plan.kept.extra)),
        "swapped": f"{reverse('admin:contacts_contact_merge', args=[plan.gone.pk])}?other={plan.kept.pk}",
    }


_LABELS = {"email": _("Mail"), "external_id": _("Own id"), "source_id": _("Third system's id")}


def _numbers(rows: Any) -> list[str]:
    return [readable(number.e164, number.raw) for number in rows]


def _page_of(contact: Contact) -> str:
    return reverse("admin:contacts_contact_change", args=[contact.pk])
