"""API tokens, and who is asking."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework import serializers

from calls.api.fields import ChoiceField, MomentField
from calls.api.serializers.base import RowDocument
from tenants.choices import Role, Scope
from tenants.models import ApiToken


class TokenDocument(RowDocument):
    """A machine's key to the tenant. Its secret is told once, in the answer to its creation."""

    user = serializers.UUIDField(source="user_id", read_only=True, help_text="The person it acts as.")
    expires_at = MomentField(required=False, allow_null=True, help_text="Left out, it does not expire.")
    last_used_at = MomentField(read_only=True, allow_null=True)
    revoked_at = MomentField(read_only=True, allow_null=True)
    created_at = MomentField(read_only=True)
    updated_at = MomentField(read_only=True)

    class Meta:
        model = ApiToken
        fields = [
            "id", "name", "prefix", "scope", "user", "expires_at", "last_used_at", "revoked_at", "created_at", "updated_at",
        ]  # fmt: skip

    def validate_expires_at(self, value: Any) -> Any:
        if value is not None and value <= timezone.now():
            raise serializers.ValidationError("Must lie in the future.", code="invalid")
        return value


class NewTokenDocument(TokenDocument):
    """A token just made, with its secret."""

    secret = serializers.CharField(
        read_only=True,
        allow_null=True,
        help_text="Keep it now: it is never shown again. Null where the answer is a repeat by Idempotency-Key.",
    )

    class Meta(TokenDocument.Meta):
        fields = [*TokenDocument.Meta.fields, "secret"]


class MeUser(serializers.Serializer[Any]):
    """The person."""

    id = serializers.UUIDField()
    username = serializers.CharField()
    name = serializers.CharField()
    email = serializers.CharField()


class MeTenant(serializers.Serializer[Any]):
    """The tenant."""

    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()
    time_zone = serializers.CharField()
    country = serializers.CharField()
    area_code = serializers.CharField(help_text="Of local numbers, without the trunk prefix; empty where it is not stated.")


class MeDocument(serializers.Serializer[Any]):
    """Who is asking, for which tenant, and what they may do."""

    user = MeUser()
    tenant = MeTenant()
    role = ChoiceField(choices=Role.choices)
    scope = ChoiceField(choices=Scope.choices)
    center = serializers.UUIDField(allow_null=True, help_text="Set where only this center's calls are seen.")
    token = serializers.UUIDField(allow_null=True, help_text="The id of the token in use; null for a session.")
