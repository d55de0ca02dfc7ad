"""API tokens: made and revoked, never edited; the secret is shown once."""

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

from tenants.choices import Role
from tenants.models import ApiToken
from tenants.reach import reach_of
from tenants.scoped_admin import TenantModelAdmin


@admin.register(ApiToken)
class ApiTokenAdmin(TenantModelAdmin):
    """Keys of machines. A token acts as the person who made it."""

    view_role = add_role = Role.OWNER
    actions_detail = ["revoke"]
    first_step = _(
        "A token lets a phone system or a script in. Add one, copy its secret, and send it as “Authorization: Bearer …”."
    )
    list_display = ["name", "prefix", "user", "scope", "state", "last_used_at", "expires_at"]
    list_filter = ["scope"]
    list_select_related = ["user"]
    search_fields = ["name__folds", "prefix"]
    fields = ["name", "scope", "expires_at"]
    actions = None

    def get_fieldsets(self, request: HttpRequest, obj: ApiToken | None = None) -> Sequence[Any]:
        fieldsets = list(super().get_fieldsets(request, obj))
        use = (_("Use"), {"fields": ["prefix", "user", "standing", "created_at", "last_used_at"]})
        return [*fieldsets, use] if obj else fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: ApiToken | None = None) -> Sequence[str]:
        fields = super().get_readonly_fields(request, obj)
        return [*fields, "prefix", "user", "standing", "created_at", "last_used_at"] if obj else fields

    @display(
        description=_("state"),
        label={"usable": "success", "revoked": "danger", "expired": "warning"},
    )
    def state(self, token: ApiToken) -> tuple[str, str]:
        """Whether it opens a door now, and if not, why."""
        if token.revoked_at is not None:
            return "revoked", gettext("Revoked")
        return ("usable", gettext("Usable")) if token.is_usable else ("expired", gettext("Expired"))

    @display(description=_("state"))
    def standing(self, token: ApiToken) -> str:
        """The same in words alone, for its page."""
        return self.state(token)[1]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: a revoked token stays, so that what it did can still be told."""
        return False

    def has_revoke_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Whether the token is theirs to revoke and not revoked yet."""
        token = self.get_object(request, object_id) if object_id else None
        return token is not None and token.revoked_at is None and reach_of(request).may(Role.OWNER, token.tenant_id)

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:
        obj.user = reach_of(request).user
        obj.shown_secret = obj.renew_secret()  # type: ignore[attr-defined]
        super().save_model(request, obj, form, change)

    def response_add(self, request: HttpRequest, obj: ApiToken, post_url_continue: str | None = None) -> HttpResponse:
        """The only page that shows the secret. It answers the POST itself, so that the secret is written down nowhere."""
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Token created"),
            "token": obj,
            "secret": obj.shown_secret,  # type: ignore[attr-defined]
        }
        return TemplateResponse(request, "admin/tenants/apitoken/created.html", context, headers={"Cache-Control": "no-store"})

    @action(description=_("Revoke"), url_path="revoke", permissions=["revoke"], icon="block", variant="danger")
    def revoke(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask once, then close the door this token opens, for good."""
        token = self.get_object(request, object_id)
        if request.method != "POST":
            context = {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": _("Revoke this token?"),
                "token": token,
            }
            return TemplateResponse(request, "admin/tenants/apitoken/revoke.html", context)
        ApiToken.objects.filter(pk=token.pk, revoked_at__isnull=True).update(revoked_at=timezone.now())
        self.log_change(request, token, gettext("Revoked."))
        messages.success(request, gettext("“%(token)s” is revoked: it opens no door any more.") % {"token": token})
        return HttpResponseRedirect(reverse("admin:tenants_apitoken_changelist"))
