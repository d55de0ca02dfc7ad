"""Numbers not to call: the list with who added each when, and pasting many at once. Owners keep it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from calls import dialer
from calls.admin import cells, dial_words
from calls.errors import DialRefused
from calls.finding import is_number
from calls.models import DoNotCall
from contacts.finding import with_number
from tenants.choices import Act, Role
from tenants.models import Tenant
from tenants.reach import Reach, reach_of
from tenants.scoped_admin import TenantForm, TenantModelAdmin

MOST_LINES = 10_000
SHOWN_LINES = 10  # of those that are no numbers
_PARTS = re.compile(r"[\t;,]")


class DoNotCallForm(TenantForm):
    """One number: refused where it is none, or on the list already."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        text, tenant = cleaned.get("number"), self.instance.tenant_id and self.instance.tenant
        if text and tenant and "number" in self.changed_data:
            try:
                number = dialer.refuse_forbidden(tenant, text)
            except DialRefused as error:
                self.add_error("number", error.message)
            else:
                self.instance.e164, self.instance.match_key = number.e164, number.key
        return cleaned


class PasteForm(forms.Form):
    """Many numbers at once."""

    numbers = forms.CharField(
        label=_("Numbers"),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 12}),
        help_text=_("One on each line, in any spelling. After a comma, semicolon or tab a line may give its own reason."),
    )
    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=200,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("For the lines that give none of their own."),
    )

    def __init__(self, reach: Reach, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.only = reach.only_tenant(Role.OWNER)
        if self.only is None:
            tenants = reach.tenants_to(Act.ADD, DoNotCall, Role.OWNER)
            choices = forms.ModelChoiceField(tenants, label=_("Tenant"), widget=UnfoldAdminSelectWidget)
            self.fields = {"tenant": choices, **self.fields}

    def clean_numbers(self) -> str:
        text: str = self.cleaned_data["numbers"]
        if text.count("\n") >= MOST_LINES:
            raise forms.ValidationError(_("At most %(most)s lines at once."), params={"most": MOST_LINES})
        return text

    @property
    def tenant(self) -> Tenant:
        """Whose list it is."""
        return self.only or self.cleaned_data["tenant"]

    def wanted(self) -> Iterator[tuple[str, str]]:
        """The lines as number and reason."""
        for line in filter(None, map(str.strip, self.cleaned_data["numbers"].splitlines())):
            number, *reason = _PARTS.split(line, maxsplit=1)
            yield number.strip(), (reason[0].strip() if reason else "") or self.cleaned_data["reason"]


@admin.register(DoNotCall)
class DoNotCallAdmin(TenantModelAdmin):
    """Numbers that are never called, whoever asks and however they are spelled."""

    form = DoNotCallForm
    view_role = Role.MANAGER
    add_role = change_role = delete_role = Role.OWNER
    first_step = _("Add the numbers of people who do not want to be called. Nobody and no program can call them from here then.")
    list_display = ["shown", "reason", "added", "added_by"]
    list_select_related = ["added_by"]
    list_before_template = "admin/calls/donotcall/paste_link.html"
    search_fields = ["number", "reason__folds"]
    search_help_text = _("Number in any spelling, or a word of the reason")
    ordering = ["-created_at", "-id"]
    sortable_by = ["added"]
    fields = ["number", "reason"]

    def get_readonly_fields(self, request: HttpRequest, obj: DoNotCall | None = None) -> list[str]:
        """Another number is another row, so that who added it stays true."""
        fields = [str(name) for name in super().get_readonly_fields(request, obj)]
        return [*fields, "number"] if obj else fields

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[QuerySet[Any], bool]:
        found, may_repeat = super().get_search_results(request, queryset, search_term)
        if not search_term.strip():
            return found, may_repeat
        places = reach_of(request).tenants().places()
        return (
            found | queryset.filter(with_number(search_term, places)) if is_number(search_term.strip()) else found
        ), may_repeat

    @display(description=_("number"))
    def shown(self, row: DoNotCall) -> str:
        """As people read it."""
        return dial_words.number_of(row.number, row)

    @display(description=_("added"), ordering="created_at")
    def added(self, row: DoNotCall) -> Any:
        """When."""
        return cells.moment(row.created_at)

    def save_model(self, request: HttpRequest, obj: DoNotCall, form: Any, change: bool) -> None:
        if not change:
            obj.added_by = reach_of(request).user
        super().save_model(request, obj, form, change)

    # Many at once

    def get_urls(self) -> list[Any]:
        return [path("paste", self.admin_site.admin_view(self.paste), name="calls_donotcall_paste"), *super().get_urls()]

    def paste(self, request: HttpRequest) -> HttpResponse:
        """Add as many as were pasted, and say what came of them."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = PasteForm(reach_of(request), request.POST or None)
        if request.method == "POST" and form.is_valid():
            self._say(request, dialer.forbid(form.tenant, form.wanted(), actor=reach_of(request).user))
            return HttpResponseRedirect(reverse("admin:calls_donotcall_changelist"))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Paste numbers not to call"),
            "form": form,
        }
        return TemplateResponse(request, "admin/calls/donotcall/paste.html", context)

    def _say(self, request: HttpRequest, told: Any) -> None:
        added = ngettext("%(count)s number was added", "%(count)s numbers were added", told.added) % {"count": told.added}
        known = ngettext("%(count)s was there already", "%(count)s were there already", told.known) % {"count": told.known}
        messages.success(request, f"{added}, {known}.")
        if told.unread:
            first = ", ".join(f"“{text[:40]}”" for text in told.unread[:SHOWN_LINES])
            said = ngettext(
                "%(count)s line is no number: %(first)s", "%(count)s lines are no numbers: %(first)s", len(told.unread)
            )
            messages.warning(request, said % {"count": len(told.unread), "first": first})
        if not told.added and not told.known and not told.unread:
            messages.info(request, gettext("Nothing was pasted."))
