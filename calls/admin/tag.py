"""Tags."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminColorInputWidget

from calls.admin import cells
from calls.models import Tag
from tenants.choices import Role
from tenants.scoped_admin import TenantModelAdmin


@admin.register(Tag)
class TagAdmin(TenantModelAdmin):
    """Words staff put on calls."""

    change_role = Role.MANAGER
    first_step = _("A tag is a word you put on calls, such as “complaint”, with a colour to find it by.")
    list_display = ["name", "looks", "ruled", "its_calls"]
    ordering = ["name"]
    search_fields = ["name__folds"]
    fields = ["name", "colour"]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "colour":
            kwargs["widget"] = UnfoldAdminColorInputWidget
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).annotate(rule_count=Count("rules"))

    @display(description=_("rules"), ordering="rule_count")
    def ruled(self, tag: Any) -> str:
        """How many rules put it on calls by themselves."""
        return str(tag.rule_count) if tag.rule_count else cells.NOTHING

    @display(description=_("looks"))
    def looks(self, tag: Tag) -> str:
        """The tag as it is on calls."""
        return cells.tags([tag])

    @display(description=_("calls"))
    def its_calls(self, tag: Tag) -> str:
        """The calls that have it; under its own name, as a tag has an attribute of the other."""
        return format_html('<a href="../call/?tags__id__exact={}&period=all" class="ch-link">{}</a>', tag.pk, _("Calls"))
