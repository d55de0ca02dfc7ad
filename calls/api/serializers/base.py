"""What every document has in common: strict reading, cheap writing, sparse fields and expansions.

A serializer without request or data keeps no state, so each class has one shared instance per use; making one per request
would cost more than all the rest of it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Mapping
from functools import cached_property, lru_cache
from operator import attrgetter
from typing import Any, ClassVar, Self
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone
from rest_framework import serializers
from rest_framework.fields import empty

from calls.api.fields import ChoiceField, RelatedField
from calls.api.problems import bad_parameter
from tenants.models import Tenant

_NOTHING: Mapping[str, Any] = {}


class Strict(serializers.Serializer[Any]):
    """Refuses fields it does not know, and says so for those that are not for writing."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            faults = {name: [self._stranger(str(name))] for name in data if self._is_stranger(name)}
            if faults:
                raise serializers.ValidationError(faults)
            return super(Strict, self._narrowed_to(data)).to_internal_value(data)
        return super().to_internal_value(data)

    def _narrowed_to(self, data: Mapping[Any, Any]) -> Self:
        """This serializer with the fields that have something to say: asking all the others is most of the work of reading."""
        narrowed = copy.copy(self)
        narrowed.__dict__["fields"] = {
            name: field for name, field in self.fields.items() if name in data or field.required or field.default is not empty
        }
        return narrowed

    def _is_stranger(self, name: object) -> bool:
        field = self.fields.get(str(name))
        return field is None or field.read_only

    def _stranger(self, name: str) -> Any:
        if name in self.fields:
            return serializers.ErrorDetail("This field cannot be written.", code="read_only")
        return serializers.ErrorDetail("There is no such field.", code="unknown_field")


class Document(Strict):
    """What is sent and told of one row.

    ``expansions`` maps a field to what writes the whole row its id stands for; ``on_request`` are the fields that are told
    only where ``fields`` or ``expand`` names them.
    """

    expansions: ClassVar[dict[str, Expansion]] = {}
    on_request: ClassVar[tuple[str, ...]] = ()

    def render(self, row: Any, wanted: Wanted | None = None, *, known: Mapping[str, Any] = _NOTHING) -> dict[str, Any]:
        """The document of a row, or the part of it that is wanted; fields whose values are ``known`` are not looked up."""
        document: dict[str, Any] = {}
        for name, value_of, written in self._columns:
            if wanted is None and name in self.on_request:
                continue
            if wanted is not None and name not in wanted.fields:
                continue
            if name in known:
                document[name] = known[name]
                continue
            if wanted is not None and name in wanted.expand and name in self.expansions:
                document[name] = self.expansions[name](row)
                continue
            value = value_of(row)
            document[name] = None if value is None else written(value)
        return document

    @cached_property
    def _columns(self) -> list[tuple[str, Callable[[Any], Any], Callable[[Any], Any]]]:
        """Each field's name, how to take its value from a row, and how to write it."""
        return [(str(field.field_name), _taker(field), field.to_representation) for field in self._readable_fields]


class Wanted:
    """Which fields a request wants, and which of them expanded: ``?fields=id,contact&expand=contact``."""

    def __init__(self, serializer: Document, fields: str | None, expand: str | None) -> None:
        offered = list(serializer.fields)
        expandable = list(dict.fromkeys([*serializer.expansions, *serializer.on_request]))
        named = _names("fields", fields, offered) if fields is not None else None
        self.expand = _names("expand", expand, expandable) if expand is not None else set()
        if named is None:
            self.fields = {name for name in offered if name not in serializer.on_request} | self.expand
        else:
            self.fields = named
            self.expand &= named
        self.expand |= self.fields & set(serializer.on_request)


def _taker(field: serializers.Field[Any, Any, Any, Any]) -> Callable[[Any], Any]:
    """What takes a field's value from a row; plain columns need none of REST framework's care."""
    is_plain = type(field).get_attribute is serializers.Field.get_attribute and field.source not in (None, "*")
    return attrgetter(str(field.source)) if is_plain else field.get_attribute


def _names(parameter: str, text: str, offered: Collection[str]) -> set[str]:
    names = {name.strip() for name in text.split(",") if name.strip()}
    for name in sorted(names):
        if name not in offered:
            raise bad_parameter(parameter, f"“{name[:60]}” is not one of {', '.join(offered)}.")
    return names


@lru_cache(maxsize=64)
def shared(serializer_class: type[Any], *, partial: bool = False) -> Any:
    """The one instance of a serializer for all requests."""
    return serializer_class(partial=partial)


def read(serializer: serializers.Serializer[Any], data: Any, tenant: Tenant, center_id: UUID | None = None) -> dict[str, Any]:
    """The validated values of a body; rows it refers to exist in the tenant. Raises ``ValidationError``.

    ``center_id`` is the one center its sender is limited to: they refer to what they see.
    """
    with timezone.override(tenant.zone):
        values = serializer.run_validation(data)
    faults: dict[str, Any] = {}
    for name, field in serializer.fields.items():
        if field.source in values and (check := getattr(field, "check_for", None)) is not None:
            try:
                check(values[field.source], tenant)
            except serializers.ValidationError as error:
                faults[name] = error.detail
        if not isinstance(field, RelatedField) or values.get(field.source) is None:
            continue
        model: Any = field.model
        seen = model.seen_from(center_id) if center_id else Q()
        if not model.objects.filter(seen, tenant=tenant, pk=values[field.source]).exists():
            faults[name] = [serializers.ErrorDetail("There is no such row.", code="does_not_exist")]
    if faults:
        raise serializers.ValidationError(faults)
    return dict(values)


class RowDocument(Document, serializers.ModelSerializer[Any]):
    """The document of a model's row, with the fields its ``Meta`` lists.

    Uniqueness is the model's own rule (``views.resource``), so none of REST framework's look-ups run.
    """

    serializer_choice_field = ChoiceField

    def get_unique_together_validators(self) -> list[Any]:
        return []


class Expansion:
    """Writes the whole row an id stands for; the schema reads ``document`` to tell both forms.

    ``many`` is for rows of the other side; ``beside`` are relations of the whole row that its document shows as well.
    """

    def __init__(self, relation: str, document: type[Document], *, many: bool = False, beside: tuple[str, ...] = ()) -> None:
        self.relation = relation
        self.document = document
        self.many = many
        self.beside = beside

    def __call__(self, row: Any) -> Any:
        related = getattr(row, self.relation)
        if self.many:
            return [shared(self.document).render(item) for item in related.all()]
        return None if related is None else shared(self.document).render(related)

    def fetched_for(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """The rows, with what this expansion shows fetched for all of them at once."""
        rows = rows.prefetch_related(self.relation) if self.many else rows.select_related(self.relation)
        return rows.prefetch_related(*(f"{self.relation}__{name}" for name in self.beside)) if self.beside else rows
