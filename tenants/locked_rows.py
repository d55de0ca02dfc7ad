"""Changing rows in the admin while others change them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import action, actions
from django.db import connection, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin

from tenants.merging import merged, opened


class LocksRows(ModelAdmin):
    """A page whose rows are nobody else's while they are changed or deleted."""

    refusals: tuple[type[Exception], ...] = ()  # raised where a row must stay, with a sentence that says why
    locks_changed = True  # off where whoever changes a row must have something else before it

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """The row; where it is being changed, as it is now and nobody else's until that is over.

        A stale one, saved as a whole, would undo what others wrote since, or bring back what they removed.
        """
        row = super().get_object(request, object_id, from_field)
        if row is None or not self.locks_changed or request.method != "POST" or not connection.in_atomic_block:
            return row
        self._lock(pk=row.pk, is_kept=True)
        return super().get_object(request, object_id, from_field)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> type[forms.ModelForm]:
        """A form that keeps what others changed since it was opened."""
        form = merged(kwargs.pop("form", self.form))
        return super().get_form(request, obj, change, form=form, **kwargs)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> HttpResponse:
        inlines = [form for inline in context["inline_admin_formsets"] for form in inline.formset.forms]
        context["opened"] = opened([context["adminform"].form, *inlines])
        return super().render_change_form(request, context, *args, **kwargs)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Django's own, which deletes in one transaction; a row that must stay is shown again with the reason."""
        try:
            return super().delete_view(request, object_id, extra_context)
        except self.refusals as refusal:
            messages.error(request, str(refusal))
            return HttpResponseRedirect(request.get_full_path())

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Whoever is about to refer to the row waits, and finds it gone."""
        with transaction.atomic():
            self._lock(pk=obj.pk)
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        with transaction.atomic():
            self._lock(pk__in=queryset.order_by().values("pk"))
            super().delete_queryset(request, queryset)

    def _lock(self, *, is_kept: bool = False, **rows: Any) -> None:
        """Have these rows until the transaction ends; others may refer to those that are ``is_kept``."""
        locked = self.model._default_manager.select_for_update(no_key=is_kept).filter(**rows)
        list(locked.order_by("pk").values_list("pk"))


@action(description=gettext_lazy("Delete selected %(verbose_name_plural)s"), permissions=["delete"])
def delete_selected(page: Any, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
    """Django's own action, all or nothing: one row that must stay keeps every other one, and the reason is shown."""
    try:
        with transaction.atomic():
            return actions.delete_selected(page, request, queryset)
    except getattr(page, "refusals", ()) as refusal:
        messages.error(request, str(refusal))
        return None


class MergesRows:
    """An inline whose rows keep what others changed since its page was opened."""

    form: type[forms.ModelForm]

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        form = merged(kwargs.pop("form", self.form))
        return super().get_formset(request, obj, form=form, **kwargs)  # type: ignore[misc]
