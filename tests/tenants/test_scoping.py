"""Whose row is it: what every model a tenant owns has, and the questions every door starts from."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import models

from tenants.ids import short_id
from tenants.models import Center, Tenant
from tenants.scoping import TenantOwned, TenantQuerySet
from tests.make import make_center, make_operator, make_tenant, make_user

OURS = [model for label in ("tenants", "contacts", "calls") for model in apps.get_app_config(label).get_models()]
# Not a tenant's: the tenant itself, people, who may work for several, who listens to an exchange that several share, and where
# the readers of everything go on; wrong passwords, which may be for no account.
NOBODYS = {"Tenant", "User", "ChosenColumns", "TelephonyListener", "JournalPlace", "UsageCursor", "WrongPassword"}
# Parts that are only ever reached through the row they belong to, and counters.
PARTS = {
    "UploadChunk": "upload", "Attempt": "delivery", "WebhookLane": "endpoint", "RecordingFetch": "recording",
    "PlayableCopy": "recording",
    "MissedTry": "missed", "BatchItem": "batch", "ExportPart": "export",
    "IdempotencySubject": "key",
}  # fmt: skip
COUNTERS = {"CallNumbering", "MemberNumbering", "WebhookCursor", "MissedCursor"}


@pytest.mark.once
@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_every_model_of_ours_belongs_to_a_tenant(model: type[models.Model]) -> None:
    if model.__name__ in NOBODYS:
        return
    if model.__name__ in PARTS:
        model = model._meta.get_field(PARTS[model.__name__]).related_model
    owner = model._meta.get_field("tenant")
    assert owner.related_model is Tenant
    assert not owner.null
    assert isinstance(model.objects.all(), TenantQuerySet) or model.__name__ in COUNTERS


@pytest.mark.once
def test_whatever_is_tenant_owned_is_found_among_ours() -> None:
    owned = {model for model in apps.get_models() if issubclass(model, TenantOwned)}
    assert owned <= set(OURS)
    assert len(owned) > 8


@pytest.mark.django_db
class TestQuestions:
    def test_rows_of_one_tenant(self) -> None:
        mine, theirs = make_tenant(), make_tenant()
        center = make_center(mine)
        make_center(theirs)
        assert list(Center.objects.for_tenant(mine)) == [center]

    def test_rows_a_person_may_see(self) -> None:
        mine, theirs = make_tenant(), make_tenant()
        center, other = make_center(mine), make_center(theirs)
        user = make_user(mine)
        assert list(Center.objects.visible_to(user)) == [center]
        assert set(Center.objects.visible_to(make_operator())) == {center, other}
        user.is_active = False
        assert not Center.objects.visible_to(user).exists()

    def test_a_row_is_found_by_its_id_in_full_or_short(self) -> None:
        center = make_center(make_tenant())
        for text in (str(center.pk), center.pk.hex, str(center.pk).upper(), short_id(center.pk), short_id(center.pk, 20)):
            assert Center.objects.by_public_id(text) == center

    @pytest.mark.parametrize("text", ["", "x", "%", "\0", None, 7, ["a"], "0" * 37, "ff" * 10, "0123456789a", "é" * 32])
    def test_any_other_id_finds_nothing(self, text: object) -> None:
        make_center(make_tenant())
        assert Center.objects.by_public_id(text) is None

    def test_a_short_id_that_begins_two_keys_finds_neither(self) -> None:
        one = make_center(make_tenant())
        twin_key = one.pk.hex[:-1] + ("0" if one.pk.hex[-1] != "0" else "1")
        make_center(one.tenant, pk=twin_key)
        assert Center.objects.by_public_id(one.pk.hex[:31]) is None
