"""Changing a password: every browser is signed out by it, and what programs sign in with ends as well unless that is unticked."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.views import PasswordChangeView
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.forms import AdminOwnPasswordChangeForm, AdminPasswordChangeForm
from unfold.widgets import UnfoldBooleanWidget

from tenants.models import ApiToken, OAuthApp, User


def tick_to_revoke() -> forms.BooleanField:
    """The question, ticked."""
    return forms.BooleanField(
        label=_("Sign out everywhere and revoke API tokens"),
        required=False,
        initial=True,
        widget=UnfoldBooleanWidget,
        help_text=_("Tokens and OAuth applications of this person stop working. Unticked, only browsers are signed out."),
    )


def revoke_all(user: User) -> None:
    """End what programs act as this person with. Sessions and tokens asked for with a password end with the password."""
    now = timezone.now()
    for model in (ApiToken, OAuthApp):
        model.objects.filter(user=user, revoked_at__isnull=True).update(revoked_at=now, updated_at=now)


class RevokingForm(forms.Form):
    """A form that saves a new password, and then revokes where it is ticked."""

    revokes_tokens = tick_to_revoke()

    def save(self, commit: bool = True) -> User:
        user: User = super().save(commit)  # type: ignore[misc]
        if commit and self.cleaned_data["revokes_tokens"]:
            revoke_all(user)
        return user


class OwnPasswordForm(RevokingForm, AdminOwnPasswordChangeForm):
    """One's own password."""

    field_order = ["old_password", "new_password1", "new_password2", "revokes_tokens"]


class GivenPasswordForm(RevokingForm, AdminPasswordChangeForm):
    """Another person's password, given by an operator."""

    field_order = ["usable_password", "password1", "password2", "revokes_tokens"]


def change_own(request: HttpRequest) -> HttpResponseBase:
    """The page on which people change their own password."""
    context: dict[str, Any] = {**admin.site.each_context(request), "title": _("Change password")}
    view = PasswordChangeView.as_view(
        form_class=OwnPasswordForm,
        success_url=reverse("admin:password_change_done"),
        template_name="admin/tenants/password_change.html",
        extra_context=context,
    )
    return view(request)
