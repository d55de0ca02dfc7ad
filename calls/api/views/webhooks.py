"""Webhooks: who is told of calls, what was sent, and sending it again."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError as ModelValidationError
from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from calls import webhooks
from calls.api.authentication import MayManageWebhooks
from calls.api.filters.webhooks import DeliveryFilters, WebhookFilters
from calls.api.problems import Problem, bad_field, of_model_validation
from calls.api.serializers.base import Wanted, read, shared
from calls.api.serializers.webhooks import (
    DeliveryDocument,
    NewWebhookDocument,
    ReplayedDocument,
    ReplayIn,
    SecretDocument,
    TestIn,
    WebhookDocument,
)
from calls.api.views.base import Door
from calls.api.views.resource import STAMP_SORTS, Resource
from calls.choices import PayloadFormat
from calls.models import Delivery, WebhookEndpoint

_SEALED = ("headers", "password")  # columns of the row under other names


class Webhooks(Resource):
    """Addresses that are told of calls as they happen. Managers and owners of the whole tenant."""

    model, document_class, filterset_class = WebhookEndpoint, WebhookDocument, WebhookFilters
    created_class = NewWebhookDocument
    noun = ("webhook", "webhooks")
    permission_classes = (MayManageWebhooks,)

    def rows(self) -> QuerySet[WebhookEndpoint]:
        return super().rows().webhooks()  # type: ignore[attr-defined]

    def create(self, request: Request) -> Response:
        """Tell an address of calls from now on. Its secret is in the answer, once."""
        _check_address(request)
        response = super().create(request)
        response.data = {**response.data, "secret": getattr(self, "secret", None)}  # kept nowhere, not even for repeats
        return response

    def partial_update(self, request: Request, pk: str) -> Response:
        """Change what is given of an endpoint."""
        _check_address(request)
        return super().partial_update(request, pk)

    def kept(self, row: WebhookEndpoint, values: dict[str, Any]) -> WebhookEndpoint:
        for name in _SEALED:
            if name in values:
                setattr(row, name, values.pop(name))
        kept: WebhookEndpoint = super().kept(row, values)
        return kept

    def save(self, row: WebhookEndpoint, values: dict[str, Any]) -> None:
        if row._state.adding:
            self.secret = row.renew_secret()
        row.save()


class Deliveries(Resource):
    """Messages, each with its attempts. They are kept for 30 days."""

    model, document_class, filterset_class = Delivery, DeliveryDocument, DeliveryFilters
    noun = ("delivery", "deliveries")
    sorts = {name: STAMP_SORTS[name] for name in ("created_at",)}
    default_sort = "-created_at"
    permission_classes = (MayManageWebhooks,)

    def fetching(self, rows: QuerySet[Any], wanted: Wanted | None) -> QuerySet[Any]:
        rows = super().fetching(rows, wanted)
        asked = wanted.fields if wanted else set()
        rows = rows if "body" in asked else rows.defer("body")
        return rows.prefetch_related("log") if "log" in asked else rows


class _Action(Door):
    """Something to do with an endpoint or a delivery."""

    permission_classes = (MayManageWebhooks,)
    more_answers = (404, 409)

    def endpoint(self, pk: str) -> WebhookEndpoint:
        """The endpoint with this id; another tenant's is no endpoint."""
        rows = WebhookEndpoint.objects.for_tenant(self.principal.tenant).webhooks().select_related("tenant")
        return _found(rows.by_public_id(pk))

    def told(self, endpoint: WebhookEndpoint) -> Response:
        """How it is now."""
        endpoint.refresh_from_db()
        return Response(shared(WebhookDocument).render(endpoint))


class Pause(_Action):
    """An endpoint at rest."""

    @extend_schema(operation_id="webhooks_pause", summary="Pause", request=None, responses={200: WebhookDocument})
    def post(self, request: Request, pk: str) -> Response:
        """Send nothing until it is resumed; what happens meanwhile is kept for it."""
        endpoint = self.endpoint(pk)
        webhooks.pause(endpoint)
        return self.told(endpoint)


