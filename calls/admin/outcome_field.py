"""The outcome on the forms of one call and of many: chosen from the tenant's own where it has any, typed where it has none."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from calls.models import Outcome
from tenants.choices import Role
from tenants.models import Tenant
from tenants.reach import Reach

_WANTED = _("Choose what came of the call; every answered call gets an outcome.")


def outcomes_of(tenant_id: UUID) -> list[str]:
    """What staff of a tenant choose from, in their order."""
    return list(Outcome.objects.filter(tenant=tenant_id, is_retired=False).values_list("name", flat=True))


def offer_outcomes(form: forms.ModelForm) -> None:
    """Let staff choose among the outcomes of the form's tenant; what the call has already stays possible."""
    field, tenant_id = form.fields.get("outcome"), form.instance.tenant_id
    offered = dict.fromkeys(outcomes_of(tenant_id) if field and tenant_id else ())
    if not offered or field is None:
        return
    has: dict[str, Any] = {form.instance.outcome: None} if form.instance.outcome else {}
    form.fields["outcome"] = forms.ChoiceField(
        required=False,
        label=field.label,
        choices=[("", "–"), *((name, name) for name in {**offered, **has})],
        widget=UnfoldAdminSelectWidget,
    )


def demand_outcome(form: forms.ModelForm, tenant: Tenant, told: dict[str, Any]) -> None:
    """Refuse an answered call without an outcome where the tenant wants one and offers some."""
    if tenant.requires_outcome and isinstance(form.fields.get("outcome"), forms.ChoiceField) and not told.get("outcome"):
        form.add_error("outcome", _WANTED)


def outcome_of_many(tenant: Tenant, reach: Reach) -> forms.Field:
    """The field that asks what came of many calls: the tenant's own; typed where it has none, with a word on making some."""
    takes_away = gettext("Empty takes it away.")
    names = outcomes_of(tenant.pk)
    if not names:
        typed = UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"})
        told = format_html("{} {}", takes_away, _how_to_offer(tenant, reach))
        return forms.CharField(label=_("Outcome"), required=False, max_length=60, widget=typed, help_text=told)
    return forms.ChoiceField(
        label=_("Outcome"),
        required=tenant.requires_outcome,
        choices=[("", "–"), *((name, name) for name in names)],
        widget=UnfoldAdminSelectWidget,
        help_text="" if tenant.requires_outcome else takes_away,
        error_messages={
            "required": _WANTED,
            "invalid_choice": _("“%(value)s” is not one of your outcomes. Choose one that is offered."),
        },
    )


def _how_to_offer(tenant: Tenant, reach: Reach) -> str:
    if not reach.may(Role.OWNER, tenant.pk):
        return gettext("There is no list of outcomes to choose from yet; owners can make one.")
    whose = f"?tenant={tenant.pk}" if reach.spans_tenants else ""
    address = reverse("admin:calls_outcome_add") + whose
    told = gettext("There is no list of outcomes yet: add some, and they are chosen here instead of typed.")
    return format_html('{} <a class="ch-link ch-within" href="{}">{}</a>', told, address, gettext("Add an outcome"))
