"""Saved views in the admin: keeping what the list shows under a name, opening it again, and the page to manage them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from calls.admin.call_columns import IN_LIST, SORTED_BY, tidy
from calls.admin.call_filters import ALL, shown_period
from calls.admin.view_words import ALSO, filters_of, is_id, parameters_of, read_query
from calls.api.filters.calls import CallFilters
from calls.api.filters.views import Looker, narrowed
from calls.api.problems import Problem
from calls.models import Call, SavedView, Tag
from tenants.choices import Role
from tenants.models import Tenant
from tenants.reach import Reach, reach_of
from tenants.scoped_admin import TenantForm, TenantModelAdmin

MOST_TABS = 30


class SavingForm(forms.Form):
    """What the list's form for keeping a view tells."""

    name = forms.CharField(max_length=80)
    shared = forms.BooleanField(required=False)
    columns = forms.CharField(max_length=400, required=False)
    sort = forms.ChoiceField(
        choices=[(order, order) for name in SORTED_BY.values() for order in (name, f"-{name}")], required=False
    )


def views_of(request: HttpRequest) -> QuerySet[SavedView]:
    """The views the person may use."""
    reach = reach_of(request)
    rows: QuerySet[SavedView] = reach.within(SavedView.objects.filter(Q(owner=reach.user.pk) | Q(is_shared=True)))
    return rows


def tenant_shown(request: HttpRequest) -> Tenant | None:
    """The one tenant whose calls the list shows; None where it shows several."""
    reach = reach_of(request)
    if not reach.spans_tenants:
        return reach.only_tenant(Role.VIEWER)
    told = request.GET.get("tenant") or read_query(request.POST.get("back", "")).get("tenant", "")
    return reach.tenants().filter(pk=told).first() if is_id(told) else None


def keep(request: HttpRequest) -> SavedView | None:
    """Keep what the list showed under the name that was told, over an own view of that name; says so, or why not."""
    tenant, form = tenant_shown(request), SavingForm(request.POST)
    if tenant is None:
        messages.error(request, gettext("A view belongs to one tenant. Choose one in the filters first."))
        return None
    if not form.is_valid():
        messages.error(request, gettext("Give the view a name of at most 80 characters."))
        return None
    params = read_query(request.POST.get("back", ""))
    told = form.cleaned_data
    view = _own(request, tenant, told["name"]) or SavedView(tenant=tenant, owner=reach_of(request).user, name=told["name"])
    view.is_shared = told["shared"] and reach_of(request).may(Role.AGENT, tenant.pk)
    filters = filters_of(params, shown_period(params), lambda key: _tag_name(tenant, key))
    view.filters = _readable(filters, Looker(tenant=tenant, user=view.owner))
    view.columns = [str(column) for column in tidy(told["columns"].split(","))]
    view.sort = told["sort"]
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError:  # a twin of this request was quicker
        messages.error(request, gettext("You have a view with this name already."))
        return None
    messages.success(request, gettext("The view “%(name)s” is kept.") % {"name": view.name})
    return view


def _readable(filters: dict[str, str], looker: Looker) -> dict[str, str]:
    """Those of the filters that the API would take."""
    known = {name: value for name, value in filters.items() if name in CallFilters.base_filters}
    try:
        narrowed(Call.objects.none(), known, looker)
    except Problem as problem:
        refused = {fault.parameter for fault in problem.faults}
        return {name: value for name, value in known.items() if name not in refused}
    return known


def _own(request: HttpRequest, tenant: Tenant, name: str) -> SavedView | None:
    own = SavedView.objects.for_tenant(tenant).filter(owner=reach_of(request).user)
    return next((view for view in own if view.name.lower() == name.lower()), None)


def address_of(view: SavedView, reach: Reach, *, is_acting: bool) -> str:
    """The list as the view shows it, everything it keeps written out so that each part can be left out.

    ``is_acting``: the rows can be ticked, which makes a column of its own.
    """
    params = parameters_of(view.filters, lambda name: _tag_id(view, name))
    sorted_by = view.sort.removeprefix("-")
    listed = next((name for name, word in SORTED_BY.items() if word == sorted_by), "")
    columns = tidy(view.columns) if view.columns else []
    if listed and columns:
        columns = tidy([*columns, sorted_by])
        place = [IN_LIST[column] for column in columns].index(listed) + is_acting
        params["o"] = f"-{place}" if view.sort.startswith("-") else str(place)
    if columns:
        params["columns"] = ",".join(columns)
    if reach.spans_tenants:
        params["tenant"] = str(view.tenant_id)
    address = reverse("admin:calls_call_changelist")
    return f"{address}?{urlencode({**params, 'view': str(view.pk)})}"


