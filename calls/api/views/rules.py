"""Rules of tags: which calls get a tag by themselves, and what becomes of those that were there before."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError as ModelValidationError
from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from calls import batches
from calls.api.authentication import MayManageRules
from calls.api.filters.rows import TagRuleFilters
from calls.api.moments import midnight
from calls.api.pagination import COUNTED
from calls.api.problems import bad_field, bad_parameter, of_model_validation
from calls.api.serializers.base import Wanted, read, shared
from calls.api.serializers.rules import SPANS, THIRTY_DAYS, PastDocument, PastIn, TaggingDocument, TagRuleDocument
from calls.api.views.base import Door
from calls.api.views.resource import STAMP_SORTS, Resource
from calls.errors import InvalidCall
from calls.finding import days_of
from calls.ledger.tagging import tags_named
from calls.models import TagRule
from calls.models.call import CallQuerySet

_SPAN = OpenApiParameter("span", str, enum=SPANS, default=THIRTY_DAYS, description="The last 30 days, or all time.")


class TagRules(Resource):
    """Rules that put tags on calls by themselves. Managers of the whole tenant read them, owners change them."""

    model, document_class, filterset_class = TagRule, TagRuleDocument, TagRuleFilters
    noun = ("tag rule", "tag rules")
    sorts = STAMP_SORTS
    default_sort = "created_at"
    permission_classes = (MayManageRules,)

    def fetching(self, rows: QuerySet[Any], wanted: Wanted | None) -> QuerySet[Any]:
        return super().fetching(rows, wanted).select_related("tag")

    def kept(self, row: TagRule, values: dict[str, Any]) -> Any:
        if "tag" in values:
            row.tag = self._tag(values.pop("tag")["name"])
        for name, value in values.items():
            setattr(row, name, value)
        try:
            row.validate_constraints()
        except ModelValidationError as error:  # no other row has a say in them, so this is no conflict
            raise of_model_validation(error) from error
        return super().kept(row, {})

    def _tag(self, name: str) -> Any:
        try:
            return next(iter(tags_named(self.principal.tenant, [name]).values()))
        except InvalidCall as error:
            raise bad_field("tag", error.message) from error


class PastCalls(Door):
    """The calls that were there before a rule."""

    permission_classes = (MayManageRules,)
    more_answers = (404,)

    def allowed_parameters(self) -> tuple[str, ...]:
        return ("span",) if self.request.method == "GET" else ()

    @extend_schema(
        operation_id="tag_rules_past_read", summary="Count the past calls it fits", parameters=[_SPAN], responses=PastDocument
    )
    def get(self, request: Request, pk: str) -> Response:
        """How many past calls the rule would have tagged, and how many of them are without the tag."""
        span = request.query_params.get("span", THIRTY_DAYS)
        if span not in SPANS:
            raise bad_parameter("span", f"Write one of {', '.join(SPANS)}.")
        rule = self._rule(pk)
        fitting = self._fitting(rule, span)
        counts = [_counted(fitting), _counted(batches.untagged(fitting, rule))]
        told = {"span": span, "fitting": min(counts[0], COUNTED), "untagged": min(counts[1], COUNTED)}
        return Response({**told, "is_exact": counts[0] <= COUNTED})

    @extend_schema(
        operation_id="tag_rules_past_tag",
        summary="Tag past calls",
        request=PastIn,
        responses={202: TaggingDocument},
        examples=[OpenApiExample("Example", value={"span": "30d"}, request_only=True)],
    )
    def post(self, request: Request, pk: str) -> Response:
        """Have the tag put on past calls that fit and are without it. It goes on in the background; a repeat does no harm."""
        span = read(shared(PastIn), request.data, self.principal.tenant)["span"]
        rule = self._rule(pk)
        try:
            batch = batches.tag_past(rule, self._fitting(rule, span), user=self.principal.user)
        except batches.BatchRefused:
            return Response({"span": span, "count": 0}, status=202)
        return Response({"span": span, "count": batch.total}, status=202)

    def _rule(self, pk: str) -> TagRule:
        """The rule with this id; another tenant's is no rule."""
        rows: Any = TagRule.objects.for_tenant(self.principal.tenant).select_related("tag", "tenant")
        rule: TagRule | None = rows.by_public_id(pk)
        if rule is None:
            raise Http404
        return rule

    def _fitting(self, rule: TagRule, span: str) -> CallQuerySet:
        if span != THIRTY_DAYS:
            return batches.fitting(rule)
        zone = rule.tenant.zone
        first, last = days_of(span, timezone.localdate(timezone=zone))
        return batches.fitting(rule, midnight(first, zone), midnight(last + timedelta(days=1), zone))


def _counted(calls: CallQuerySet) -> int:
    return calls.order_by()[: COUNTED + 1].count()
