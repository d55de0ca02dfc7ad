"""The form that asks what every chosen call shall get."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from calls.admin.outcome_field import outcome_of_many
from calls.models import Call, Tag
from calls.models.batch import BatchAct
from contacts.models import Contact
from tenants.chosen import ChosenRow
from tenants.models import Tenant
from tenants.reach import Reach

MOST_OFFERED = 500


class ValueForm(forms.Form):
    """What an act needs to know: a tag, a note, an outcome, a contact, or nothing."""

    def __init__(self, act: str, tenant: Tenant, data: Any = None, *, reach: Reach) -> None:
        super().__init__(data)
        self.offered: list[str] = []
        tags = Tag.objects.for_tenant(tenant)
        if act == BatchAct.TAG:
            self.offered = list(tags.values_list("name", flat=True)[:MOST_OFFERED])
            self.fields["tag"] = forms.CharField(
                label=_("Tag"),
                max_length=60,
                widget=UnfoldAdminTextInputWidget(attrs={"list": "offered", "autocomplete": "off"}),
                help_text=_("One there is, or a new one."),
            )
        elif act == BatchAct.UNTAG:
            self.fields["tag"] = forms.ModelChoiceField(tags, label=_("Tag"), widget=UnfoldAdminSelectWidget)
        elif act == BatchAct.FLAG:
            note = UnfoldAdminTextareaWidget(attrs={"rows": 3})
            self.fields["note"] = forms.CharField(label=_("Why"), required=False, max_length=2000, widget=note)
        elif act == BatchAct.UNFLAG:
            told = UnfoldAdminTextareaWidget(attrs={"rows": 3})
            self.fields["resolution"] = forms.CharField(label=_("How it was solved"), max_length=2000, widget=told)
        elif act == BatchAct.OUTCOME:
            self.fields["outcome"] = outcome_of_many(tenant, reach)
        elif act == BatchAct.CONTACT:
            found: Any = ChosenRow(Call._meta.get_field("contact"), admin.site, attrs={"class": "unfold-admin-autocomplete"})
            self.fields["contact"] = forms.ModelChoiceField(Contact.objects.for_tenant(tenant), label=_("Contact"), widget=found)

    def clean_tag(self) -> str:
        """Its name, with single spaces."""
        return " ".join(str(self.cleaned_data["tag"]).split())

    def clean_contact(self) -> str:
        """Their id."""
        return str(self.cleaned_data["contact"].pk)