def _tag_name(tenant: Tenant, key: str) -> str | None:
    return Tag.objects.for_tenant(tenant).filter(pk=key).values_list("name", flat=True).first() if is_id(key) else None


def _tag_id(view: SavedView, name: str) -> str | None:
    found = Tag.objects.filter(tenant=view.tenant_id, name__iexact=name).values_list("pk", flat=True).first()
    return str(found) if isinstance(found, UUID) else None


class ViewForm(TenantForm):
    """A view's name and who sees it."""

    def _get_validation_exclusions(self) -> set[str]:
        """Check that the name is new among its owner's, though nobody types in the owner."""
        return super()._get_validation_exclusions() - {"owner"}


class AlsoFilter(admin.SimpleListFilter):
    """What a view keeps that the list has no filter of its own for: filters of the API, as they stand in an address."""

    title = _("also")
    parameter_name = ALSO
    template = "admin/calls/call/also.html"

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any) -> None:
        for name in ("view", "columns"):  # they narrow nothing
            params.pop(name, None)
        super().__init__(request, params, model, model_admin)

    @property
    def kept(self) -> dict[str, str]:
        """Each filter with its value."""
        return read_query(self.value() or "")

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return []

    def has_output(self) -> bool:
        return True

    def choices(self, changelist: Any) -> Iterator[Any]:
        return iter(())

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if not self.kept:
            return queryset
        tenant = tenant_shown(request)
        try:
            if tenant is not None:
                return narrowed(queryset, self.kept, Looker(tenant=tenant, user=reach_of(request).user))
        except Problem as problem:
            messages.warning(request, problem.detail)
        messages.warning(request, gettext("A filter that cannot be read here was left out."))
        return queryset


@admin.register(SavedView)
class SavedViewAdmin(TenantModelAdmin):
    """Views are made on the list of calls; here they are renamed, shared and removed."""

    form = ViewForm
    delete_role = Role.VIEWER
    change_role = Role.VIEWER
    first_step = _("Narrow the list of calls, choose its columns and order, and press “Save view” above it.")
    list_display = ["name", "kept_by", "is_shared", "opens"]
    list_filter = ["is_shared"]
    list_select_related = ["owner"]
    search_fields = ["name__folds"]
    fields = ["name", "is_shared", "said"]
    readonly_fields = ["said"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).filter(Q(owner=reach_of(request).user.pk) | Q(is_shared=True))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._is_theirs(request, obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._is_theirs(request, obj) and super().has_delete_permission(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for view in queryset:
            if self.has_delete_permission(request, view):
                view.delete()

    def _is_theirs(self, request: HttpRequest, view: SavedView | None) -> bool:
        """Whether they keep it; shared ones are also the managers', unless those are limited to one center."""
        reach = reach_of(request)
        if view is None or view.owner_id == request.user.pk or reach.is_operator:
            return True
        return view.tenant_id in reach.whole(Role.MANAGER)

    def save_model(self, request: HttpRequest, obj: SavedView, form: Any, change: bool) -> None:
        obj.is_shared = obj.is_shared and reach_of(request).may(Role.AGENT, obj.tenant_id)
        super().save_model(request, obj, form, change)

    @display(description=_("kept by"), ordering="owner__username")
    def kept_by(self, view: SavedView) -> str:
        """Whose view it is."""
        return str(view.owner)

    @display(description=_("filters"))
    def said(self, view: SavedView) -> Any:
        """What it keeps, in the API's words."""
        return format_html('<code class="ch-text">{}</code>', "&".join(f"{k}={v}" for k, v in view.filters.items()) or ALL)

    @display(description=_("opens"))
    def opens(self, view: SavedView) -> Any:
        """The list as it shows it."""
        address = reverse("admin:calls_call_changelist")
        return format_html('<a class="ch-link" href="{}?view={}">{}</a>', address, view.pk, gettext("Calls"))
