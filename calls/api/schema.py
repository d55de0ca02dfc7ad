"""How the OpenAPI document is made from the views: one way for all resources, so that no operation is left undescribed."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter
from rest_framework import serializers

from calls.api import examples
from calls.api.filters.base import (
    AnyOfFilter,
    DayFilter,
    Filters,
    IdsFilter,
    MomentFilter,
    SecondsFilter,
    ShareFilter,
    TruthFilter,
)
from calls.api.pagination import LARGEST_PAGE, PAGE_SIZE
from calls.api.problems import CONTENT_TYPE
from calls.api.serializers.base import Document
from calls.api.serializers.calls import CallDocument
from calls.api.serializers.drafts import CallChangesIn, CallIn
from calls.api.serializers.results import ProblemDocument

_VERBS = {
    "list": "List {1}",
    "retrieve": "Read one {0}",
    "create": "Make a {0}",
    "partial_update": "Change a {0}",
    "destroy": "Erase a {0}",
}
_ALWAYS = (400, 401, 403, 404, 405, 406, 429, 500, 503)
_WITH_BODY = (409, 413, 415, 422)


class ApiSchema(AutoSchema):
    """The description of one operation."""

    view: Any

    @property
    def action(self) -> str:
        """What a resource does here; empty for other addresses."""
        return getattr(self.view, "action", None) or ""

    def get_tags(self) -> list[str]:
        return [self.path.removeprefix("/api/v1/").split("/")[0]]

    def get_summary(self) -> str | None:
        return _VERBS[self.action].format(*self.view.noun) if self.action else None

    def get_operation_id(self) -> str:
        name = self.path.removeprefix("/api/v1/").replace("/{id}", "").replace("/", "_").replace("-", "_")
        verb = {"retrieve": "read", "partial_update": "change", "destroy": "erase"}.get(self.action, self.action)
        return f"{name}_{verb}" if verb else f"{name}_{self.method.lower()}"

    def get_request_serializer(self) -> Any:
        if self.action not in ("create", "partial_update"):
            return None
        if self.view.document_class is CallDocument:
            return CallIn if self.action == "create" else CallChangesIn
        return self.view.document_class

    def get_response_serializers(self) -> Any:
        document = getattr(self.view, "document_class", None)
        match self.action:
            case "list":
                return {200: page_of(document)}
            case "create":
                created = self.view.created_class or document
                return {201: created, 200: created} if document is CallDocument else {201: created}
            case "destroy":
                return {204: None}
            case _:
                return {200: document}

    def _is_list_view(self, serializer: Any = None) -> bool:
        return False  # a page is an object

    def _get_response_bodies(self, direction: Any = "response") -> Any:
        bodies = super()._get_response_bodies(direction)
        if self.action == "retrieve":
            bodies["304"] = {"description": "Not changed since the ETag in If-None-Match."}
        codes = [*_ALWAYS, *(_WITH_BODY if self.method in ("POST", "PATCH", "PUT") else ())]
        codes += getattr(self.view, "more_answers", ())
        codes += [412] if self.action in ("partial_update", "destroy") else []
        codes += [409] if self.action == "destroy" else []
        for code in dict.fromkeys(codes):
            bodies[str(code)] = self._get_response_for_code(ProblemDocument, str(code), media_types=[CONTENT_TYPE])
        return bodies

    def get_override_parameters(self) -> list[Any]:
        return [
            *self._path_parameters(),
            *self._list_parameters(),
            *self._shape_parameters(),
            *self._header_parameters(),
            OpenApiParameter("tenant", str, description="With a session: the slug of the tenant, if not your first."),
        ]

    def get_examples(self) -> list[OpenApiExample]:
        shown = examples.REQUESTS.get(self.get_operation_id())
        return [OpenApiExample("Example", value=shown, request_only=True)] if shown else []

    def get_filter_backends(self) -> list[Any]:
        return []

    def _path_parameters(self) -> list[OpenApiParameter]:
        if "{id}" not in self.path:
            return []
        return [OpenApiParameter("id", OpenApiTypes.UUID, OpenApiParameter.PATH, description="The id of the row.")]

    def _list_parameters(self) -> list[OpenApiParameter]:
        if self.action != "list":
            return []
        filters: type[Filters] | None = getattr(self.view, "filterset_class", None)
        offered = filters.base_filters if filters else {}
        orders = [order for name in self.view.sorts for order in (name, f"-{name}")]
        return [
            *(parameter_of(name, offered[name]) for name in offered),
            *(OpenApiParameter(name, str, description=told) for name, told in getattr(self.view, "list_parameters", {}).items()),
            OpenApiParameter("sort", str, enum=orders, default=self.view.default_sort),
            OpenApiParameter("page_size", {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE, "default": PAGE_SIZE}),
            OpenApiParameter("limit", {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE}, description="The same."),
            OpenApiParameter("cursor", str, description="From `next` or `previous`: opaque, and only for the same sort."),
            OpenApiParameter("count", bool, description="Count as well, up to 10,000 rows."),
        ]

    def _shape_parameters(self) -> list[OpenApiParameter]:
        if self.action not in ("list", "retrieve") or "fields" not in self.view.allowed_parameters():
            return []
        document = self.view.document_class
        names = ", ".join(document().fields)
        expansions = ", ".join(dict.fromkeys([*document.expansions, *document.on_request]))
        shape = [OpenApiParameter("fields", str, description=f"Only these, with commas between: {names}.")]
        if expansions:
            shape.append(
                OpenApiParameter("expand", str, description=f"Told as well, or the whole row in place of its id: {expansions}.")
            )
        return shape

    def _header_parameters(self) -> list[OpenApiParameter]:
        header: Literal["header"] = "header"
        found = [OpenApiParameter("RateLimit", str, header, response=True, description="What is left of the budget.")]
        if self.method == "POST":
            found.append(
                OpenApiParameter("Idempotency-Key", str, header, description="The same key again gives the same answer.")
            )
        if self.action in ("partial_update", "destroy"):
            found.append(OpenApiParameter("If-Match", str, header, description="Only if this is still its ETag."))
        if self.action == "retrieve":
            found.append(OpenApiParameter("If-None-Match", str, header, description="304 if this is still its ETag."))
        if self.action in ("retrieve", "create", "partial_update"):
            found.append(OpenApiParameter("ETag", str, header, response=[200, 201]))
        if self.action == "create":
            found.append(OpenApiParameter("Location", str, header, response=[200, 201]))
        return found

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> Any:
        schema = super()._map_basic_serializer(serializer, direction)
        if isinstance(serializer, Document) and direction == "response":
            schema.pop("required", None)  # `fields` may leave out any of them
            for name, expansion in serializer.expansions.items():
                self._add_expansion(schema["properties"], name, expansion)
        if direction == "request":
            schema["additionalProperties"] = False
        return schema

    def _add_expansion(self, properties: dict[str, Any], name: str, expansion: Any) -> None:
        whole: ResolvedComponent = self.resolve_serializer(expansion.document, "response")
        if expansion.many:
            forms = [{"type": "array", "items": whole.ref}]
            forms += [{"type": "array", "items": {"type": "string"}}] if name == "tags" else []
        else:
            forms = [{"type": "string", "format": "uuid"}, whole.ref, {"type": "null"}]
        told = properties.get(name, {}).get("description", "")
        properties[name] = {"anyOf": forms, **({"description": told} if told else {})}


@cache
def page_of(document: type[Document]) -> type[serializers.Serializer[Any]]:
    """The description of a page of these documents."""
    name = document.__name__.removesuffix("Document")
    members = {
        "results": document(many=True),
        "next": serializers.URLField(allow_null=True, help_text="The next page, if there is one."),
        "previous": serializers.URLField(allow_null=True),
        "count": serializers.IntegerField(required=False, help_text="Only with count=true; stops at 10,000."),
        "count_is_exact": serializers.BooleanField(required=False, help_text="False where there are more than were counted."),
    }
    return type(f"{name}Page", (serializers.Serializer,), {"__doc__": f"A page of the list, {name} by {name}.", **members})


def parameter_of(name: str, offered: Any) -> OpenApiParameter:
    """The description of a filter."""
    text = offered.extra.get("help_text", "")
    kinds: dict[type, Any] = {
        SecondsFilter: {"type": "number", "minimum": 0},
        ShareFilter: {"type": "number", "minimum": 0, "maximum": 1},
        TruthFilter: OpenApiTypes.BOOL,
        MomentFilter: OpenApiTypes.DATETIME,
        DayFilter: OpenApiTypes.STR,
        IdsFilter: {"type": "array", "items": {"type": "string", "format": "uuid"}},
    }
    kind = kinds.get(type(offered), OpenApiTypes.STR)
    if isinstance(offered, AnyOfFilter) and type(offered) is not IdsFilter:
        words = [str(word) for word in offered.extra.get("words", ())]
        kind = {"type": "array", "items": {"type": "string", **({"enum": words} if words else {})}}
    if isinstance(offered, AnyOfFilter):
        text = f"{text} Several: repeated, or with commas between.".strip()
        return OpenApiParameter(name, kind, description=text, explode=True, style="form")
    return OpenApiParameter(name, kind, description=text)


class NumbersFieldSchema(OpenApiSerializerFieldExtension):
    """Numbers are written as text and told with their E.164 form."""

    target_class = "calls.api.serializers.people.NumbersField"

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Any) -> dict[str, Any]:
        text = {"type": "string"}
        if direction == "request":
            return {"type": "array", "items": {**text, "maxLength": 64}, "maxItems": 50, "description": "Becomes the whole list."}
        told = {"number": text, "e164": {"type": ["string", "null"]}, "label": text}
        return {"type": "array", "items": {"type": "object", "properties": told, "required": list(told)}}


class TokenScheme(OpenApiAuthenticationExtension):
    """Bearer tokens, or Basic with the token as password."""

    target_class = "calls.api.authentication.TokenAuthentication"
    name = ["bearerToken", "basicToken"]

    def get_security_definition(self, auto_schema: AutoSchema) -> list[dict[str, str]]:
        return [
            {"type": "http", "scheme": "bearer", "description": "An API token."},
            {"type": "http", "scheme": "basic", "description": "Any user name, and an API token as password."},
        ]


class SessionScheme(OpenApiAuthenticationExtension):
    """The admin's session."""

    target_class = "calls.api.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid", "description": "A person's session in the admin."}


def ours_only(endpoints: list[Any], **kwargs: Any) -> list[Any]:
    """drf-spectacular's preprocessing hook: our addresses, as they are written without their trailing slash."""
    return [(path.rstrip("/"), regex, method, view) for path, regex, method, view in endpoints if path.startswith("/api/v1/")]


class SignatureScheme(OpenApiAuthenticationExtension):
    """A signed link to audio."""

    target_class = "calls.api.views.recordings.BySignature"
    name = "signature"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {"type": "apiKey", "in": "query", "name": "signature", "description": "Of a link that a recording was asked for."}
