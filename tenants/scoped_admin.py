"""The base of every admin page that shows what a tenant owns.

Nobody sees, chooses, guesses or changes a row of a tenant they do not belong to: querysets, choices, autocompletion, filters,
history, actions and inlines all start from ``tenants.reach``. What a person may do follows from their role in the row's tenant.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model, Q, QuerySet
from django.forms import BaseInlineFormSet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.contrib.filters.admin import DropdownFilter
from unfold.contrib.filters.forms import AutocompleteDropdownForm

from tenants import drawn_filters
from tenants.bounded import BoundedAdmin
from tenants.choices import Act, Role
from tenants.chosen import ChosenRow, ChosenRows
from tenants.list_rows import tick_box
from tenants.locked_rows import LocksRows, MergesRows
from tenants.models import Center, Tenant, User
from tenants.reach import Reach, belongs_to, reach_of
from tenants.zoned import ZonedTimes


class TenantForm(forms.ModelForm):
    """A form for a row of one tenant: it settles the tenant first and refuses everything that is another's.

    ``reach`` and ``add_role`` are set by the admin page that makes the form.
    """

    reach: Reach
    add_role: Role = Role.AGENT

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.tenant_id is None and "tenant" not in self.fields:
            self.instance.tenant = self.reach.only_tenant(self.add_role)
        if self.instance.tenant_id is not None:
            for name, field in self.fields.items():
                _narrow(field, self.instance.tenant_id)
                _offer_present(field, getattr(self.instance, f"{name}_id", None))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("tenant"):
            self.instance.tenant = cleaned["tenant"]
        if self.instance.tenant_id is None and "tenant" not in self.errors:
            raise forms.ValidationError(_("You may not add this to any tenant."))
        for name in [name for name, value in cleaned.items() if not self._is_ours(value)]:
            self.add_error(name, _("Select a valid choice: this one belongs to another tenant."))
        self._settle_center(cleaned)
        return cleaned

    def _settle_center(self, cleaned: dict[str, Any]) -> None:
        """People limited to one center add rows to it, and move none out of it."""
        own = self.reach.centers.get(self.instance.tenant_id)
        if own is None or not isinstance(self.fields.get("center"), forms.ModelChoiceField):
            return
        if cleaned.get("center") is None and self.instance._state.adding:
            cleaned["center"] = Center.objects.get(pk=own)
        if "center" in self.errors or getattr(cleaned.get("center"), "pk", None) != own:
            self.add_error("center", _("You may use your own center only."))

    def _is_ours(self, value: Any) -> bool:
        rows = value if isinstance(value, QuerySet) else [value] if isinstance(value, Model) else []
        return self.instance.tenant_id is None or all(belongs_to(row, self.instance.tenant_id) for row in rows)

    def _get_validation_exclusions(self) -> set[str]:
        """Check constraints that name the tenant, though people do not type it in."""
        exclude: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]
        return exclude - {"tenant"} if self.instance.tenant_id is not None else exclude


def _offer_present(field: forms.Field, present: Any) -> None:
    """Offer what a row has now as well, even where its reader could not choose it."""
    rows = getattr(field, "queryset", None)
    if rows is not None and present is not None:
        offered = Q(pk__in=rows.order_by().values("pk")) | Q(pk=present)
        field.queryset = rows.model._default_manager.filter(offered)  # type: ignore[attr-defined]


def _narrow(field: forms.Field, tenant_id: Any) -> None:
    """Let a choice offer rows of one tenant only."""
    rows = getattr(field, "queryset", None)
    if rows is None:
        return
    if rows.model is User:
        field.queryset = rows.filter(memberships__tenant=tenant_id)  # type: ignore[attr-defined]
    elif any(own.name == "tenant" for own in rows.model._meta.fields):
        field.queryset = rows.filter(tenant=tenant_id)  # type: ignore[attr-defined]


class ScopedChoices:
    """Choices of foreign keys and many-to-many fields: only rows the person may see."""

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        reach = reach_of(request)
        if db_field.name == "tenant":
            kwargs["queryset"] = reach.tenants_to(Act.ADD, self.model, getattr(self, "add_role", Role.AGENT))  # type: ignore[attr-defined]
        kwargs.setdefault("queryset", reach.within(db_field.remote_field.model._default_manager.all()))
        if db_field.name in self.get_autocomplete_fields(request):  # type: ignore[attr-defined]
            kwargs.setdefault("widget", ChosenRow(db_field, self.admin_site))  # type: ignore[attr-defined]
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs.setdefault("queryset", reach_of(request).within(db_field.remote_field.model._default_manager.all()))
        if db_field.name in self.get_autocomplete_fields(request):  # type: ignore[attr-defined]
            kwargs.setdefault("widget", ChosenRows(db_field, self.admin_site))  # type: ignore[attr-defined]
        return super().formfield_for_manytomany(db_field, request, **kwargs)  # type: ignore[misc]


class TenantFilter(DropdownFilter):
    """Rows of one tenant, for people who see several."""

    title = _("tenant")
    parameter_name = "tenant"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Sequence[tuple[str, str]]:
        return [(str(tenant.pk), tenant.name) for tenant in reach_of(request).tenants()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in {key for key, _name in self.lookup_choices}:
            return queryset.none() if self.value() else queryset
        return queryset.filter(tenant=self.value())


class _ScopedChoiceForm(AutocompleteDropdownForm):
    """The chosen row is shown by name only where the person may see it."""

    def __init__(self, request: HttpRequest, name: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, name, *args, **kwargs)
        field: Any = self.fields[name]
        field.queryset = reach_of(request).within(field.queryset.all())


class RelatedFilter(drawn_filters.RelatedFilter):
    """Rows with one related row, found by typing."""

    form_class = _ScopedChoiceForm


class TenantModelAdmin(LocksRows, ZonedTimes, ScopedChoices, BoundedAdmin, ModelAdmin):
    """The page of something a tenant owns.

    Say who may do what by ``view_role`` … ``delete_role``, and in ``first_step`` what a person with an empty list should do,
    and in ``add_words`` what its plus sign says where “Add” and the name are not how people put it.
    """

    form = TenantForm
    view_role = Role.VIEWER
    add_role = Role.AGENT
    change_role = Role.AGENT
    delete_role = Role.MANAGER
    first_step: Any = ""
    add_words: Any = ""
    list_filter_submit = True
    list_fullwidth = True
    list_per_page = 50
    show_facets = admin.ShowFacets.NEVER  # counts of a whole log, once per choice

    # What they see

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return reach_of(request).within(super().get_queryset(request))

    def get_list_display(self, request: HttpRequest) -> Sequence[Any]:
        columns = super().get_list_display(request)
        return [*columns, "tenant"] if reach_of(request).spans_tenants else columns

    def get_list_select_related(self, request: HttpRequest) -> Sequence[str]:
        related = super().get_list_select_related(request)
        return [*(related or []), "tenant"]

    def get_list_filter(self, request: HttpRequest) -> Sequence[Any]:
        filters = super().get_list_filter(request)
        return [TenantFilter, *filters] if reach_of(request).spans_tenants else filters

    @admin.display(description=ModelAdmin.action_checkbox.short_description)
    def action_checkbox(self, obj: Any) -> SafeString:
        return tick_box(obj.pk)

    # What they may do

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._may(request, self.view_role)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, self.view_role, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self._may_do(request, Act.ADD, self.add_role)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may_do(request, Act.CHANGE, self.change_role, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may_do(request, Act.DELETE, self.delete_role, obj)

    def _may_do(self, request: HttpRequest, act: Act, role: Role, obj: Any = None) -> bool:
        return bool(request.user.is_staff) and reach_of(request).may_do(act, obj or self.model, role)

    def _may(self, request: HttpRequest, role: Role, obj: Any = None) -> bool:
        return request.user.is_staff and reach_of(request).may(role, getattr(obj, "tenant_id", None))

    # What they fill in

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> type[forms.ModelForm]:
        form = kwargs.pop("form", self.form)
        bound = type(form.__name__, (form,), {"reach": reach_of(request), "add_role": self.add_role})
        return super().get_form(request, obj, change, form=bound, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Sequence[Any]:
        fieldsets = super().get_fieldsets(request, obj)
        return [(None, {"fields": ["tenant"]}), *fieldsets] if reach_of(request).spans_tenants else fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        fields = super().get_readonly_fields(request, obj)
        if obj is None:
            return fields
        is_limited = obj.tenant_id in reach_of(request).centers
        return [*fields, "tenant", *(getattr(self.model, "tenant_fields", ()) if is_limited else ())]


class WholeTenantAdmin(TenantModelAdmin):
    """The page of what concerns all centers of a tenant: people limited to one center have no part in it."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        reach, rows = reach_of(request), super().get_queryset(request)
        return rows if reach.is_operator else rows.filter(tenant__in=reach.whole(self.view_role))

    def whole_tenants(self, request: HttpRequest) -> QuerySet[Tenant]:
        """The tenants whose page this is for the person who asks."""
        reach = reach_of(request)
        return Tenant.objects.all() if reach.is_operator else Tenant.objects.filter(pk__in=reach.whole(self.view_role))

    def _may(self, request: HttpRequest, role: Role, obj: Any = None) -> bool:
        reach = reach_of(request)
        if not super()._may(request, role, obj) or reach.is_operator:
            return reach.is_operator and bool(request.user.is_staff)
        whole = reach.whole(role)
        return bool(whole) if obj is None else obj.tenant_id in whole


