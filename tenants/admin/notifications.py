"""Which mails a person gets, and the language and zone they are shown in, for themselves to choose."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelect2Widget, UnfoldAdminSelectWidget

from tenants.admin.member import own_languages, own_zones
from tenants.choices import Role
from tenants.models import OwnMembership, User
from tenants.scoped_admin import TenantForm, TenantModelAdmin

MAIL = ("mails_missed_calls", "mails_digest", "mails_warnings")
SHOWN = ("language", "time_zone")


class OwnForm(TenantForm):
    """One's own place, with what is one's own wherever one is."""

    language = forms.ChoiceField(
        label=_("Language"),
        required=False,
        choices=own_languages,
        widget=UnfoldAdminSelectWidget,
        help_text=User._meta.get_field("language").help_text,
    )
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        required=False,
        choices=own_zones,
        widget=UnfoldAdminSelect2Widget,
        help_text=User._meta.get_field("time_zone").help_text,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self.fields.keys() & set(SHOWN):
            self.fields[name].initial = getattr(self.instance.user, name)


@admin.register(OwnMembership)
class OwnMembershipAdmin(TenantModelAdmin):
    """One's own mails, tenant by tenant, language and zone; nobody else's, whoever one is."""

    form = OwnForm
    change_role = Role.VIEWER
    first_step = _("You are not a member of any tenant yet, so there is nothing to be told of.")
    list_display = ["tenant", "role", "mails_missed_calls", "mails_digest", "mails_warnings"]
    list_display_links = ["tenant"]
    fieldsets = [(_("Mail"), {"fields": MAIL}), (_("Language and times, wherever you are a member"), {"fields": SHOWN})]
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).filter(user=request.user.pk)

    def get_list_display(self, request: HttpRequest) -> Any:
        return self.list_display

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.user_id == request.user.pk)

    def save_model(self, request: HttpRequest, obj: OwnMembership, form: Any, change: bool) -> None:
        for name in SHOWN:
            setattr(obj.user, name, form.cleaned_data[name])
        obj.user.save(update_fields=SHOWN)
        super().save_model(request, obj, form, change)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
