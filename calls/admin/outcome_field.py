"""The outcome on the forms of a call: chosen from the tenant's own where it has any, typed where it has none."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget

from calls.models import Outcome
from tenants.models import Tenant


def offer_outcomes(form: forms.ModelForm) -> None:
    """Let staff choose among the outcomes of the form's tenant; what the call has already stays possible."""
    field, tenant_id = form.fields.get("outcome"), form.instance.tenant_id
    names = (
        Outcome.objects.filter(tenant=tenant_id, is_retired=False).values_list("name", flat=True) if field and tenant_id else ()
    )
    offered = dict.fromkeys(names)
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
        form.add_error("outcome", _("Choose what came of the call; every answered call gets an outcome."))
