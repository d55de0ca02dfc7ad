"""Many calls at once: each row is judged for itself, and a bad one does not sink the others."""

from __future__ import annotations

import hashlib
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from calls import ledger
from calls.api import conditions
from calls.api.parsers import BULK_LIMIT, BulkJSONParser, NdjsonParser
from calls.api.problems import Problem, problem_of
from calls.api.serializers.base import read, shared
from calls.api.serializers.drafts import CallIn, draft_of
from calls.api.serializers.results import BulkResult
from calls.api.views.base import Door
from calls.body import BodyRefused
from calls.drafts import CallDraft
from calls.errors import CallConflict, CallError
from calls.senders import is_out_of_reach
from tenants.idempotency import Answer, once

MOST_ROWS = 10_000
ROWS_AT_ONCE = 500  # one transaction: short enough for other writers to get their turn


class BulkCalls(Door):
    """Log up to 10,000 calls with one request."""

    parser_classes = (BulkJSONParser, NdjsonParser)

    @extend_schema(
        operation_id="calls_bulk",
        summary="Log many calls",
        request={
            "application/json": CallIn(many=True),
            "application/x-ndjson": {"type": "string", "description": "One call per line, as JSON."},
        },
        responses={200: BulkResult},
        examples=[
            OpenApiExample(
                "Two calls",
                value=[
                    {"external_id": "a-1", "started_at": "2026-03-02T09:00:00+01:00", "duration": 65, "number": "+46701234567"},
                    {"external_id": "a-2", "started_at": "2026-03-02T09:05:00+01:00", "duration": 12, "number": "070-765 43 21"},
                ],
                request_only=True,
            )
        ],
    )
    def post(self, request: Request) -> Response:
        """Log a JSON array, or one call per line (NDJSON). Every row gets its own result, in the order sent.

        Rows are kept five hundred at a time: after a failure send the whole again, with the same `Idempotency-Key` or the
        rows' external ids, and what is in the log already is not logged twice.
        """
        rows = request.data
        if not isinstance(rows, list) or not 1 <= len(rows) <= MOST_ROWS:
            raise Problem(400, "invalid", f"Send an array of 1 to {MOST_ROWS} calls, or as many lines.")
        key = conditions.idempotency_key(request)
        print_ = conditions.print_of(request, BULK_LIMIT) if key else ""
        results: list[dict[str, Any]] = []
        replays = 0
        for start in range(0, len(rows), ROWS_AT_ONCE):
            answer = self._log_part(rows[start : start + ROWS_AT_ONCE], start, key, print_)
            results += answer.body
            replays += answer.is_replay
        response = Response(_summary(results))
        if replays * ROWS_AT_ONCE >= len(rows):
            response["Idempotency-Replayed"] = "true"
        return response

    def _log_part(self, rows: list[Any], start: int, key: str | None, print_: str) -> Answer:
        def work() -> Answer:
            return Answer(status=200, body=self._log(rows, start))

        if key is None:
            return work()
        part_key = f"bulk:{hashlib.sha256(key.encode()).hexdigest()}:{start}"
        return once(self.principal.tenant, part_key, print_, work)

    def _log(self, rows: list[Any], start: int) -> list[dict[str, Any]]:
        """Log some of the rows and tell how each went."""
        tenant = self.principal.tenant
        drafts = [self._draft_or_problem(row) for row in rows]
        good = [draft for draft in drafts if isinstance(draft, CallDraft)]
        recorded = iter(ledger.record_many(tenant, good, actor=self.principal.user))
        outcomes = [next(recorded) if isinstance(draft, CallDraft) else draft for draft in drafts]
        return [self._result(outcome, start + position) for position, outcome in enumerate(outcomes)]

    def _draft_or_problem(self, row: Any) -> CallDraft | Problem:
        """What a row amounts to. Only refusals are told; what nobody foresaw ends the request."""
        try:
            if isinstance(row, BodyRefused):
                raise row
            return draft_of(read(shared(CallIn), row, self.principal.tenant, self.principal.center_id), self.principal)
        except (BodyRefused, Problem, ValidationError) as error:
            return problem_of(error)

    def _result(self, outcome: ledger.Recorded | CallError | Problem, position: int) -> dict[str, Any]:
        if isinstance(outcome, ledger.Recorded) and is_out_of_reach(outcome.call, self.principal):
            outcome = CallConflict("This external id is in use already.")
        if isinstance(outcome, Exception):
            problem = problem_of(outcome)
            return {"row": position, "status": problem.status, "problem": problem.as_dict()}
        return {"row": position, "status": 201 if outcome.created else 200, "id": str(outcome.call.pk)}


def _summary(results: list[dict[str, Any]]) -> dict[str, Any]:
    statuses = [result["status"] for result in results]
    created, repeated = statuses.count(201), statuses.count(200)
    return {"created": created, "repeated": repeated, "refused": len(results) - created - repeated, "results": results}
