"""Members: the people of a tenant, managed by its owners."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminEmailInputWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelect2Widget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from tenants.admin.password import revoke_all, tick_to_revoke
from tenants.admin.tenant import time_zones
from tenants.choices import Role
from tenants.models import Membership, User
from tenants.models.user import languages
from tenants.reach import Reach, reach_of
from tenants.scoped_admin import TenantForm, WholeTenantAdmin

MAIL = ("mails_missed_calls", "mails_digest", "mails_warnings")
PERSON = ("first_name", "last_name", "email", "time_zone", "language")
PERSONAL = {*PERSON, "is_staff", "password"}  # columns of the person, not of the membership


def is_theirs(reach: Reach, user: User) -> bool:
    """Whether a person's log-in is this owner's to change: no operator, and no member of a tenant that is not theirs as well."""
    if reach.is_operator:
        return True
    if user.is_superuser:
        return False
    return all(reach.may(Role.OWNER, tenant) for tenant in user.memberships.values_list("tenant_id", flat=True))


def own_zones() -> list[tuple[str, str]]:
    """Every zone there is, and to have the tenant's, as choices."""
    return [("", str(_("As the tenant"))), *time_zones()]


def own_languages() -> list[tuple[str, str]]:
    """Every language there is, and to leave it to the browser, as choices."""
    return [("", str(_("As the browser says"))), *languages()]


class PersonForm(TenantForm):
    """A member with the person behind the membership."""

    first_name = forms.CharField(label=_("First name"), required=False, max_length=150, widget=UnfoldAdminTextInputWidget)
    last_name = forms.CharField(label=_("Last name"), required=False, max_length=150, widget=UnfoldAdminTextInputWidget)
    email = forms.EmailField(label=_("Email"), required=False, widget=UnfoldAdminEmailInputWidget)
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        required=False,
        choices=own_zones,
        widget=UnfoldAdminSelect2Widget,
        help_text=_("Times are shown to them in this zone."),
    )
    language = forms.ChoiceField(
        label=_("Language"),
        required=False,
        choices=own_languages,
        widget=UnfoldAdminSelectWidget,
        help_text=_("Pages and mails are in this language; empty means the browser's, and English for mails."),
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 10 characters."),
    )
    is_staff = forms.BooleanField(
        required=False,
        initial=True,
        label=_("may sign in here"),
        widget=UnfoldBooleanWidget,
        help_text=_("Off: they use the API only."),
    )

    def take_person(self, user: User) -> None:
        """Move what was typed into ``user`` and judge it there; errors go to the fields."""
        for name in (*PERSON, "is_staff"):
            setattr(user, name, self.cleaned_data.get(name, getattr(user, name)))
        try:
            user.full_clean(exclude=["password"], validate_constraints=False)
        except ValidationError as error:
            for name, problems in error.error_dict.items():
                self.add_error(name if name in self.fields else None, problems)
        if password := self.cleaned_data.get("password"):
            try:
                validate_password(password, user)
            except ValidationError as error:
                self.add_error("password", error)
            user.set_password(password)


