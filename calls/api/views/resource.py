"""One kind of row: list, read, create, change, erase, the same way for all."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, ClassVar

from django.core.exceptions import ValidationError as ModelValidationError
from django.db import IntegrityError, models, transaction
from django.db.models import QuerySet
from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSetMixin

from calls.api import conditions
from calls.api.filters.base import Filters
from calls.api.pagination import PARAMETERS, Keyset, Sort
from calls.api.problems import Problem, of_model_validation
from calls.api.serializers.base import Document, Wanted, read, shared
from calls.api.views.base import Door
from tenants.choices import Act
from tenants.idempotency import Answer

STAMP_SORTS = {
    "created_at": Sort(field="created_at", is_time=True),
    "updated_at": Sort(field="updated_at", is_time=True),
}


class Resource(ViewSetMixin, Door):
    """The rows of one model, by id. Subclasses say what is what, and override ``save`` and ``erase`` where more is to do."""

    model: ClassVar[type[models.Model]]
    document_class: ClassVar[type[Document]]
    created_class: ClassVar[type[Document] | None] = None  # where the answer to a create tells more
    filterset_class: ClassVar[type[Filters]]
    sorts: ClassVar[dict[str, Sort]] = {"name": Sort(field="name"), **STAMP_SORTS}
    default_sort: ClassVar[str] = "name"
    related: ClassVar[tuple[str, ...]] = ()  # what every document needs beside the row, fetched for all rows at once
    list_parameters: ClassVar[dict[str, str]] = {}  # more that the list takes, each with what it is for
    noun: ClassVar[tuple[str, str]]  # for the schema: one, several
    serializer_class: ClassVar[type[Document]]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if hasattr(cls, "document_class"):
            cls.serializer_class = cls.document_class

    def allowed_parameters(self) -> Collection[str]:
        if self.action == "list":
            return (*self.filterset_class.base_filters, *PARAMETERS, *self.list_parameters, "fields", "expand")
        return ("fields", "expand") if self.action == "retrieve" else ()

    # Methods

    def list(self, request: Request) -> Response:
        """A page of rows."""
        keyset = Keyset(request, self.sorts, self.default_sort)
        wanted = self.wanted()
        rows = self.filterset_class.filtered(request, self.rows())
        rows = self.fetching(rows, wanted)
        document = shared(self.document_class)
        return keyset.respond(rows, lambda row: document.render(row, wanted))

    def retrieve(self, request: Request, pk: str) -> Response:
        """One row."""
        wanted = self.wanted()
        row = self.find(pk, self.fetching(self.rows(), wanted))
        etag = conditions.etag_of(row)
        if not wanted.expand and conditions.is_unchanged(request, etag):
            return Response(status=304, headers={"ETag": etag})
        return Response(shared(self.document_class).render(row, wanted), headers={"ETag": etag})

    def create(self, request: Request) -> Response:
        """Make a row."""
        answer = conditions.answer_once(request, lambda: self.created(request))
        return self.answer_created(request, answer)

    def partial_update(self, request: Request, pk: str) -> Response:
        """Change what is given of a row."""
        values = read(shared(self.document_class, partial=True), request.data, self.principal.tenant, self.principal.center_id)
        with transaction.atomic():
            row = self.find(pk, self.rows().select_for_update(of=("self",)))
            self.require(Act.CHANGE, row)
            conditions.check_match(request, conditions.etag_of(row))
            row = self.kept(row, values)
        row = self.find(pk, self.fetching(self.rows(), None))
        return Response(shared(self.document_class).render(row), headers={"ETag": conditions.etag_of(row)})

    def destroy(self, request: Request, pk: str) -> Response:
        """Erase a row."""
        with transaction.atomic():
            row = self.find(pk, self.rows().select_for_update(of=("self",)))
            self.require(Act.DELETE, row)
            conditions.check_match(request, conditions.etag_of(row))
            self.erase(row)
        return Response(status=204)

    # What subclasses may say

    def rows(self) -> QuerySet[Any]:
        """The rows within the principal's reach."""
        rows: QuerySet[Any] = self.model._default_manager.within_reach_of(self.principal)  # type: ignore[attr-defined]
        return rows

    def require(self, act: Act, row: Any) -> None:
        """403 where the principal is limited to one center, and this is not that center's to do to the row as it is now."""
        if not row.is_open_to(self.principal.center_id, act):
            raise Problem(403, "forbidden", "You are limited to one center, and this is not that center's alone.")

    def fetching(self, rows: QuerySet[Any], wanted: Wanted | None) -> QuerySet[Any]:
        """The same rows, with everything their documents show fetched beforehand."""
        for name in wanted.expand if wanted else ():
            if name in self.document_class.expansions:
                rows = self.document_class.expansions[name].fetched_for(rows)
        return rows.prefetch_related(*self.related)

    def save(self, row: Any, values: dict[str, Any]) -> None:
        """Write a row whose own columns are set; ``values`` has the rest of what was sent."""
        row.save()

    def erase(self, row: Any) -> None:
        """Erase a row."""
        row.delete()

    # Doing it

    def wanted(self) -> Wanted:
        """Which fields the request asks for."""
        query = self.request.query_params
        return Wanted(shared(self.document_class), query.get("fields"), query.get("expand"))

    def find(self, pk: str, rows: QuerySet[Any]) -> Any:
        """The row with this id; another tenant's is no row."""
        row = rows.by_public_id(pk)  # type: ignore[attr-defined]
        if row is None:
            raise Http404
        return row

    def created(self, request: Request) -> Answer:
        """Make the row that the body describes; the answer is rendered in the same transaction."""
        tenant, center_id = self.principal.tenant, self.principal.center_id
        values = read(shared(self.document_class), request.data, tenant, center_id)
        with transaction.atomic():
            row = self.kept(self.model(tenant=tenant, **self._own_center()), values)
            row = self.fetching(self.rows(), None).get(pk=row.pk)
            return Answer(status=201, body=shared(self.document_class).render(row))

    def _refuse_tenant_fields(self, row: Any, values: dict[str, Any]) -> None:
        """403 for a change of what only people with the reach of the tenant may change."""
        if self.principal.center_id is None:
            return
        for name in row.tenant_fields:
            if name in values and values[name] != getattr(row, name):
                raise Problem(403, "forbidden", f"You are limited to one center, so you cannot change “{name}”.")

    def _own_center(self) -> dict[str, Any]:
        """The center of a new row where it says no other: the one its sender is limited to."""
        has_center = any(field.attname == "center_id" for field in self.model._meta.concrete_fields)
        return {"center_id": self.principal.center_id} if has_center else {}

    def answer_created(self, request: Request, answer: Answer) -> Response:
        """The answer to a create, with where the row is and whether this is a repeat."""
        headers = {
            "Location": request.build_absolute_uri(f"{request.path.rstrip('/')}/{answer.body['id']}"),
            "ETag": conditions.etag_of_document(answer.body),
        }
        if answer.is_replay:
            headers["Idempotency-Replayed"] = "true"
        return Response(answer.body, status=answer.status, headers=headers)

    def kept(self, row: Any, values: dict[str, Any]) -> Any:
        """Set the row's columns, hold them to the model's rules, and save."""
        columns = {field.attname for field in self.model._meta.concrete_fields}
        act = Act.ADD if row._state.adding else Act.CHANGE
        self._refuse_tenant_fields(row, values)
        rest = {}
        for name, value in values.items():
            if name in columns:
                setattr(row, name, value)
            else:
                rest[name] = value
        self.require(act, row)
        try:
            row.clean()
        except ModelValidationError as error:
            raise of_model_validation(error) from error
        try:
            row.validate_constraints()
            with transaction.atomic():
                self.save(row, rest)
        except ModelValidationError as error:
            raise of_model_validation(error, status=409, code="conflict") from error
        except IntegrityError as error:  # somebody was quicker, or a number of the list is another's
            raise Problem(409, "conflict", self.conflict_detail) from error
        return row

    conflict_detail: ClassVar[str] = "Another row has this name, number or id already."