class Resume(_Action):
    """An endpoint at work."""

    @extend_schema(operation_id="webhooks_resume", summary="Resume", request=None, responses={200: WebhookDocument})
    def post(self, request: Request, pk: str) -> Response:
        """Send again. One that was disabled is told of what happens from now on."""
        endpoint = self.endpoint(pk)
        webhooks.resume(endpoint)
        return self.told(endpoint)


class Rotate(_Action):
    """Another secret."""

    @extend_schema(operation_id="webhooks_rotate", summary="Renew the secret", request=None, responses={200: SecretDocument})
    def post(self, request: Request, pk: str) -> Response:
        """Give it another secret. For 24 hours messages are signed with both."""
        endpoint = self.endpoint(pk)
        secret = webhooks.rotate_secret(endpoint)
        return Response(SecretDocument({"secret": secret, "former_secret_until": endpoint.former_secret_until}).data)


class SendTest(_Action):
    """An example, sent as any message."""

    @extend_schema(
        operation_id="webhooks_test",
        summary="Send an example",
        request=TestIn,
        responses={202: DeliveryDocument},
        examples=[OpenApiExample("Example", value={"event": "call.ended"}, request_only=True)],
    )
    def post(self, request: Request, pk: str) -> Response:
        """Send an example of a message; look at the delivery to see how it went."""
        endpoint = self.endpoint(pk)
        event = read(shared(TestIn), request.data, self.principal.tenant)["event"]
        try:
            delivery = webhooks.fire_test(endpoint, event)
        except ValueError as error:
            raise bad_field("event", f"The format {PayloadFormat(endpoint.format).label} does not tell of this.") from error
        return Response(shared(DeliveryDocument).render(delivery), status=202)


class Replay(_Action):
    """Many deliveries of an endpoint again."""

    @extend_schema(
        operation_id="webhooks_replay",
        summary="Send again",
        request=ReplayIn,
        responses={202: ReplayedDocument},
        examples=[OpenApiExample("Example", value={"failed": True}, request_only=True)],
    )
    def post(self, request: Request, pk: str) -> Response:
        """Send messages again, with the same ids and bytes. All conditions that are given must hold."""
        endpoint = self.endpoint(pk)
        wanted = read(shared(ReplayIn), request.data, self.principal.tenant)
        rows = Delivery.objects.filter(endpoint=endpoint).made_between(wanted.get("since"), wanted.get("until"))
        if wanted.get("deliveries"):
            rows = rows.filter(pk__in=wanted["deliveries"])
        if wanted["failed"]:
            rows = rows.lost()
        return Response({"count": webhooks.replay_all(rows)}, status=202)


class ReplayOne(_Action):
    """One delivery again."""

    @extend_schema(operation_id="deliveries_replay", summary="Send again", request=None, responses={202: DeliveryDocument})
    def post(self, request: Request, pk: str) -> Response:
        """Send it again, with the same id and bytes."""
        rows = Delivery.objects.for_tenant(self.principal.tenant).select_related("endpoint")
        delivery = _found(rows.by_public_id(pk))
        webhooks.replay(delivery)
        delivery.refresh_from_db()
        return Response(shared(DeliveryDocument).render(delivery), status=202)


class Samples(Door):
    """What messages look like."""

    @extend_schema(operation_id="webhooks_samples", summary="Examples of every message", responses={200: OpenApiTypes.OBJECT})
    def get(self, request: Request) -> Response:
        """For every message our JSON in full and thin, and what FoneStorm's formats make of it."""
        return Response(webhooks.samples())


def _found(row: Any) -> Any:
    if row is None:
        raise Problem(404, "not_found", "There is nothing at this address.")
    return row


def _check_address(request: Request) -> None:
    """Refuse an address that may not be called. Before any transaction: its name is looked up."""
    url = request.data.get("url") if isinstance(request.data, dict) else None
    if not isinstance(url, str):
        return  # what else is wrong with it is said where all fields are read
    try:
        webhooks.check_url(url, is_callback=False)
    except ModelValidationError as error:
        raise of_model_validation(error) from error