class NewMemberForm(PersonForm):
    """A person who has not signed in here before."""

    username = forms.CharField(
        label=_("Username"),
        max_length=150,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("What they sign in with. Letters, digits and @ . + - _; it cannot be used twice in callhub."),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        user = User(username=cleaned.get("username", ""))
        if "username" in cleaned:
            self.take_person(user)
        self.instance.user = user
        return cleaned

    def _get_validation_exclusions(self) -> set[str]:
        return super()._get_validation_exclusions() | {"user"}  # not saved yet


class MemberForm(PersonForm):
    """A member; the person behind it only where their log-in is the tenant's own."""

    revokes_tokens = tick_to_revoke()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "password" in self.fields:
            self.fields["password"].required = False
            self.fields["password"].help_text = _("Leave empty to keep the one they have.")
        if "revokes_tokens" in self.fields:
            self.fields["revokes_tokens"].help_text = _("Only together with a new password.")
        for name in (*PERSON, "is_staff"):
            if name in self.fields:
                self.fields[name].initial = getattr(self.instance.user, name)
        if not is_theirs(self.reach, self.instance.user):
            for name in (*PERSON, "is_staff", "password", "revokes_tokens"):
                self.fields.pop(name, None)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        is_self = self.instance.user == self.reach.user and not self.reach.is_operator
        if is_self and (cleaned.get("role", self.initial["role"]) != self.initial["role"] or cleaned.get("center")):
            self.add_error("role", _("You cannot lower your own role. Another owner can."))
        if is_theirs(self.reach, self.instance.user):
            self.take_person(self.instance.user)
        return cleaned


@admin.register(Membership)
class MembershipAdmin(WholeTenantAdmin):
    """The people of a tenant, what they may do, and whether they see one center only."""

    view_role = add_role = change_role = delete_role = Role.OWNER
    first_step = _("Add the people who should see and log calls here.")
    list_display = ["person", "full_name", "role", "center", "signs_in", "last_login"]
    list_filter = ["role"]
    list_select_related = ["user", "center"]
    search_fields = ["user__username", "user__first_name__folds", "user__last_name__folds", "user__email"]

    def get_fieldsets(self, request: HttpRequest, obj: Membership | None = None) -> Sequence[Any]:
        whose = [(None, {"fields": ["tenant"]})] if reach_of(request).spans_tenants else []
        place = (_("Place"), {"fields": ["role", "center", *(["number"] if obj else [])]})
        mail = (_("Mail"), {"fields": MAIL})
        if obj is None:
            return [
                *whose,
                (_("Log-in"), {"fields": ["username", "password", "is_staff"]}),
                (_("Person"), {"fields": PERSON}),
                place,
            ]
        if not is_theirs(reach_of(request), obj.user):
            elsewhere = _("This log-in is used elsewhere too, so only the place can be changed.")
            return [*whose, (None, {"fields": ["person"], "description": elsewhere}), place, mail]
        return [
            *whose,
            (_("Log-in"), {"fields": ["person", "password", "revokes_tokens", "is_staff"]}),
            (_("Person"), {"fields": PERSON}),
            place,
            mail,
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Membership | None = None) -> Sequence[str]:
        fields = super().get_readonly_fields(request, obj)
        return [*fields, "person", "number"] if obj else fields

    def get_form(self, request: HttpRequest, obj: Membership | None = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, **{"form": MemberForm if obj else NewMemberForm, **kwargs})

    def has_delete_permission(self, request: HttpRequest, obj: Membership | None = None) -> bool:
        """Owners, but never of their own place: a tenant keeps an owner."""
        is_self = obj is not None and obj.user_id == request.user.pk and not reach_of(request).is_operator
        return not is_self and super().has_delete_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: Membership, form: Any, change: bool) -> None:
        if not change:
            obj.user.save()
            obj.user_id = obj.user.pk
        elif is_theirs(reach_of(request), obj.user):
            obj.user.save(update_fields=PERSONAL & set(form.changed_data))
        if change and form.cleaned_data.get("password") and form.cleaned_data.get("revokes_tokens"):
            revoke_all(obj.user)
        if obj.user_id == request.user.pk:
            update_session_auth_hash(request, obj.user)  # a new password of one's own does not sign oneself out
        super().save_model(request, obj, form, change)

    @display(description=_("person"), ordering="user__username")
    def person(self, member: Membership) -> str:
        """The name they sign in with."""
        return member.user.username

    @display(description=_("name"))
    def full_name(self, member: Membership) -> str:
        """First and last name."""
        return member.user.get_full_name()

    @display(description=_("signs in here"), boolean=True)
    def signs_in(self, member: Membership) -> bool:
        """Whether the admin lets them in."""
        return member.user.is_staff and member.user.is_active

    @display(description=_("last sign-in"), ordering="user__last_login")
    def last_login(self, member: Membership) -> Any:
        """When they were last here."""
        return member.user.last_login
