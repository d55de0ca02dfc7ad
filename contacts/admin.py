"""Admin pages of companies, contacts and agents."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from contacts import merge_page
from contacts.book import (
    remove_agent,
    remove_company,
    remove_contact,
    save_agent,
    save_company,
    save_contact,
    save_extensions,
    save_numbers,
)
from contacts.dialing import SCRIPTS, STYLES, DialingList, dial_button, may_dial
from contacts.finding import with_number
from contacts.models import Agent, AgentExtension, Company, Contact, ContactNumber
from contacts.phone import read_number, readable
from tenants.choices import Role
from tenants.reach import reach_of
from tenants.scoped_admin import RelatedFilter, TenantInline, TenantInlineForm, TenantModelAdmin

KNOWN_ELSEWHERE = (_("Known elsewhere"), {"fields": ["external_id", "source_id", "vendor_fields"], "classes": ["collapse"]})


def calls_of(field: str, row: Any) -> str:
    """A link to the calls of a row; a dash where the log has no page."""
    try:
        address = reverse("admin:calls_call_changelist")
    except NoReverseMatch:
        return "–"
    return format_html('<a href="{}?{}__id__exact={}&period=all" class="ch-link">{}</a>', address, field, row.pk, _("Calls"))


class KnownElsewhereAdmin(TenantModelAdmin):
    """What companies, contacts and agents have in common: all is written by ``contacts.book``."""

    readonly_fields = ["vendor_fields"]
    change_form_outer_after_template = "admin/contacts/calls.html"
    write: Callable[[Any], Any]
    remove: Callable[[Any], None]

    class Media:  # the calls below each of them have telephones
        js = SCRIPTS
        css = {"all": [*STYLES["all"], "callhub/call.css"]}

    @display(description=_("vendor fields"))
    def vendor_fields(self, row: Any) -> str:
        """Fields a vendor's client sent that have no place of their own."""
        if not row.extra:
            return gettext("None")
        return format_html('<pre class="ch-code">{}</pre>', json.dumps(row.extra, indent=2, ensure_ascii=False))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        type(self).write(obj)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        type(self).remove(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for row in queryset:
            type(self).remove(row)


class CalledAdmin(KnownElsewhereAdmin):
    """What can be called: each of its numbers has a button."""

    change_form_outer_before_template = "admin/contacts/dial_bar.html"

    def numbers_of(self, row: Any) -> list[tuple[str, str, str]]:
        """The row's numbers as (written, E.164, label)."""
        raise NotImplementedError  # contacts keep theirs in rows, companies in a column

    def with_numbers(self, request: HttpRequest, rows: QuerySet[Any], wanted: Q) -> QuerySet[Any]:
        """Those of the rows with a number for which ``wanted`` (``with_number``) holds."""
        return rows.filter(wanted)

    def get_search_results(
        self,
        request: HttpRequest,
        queryset: QuerySet[Any],
        search_term: str,
    ) -> tuple[QuerySet[Any], bool]:
        found, may_repeat = super().get_search_results(request, queryset, search_term)
        has_digits = any(sign.isdigit() for sign in search_term)
        if not has_digits or any(sign.isalpha() for sign in search_term):
            return found, may_repeat
        wanted = with_number(search_term, reach_of(request).tenants().places())
        return found | self.with_numbers(request, queryset, wanted), may_repeat

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[DialingList]:
        return DialingList

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> HttpResponse:
        row = context.get("original")
        if row is not None and may_dial(request, row):
            numbers = [(number, self._button(row, number, words=True)) for number in self.numbers_of(row)]
            context["dial_buttons"] = [(label, button) for (_raw, _e164, label), button in numbers]
        return super().render_change_form(request, context, *args, **kwargs)

    def shown_numbers(self, row: Any, most: int) -> SafeString:
        """The first numbers, each with its button where the reader may call, and how many more there are."""
        numbers = self.numbers_of(row)
        shown = [
            (readable(number[1], number[0]), self._button(row, number) if getattr(row, "is_dialled", False) else "")
            for number in numbers[:most]
        ]
        more = f" +{len(numbers) - most}" if len(numbers) > most else ""
        return format_html("{}{}", format_html_join(", ", '<bdi dir="ltr" class="ch-nowrap">{}</bdi>{}', shown), more)

    def _button(self, row: Any, number: tuple[str, str, str], *, words: bool = False) -> SafeString:
        raw, e164, _label = number
        return dial_button(raw, row.tenant_id, e164=e164, name=row.name, words=words)


@admin.register(Company)
class CompanyAdmin(CalledAdmin):
    """Organisations that contacts belong to."""

    write, remove = staticmethod(save_company), staticmethod(remove_company)
    first_step = _("Add a company to see the calls of all its people in one list.")
    list_display = ["name", "known_number", "external_id", "calls"]
    search_fields = ["name__folds", "external_id"]
    fieldsets = [(None, {"fields": ["name", "phone", "notes"]}), KNOWN_ELSEWHERE]

    def numbers_of(self, row: Company) -> list[tuple[str, str, str]]:
        return [(row.phone, read_number(row.phone, row.tenant.place).e164, "")] if row.phone else []

    @display(description=_("phone"), ordering="phone")
    def known_number(self, company: Company) -> str:
        """Its number, and a button to call it."""
        return self.shown_numbers(company, 1)

    @display(description=_("calls"))
    def calls(self, company: Company) -> str:
        """Its calls."""
        return calls_of("company", company)


class NumberForm(TenantInlineForm):
    """A number of a contact; the same one twice is refused before the database does."""

    def clean_raw(self) -> str:
        raw = self.cleaned_data["raw"].strip()
        if not read_number(raw, self.instance.tenant.place if self.instance.tenant_id else "ZZ"):
            raise forms.ValidationError(_("This is not a phone number."))
        return raw


class NumberInline(TenantInline):
    """The numbers a contact is known by."""

    model = ContactNumber
    form = NumberForm
    fields = ["raw", "label", "e164"]
    readonly_fields = ["e164"]
    verbose_name_plural = _("numbers")


@admin.register(Contact)
class ContactAdmin(CalledAdmin):
    """People who call or are called. Saving one matches past calls anew."""

    write, remove = staticmethod(save_contact), staticmethod(remove_contact)
    actions_detail = ["merge"]
    first_step = _("Add the people you talk to. Calls with their numbers, past ones too, then show who it was.")
    inlines = [NumberInline]
    list_display = ["name", "known_numbers", "company", "email", "external_id", "calls"]
    list_filter = [("company", RelatedFilter)]
    list_select_related = ["company"]
    search_fields = ["name__folds", "email", "external_id", "company__name__folds"]
    autocomplete_fields = ["company"]
    fieldsets = [(None, {"fields": ["name", "email", "company", "notes"]}), KNOWN_ELSEWHERE]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related("numbers")

    def with_numbers(self, request: HttpRequest, rows: QuerySet[Any], wanted: Q) -> QuerySet[Any]:
        numbers = reach_of(request).within(ContactNumber.objects.all()).filter(wanted)
        return rows.filter(pk__in=numbers.values("contact"))

    def has_merge_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Whether they may merge contacts anywhere; the page asks whether they may merge these."""
        return self.has_delete_permission(request)

    @action(description=_("Merge with another contact"), url_path="merge", permissions=["merge"], icon="merge")
    def merge(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Choose the other one, see what will happen, do it."""
        return merge_page.respond(request, self, object_id)

    def numbers_of(self, row: Contact) -> list[tuple[str, str, str]]:
        return [(number.raw, number.e164, number.label) for number in row.numbers.all()]

    @display(description=_("numbers"))
    def known_numbers(self, contact: Contact) -> str:
        """The first numbers, and how many more there are."""
        return self.shown_numbers(contact, 2)

    @display(description=_("calls"))
    def calls(self, contact: Contact) -> str:
        """Their calls."""
        return calls_of("contact", contact)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        changed = formset.save(commit=False)
        save_numbers(form.instance, changed=changed, removed=formset.deleted_objects)


class ExtensionInline(TenantInline):
    """The extensions an agent answers at."""

    model = AgentExtension
    fields = ["number"]
    edit_role = Role.MANAGER
    verbose_name_plural = _("extensions")


@admin.register(Agent)
class AgentAdmin(KnownElsewhereAdmin):
    """The tenant's own people at the phones."""

    write, remove = staticmethod(save_agent), staticmethod(remove_agent)
    add_role = change_role = Role.MANAGER
    first_step = _("Add the people who make and take calls, with the extension or id your phone system knows them by.")
    inlines = [ExtensionInline]
    list_display = ["name", "known_extensions", "email", "center", "is_active", "calls"]
    list_filter = [("center", RelatedFilter), "is_active"]
    list_select_related = ["center"]
    search_fields = ["name__folds", "email", "external_id", "extensions__number"]
    autocomplete_fields = ["center"]
    fieldsets = [(None, {"fields": ["name", "email", "user", "center", "is_active", "mails_missed_calls"]}), KNOWN_ELSEWHERE]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related("extensions")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "user":
            reach = reach_of(request)
            people = reach.within(db_field.remote_field.model.objects.all())
            kwargs["queryset"] = people if reach.is_operator else people.filter(is_superuser=False)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        changed = formset.save(commit=False)
        save_extensions(form.instance, changed=changed, removed=formset.deleted_objects)

    @display(description=_("extensions"))
    def known_extensions(self, agent: Agent) -> str:
        """Where they answer."""
        return ", ".join(extension.number for extension in agent.extensions.all())

    @display(description=_("calls"))
    def calls(self, agent: Agent) -> str:
        """Their calls."""
        return calls_of("agent", agent)
