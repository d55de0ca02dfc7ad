"""OAuth applications: made and revoked, never edited; the secret is shown once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from tenants.choices import AppLevel, Role
from tenants.models import OAuthApp
from tenants.reach import reach_of
from tenants.scoped_admin import TenantForm, TenantModelAdmin


class OAuthAppForm(TenantForm):
    """A new application; whoever is limited to one center makes none that sees further."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("level", AppLevel.USER) != AppLevel.USER and self.instance.tenant_id in self.reach.centers:
            self.add_error("level", _("You see one center only, and so may your application: choose the user level."))
        return cleaned


@admin.register(OAuthApp)
class OAuthAppAdmin(TenantModelAdmin):
    """Programs that ask for access tokens. One of the user level acts as the person who made it."""

    form = OAuthAppForm
    view_role = add_role = Role.OWNER
    actions_detail = ["revoke"]
    first_step = _("Programs written for VoipNow sign in with the id and secret of an application. Add one and copy both.")
    list_display = ["name", "client_id", "level", "user", "state"]
    list_filter = ["level"]
    list_select_related = ["user"]
    search_fields = ["name__folds", "client_id"]
    fields = ["name", "level"]
    actions = None

    def get_fieldsets(self, request: HttpRequest, obj: OAuthApp | None = None) -> Sequence[Any]:
        fieldsets = list(super().get_fieldsets(request, obj))
        return [*fieldsets, (_("Use"), {"fields": ["client_id", "user", "standing", "created_at"]})] if obj else fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: OAuthApp | None = None) -> Sequence[str]:
        fields = super().get_readonly_fields(request, obj)
        return [*fields, "client_id", "user", "standing", "created_at"] if obj else fields

    @display(description=_("state"), label={"usable": "success", "revoked": "danger"})
    def state(self, app: OAuthApp) -> tuple[str, str]:
        """Whether it is given tokens."""
        return ("usable", gettext("Usable")) if app.revoked_at is None else ("revoked", gettext("Revoked"))

    @display(description=_("state"))
    def standing(self, app: OAuthApp) -> str:
        """The same in words alone, for its page."""
        return self.state(app)[1]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: a revoked application stays, so that what it did can still be told."""
        return False

    def has_revoke_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Whether the application is theirs to revoke and not revoked yet."""
        app = self.get_object(request, object_id) if object_id else None
        return app is not None and app.revoked_at is None and reach_of(request).may(Role.OWNER, app.tenant_id)

    def save_model(self, request: HttpRequest, obj: OAuthApp, form: Any, change: bool) -> None:
        obj.user = reach_of(request).user if obj.level == AppLevel.USER else None
        obj.shown_secret = obj.renew_credentials()  # type: ignore[attr-defined]
        super().save_model(request, obj, form, change)

    def response_add(self, request: HttpRequest, obj: OAuthApp, post_url_continue: str | None = None) -> HttpResponse:
        """The only page that shows the secret. It answers the POST itself, so that the secret is written down nowhere."""
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Application created"),
            "app": obj,
            "secret": obj.shown_secret,  # type: ignore[attr-defined]
        }
        return TemplateResponse(request, "admin/tenants/oauthapp/created.html", context, headers={"Cache-Control": "no-store"})

    @action(description=_("Revoke"), url_path="revoke", permissions=["revoke"], icon="block", variant="danger")
    def revoke(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask once, then refuse this application and every token it has, for good."""
        app = self.get_object(request, object_id)
        if request.method != "POST":
            context = {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": _("Revoke this application?"),
                "app": app,
            }
            return TemplateResponse(request, "admin/tenants/oauthapp/revoke.html", context)
        OAuthApp.objects.filter(pk=app.pk, revoked_at__isnull=True).update(revoked_at=timezone.now())
        self.log_change(request, app, gettext("Revoked."))
        messages.success(request, gettext("“%(app)s” is revoked: it and its tokens open no door any more.") % {"app": app})
        return HttpResponseRedirect(reverse("admin:tenants_oauthapp_changelist"))