class TenantFormSet(BaseInlineFormSet):
    """Rows of the tenant of the row they belong to."""

    def _construct_form(self, i: int, **kwargs: Any) -> forms.ModelForm:
        form: forms.ModelForm = super()._construct_form(i, **kwargs)  # type: ignore[misc]
        form.instance.tenant_id = self.instance.tenant_id
        return form


class TenantInlineForm(forms.ModelForm):
    """A row whose tenant the form set has settled; each of its fields says its name, which only the table's head shows."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if field.label:
                field.widget.attrs.setdefault("aria-label", field.label)

    def _get_validation_exclusions(self) -> set[str]:
        exclude: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]
        return exclude - {"tenant"} if self.instance.tenant_id is not None else exclude


class TenantInline(MergesRows, ZonedTimes, ScopedChoices, TabularInline):
    """Rows edited on the page of the row they belong to; the same roles as there."""

    form = TenantInlineForm
    formset = TenantFormSet
    extra = 0
    view_role = Role.VIEWER
    edit_role = Role.AGENT

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return reach_of(request).may(self.view_role, getattr(obj, "tenant_id", None))

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        reach = reach_of(request)
        return reach.may(self.edit_role) if obj is None else reach.may_do(Act.CHANGE, obj, self.edit_role)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_add_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_add_permission(request, obj)
