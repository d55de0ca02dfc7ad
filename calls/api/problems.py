"""Errors as problem documents (RFC 9457): every refusal of every layer, with a stable code and what it points at."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ObjectDoesNotExist, PermissionDenied, SuspiciousOperation
from django.core.exceptions import ValidationError as ModelValidationError
from django.db import IntegrityError, InterfaceError, OperationalError
from django.db.models import ProtectedError, RestrictedError
from django.http import Http404, HttpResponse
from drf_standardized_errors.formatter import flatten_errors
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from calls.api.problem_codes import CODE_OF_STATUS, FIELDS, RETRY_AFTER_S, STATUS_OF_CODE, TITLES
from calls.body import BodyRefused
from calls.errors import CallError
from calls.recordings.errors import StorageTrouble
from calls.webhooks.errors import WebhookError
from tenants.authentication import CredentialsRefused, TooManyAttempts
from tenants.idempotency import AnswerErased, KeyReused

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
TYPE_ROOT = "/api/v1/problems/"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that is wrong: in the body (``pointer``, RFC 6901) or in the address (``parameter``)."""

    code: str
    detail: str
    pointer: str | None = None
    parameter: str | None = None

    def as_dict(self) -> dict[str, str]:
        """The fault as the document shows it."""
        return {name: value for name, value in vars(self).items() if value is not None}


@dataclass(eq=False)
class Problem(Exception):
    """A request that gets no for an answer."""

    status: int
    code: str
    detail: str
    faults: list[Fault] = field(default_factory=list)
    headers: Mapping[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The problem document."""
        document: dict[str, Any] = {
            "type": TYPE_ROOT + self.code,
            "title": TITLES.get(self.code, TITLES["invalid"]),
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
        }
        if self.faults:
            document["errors"] = [fault.as_dict() for fault in self.faults]
        return document


def bad_parameter(name: str, detail: str, code: str = "invalid_parameter") -> Problem:
    """400 for one parameter of the address."""
    return Problem(400, code, detail, [Fault(code=code, detail=detail, parameter=name)])


def bad_field(name: str, detail: str, code: str = "invalid") -> Problem:
    """400 for one field of the body."""
    return Problem(400, "invalid", detail, [Fault(code=code, detail=detail, pointer=pointer_to(name))])


def pointer_to(*path: object) -> str:
    """The JSON pointer (RFC 6901) of a place in the body."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def handle(error: Exception, context: Mapping[str, Any]) -> Response:
    """REST framework's ``EXCEPTION_HANDLER``: whatever went wrong, as a problem document."""
    set_rollback()
    problem = problem_of(error)
    response = Response(problem.as_dict(), status=problem.status, content_type=CONTENT_TYPE)
    for name, value in problem.headers.items():
        response[name] = value
    return response


def plain_response(problem: Problem) -> HttpResponse:
    """The same for what no view of ours saw."""
    response = HttpResponse(json.dumps(problem.as_dict()), status=problem.status, content_type=CONTENT_TYPE)
    response["Cache-Control"] = "no-store"
    return response


def problem_of(error: Exception) -> Problem:
    """Whatever went wrong as a problem; only what nobody foresaw is logged and answered with 500."""
    match error:
        case Problem():
            return error
        case BodyRefused():
            return Problem(error.status, error.code, error.message)
        case CredentialsRefused():
            return unauthorized()
        case TooManyAttempts():
            return Problem(429, "too_many_attempts", str(error), headers={"Retry-After": str(error.retry_after_s)})
        case AnswerErased():
            return Problem(410, "answer_erased", "This request was carried out; what it made has been erased since.")
        case KeyReused():
            return Problem(422, "idempotency_key_reused", "This Idempotency-Key came before with another request. Use a new one.")
        case CallError():
            return _of_call_error(error)
        case StorageTrouble():
            return _of_storage_trouble(error)
        case WebhookError():
            return Problem(409, error.code, error.message)
        case exceptions.ValidationError():
            return of_validation(error.detail)
        case ModelValidationError():
            return of_model_validation(error)
        case exceptions.APIException():
            return _of_api_exception(error)
        case Http404():
            return Problem(404, "not_found", "There is nothing at this address.")
        case PermissionDenied():
            return Problem(403, "forbidden", "The credentials do not allow this.")
        case SuspiciousOperation():
            return Problem(400, "bad_request", "The request is not acceptable.")
        case ProtectedError() | RestrictedError():
            return Problem(409, "in_use", "Something else still refers to it.")
        case ObjectDoesNotExist():
            logger.warning("Gone meanwhile: %s", error)
            return Problem(404, "not_found", "It was there a moment ago and is gone.")
        case IntegrityError():
            logger.warning("Changed meanwhile", exc_info=error)
            return Problem(409, "conflict", "Somebody changed or removed what this needs just now. Look and try again.")
        case OperationalError() | InterfaceError():
            logger.exception("The database did not answer")
            return Problem(503, "unavailable", "Try again in a moment.", headers={"Retry-After": "2"})
    logger.error("Unforeseen", exc_info=error)
    return Problem(500, "internal_error", "Something went wrong here. It has been logged.")


def unauthorized() -> Problem:
    """401, without a word on which part was wrong."""
    return Problem(
        401,
        "unauthorized",
        "The credentials are missing or not valid.",
        headers={"WWW-Authenticate": 'Bearer realm="callhub"'},
    )


def of_validation(detail: Any) -> Problem:
    """400 for what a serializer refused; every fault at once."""
    faults = [Fault(code=error.code, detail=str(error.detail), pointer=_pointer(error.attr)) for error in flatten_errors(detail)]
    return _with_faults(400, "invalid", faults)


def of_model_validation(error: ModelValidationError, status: int = 400, code: str = "invalid") -> Problem:
    """The refusal of a model's own rules; constraints that others' rows decide are a 409."""
    by_field: Mapping[str, Iterable[ModelValidationError]] = (
        error.error_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: error.error_list}
    )
    faults = [
        Fault(
            code=fault.code if fault.code and status == 400 else code,
            detail=" ".join(fault.messages),
            pointer="" if name == NON_FIELD_ERRORS else pointer_to(FIELDS.get(name, name)),
        )
        for name, found in by_field.items()
        for fault in found
    ]
    return _with_faults(status, code, faults)


def _with_faults(status: int, code: str, faults: list[Fault]) -> Problem:
    detail = faults[0].detail if len(faults) == 1 else f"{len(faults)} values need to be corrected."
    return Problem(status, code, detail, faults)


def _pointer(attr: str | None) -> str:
    """The library joins the parts of a path with ``/`` (``DRF_STANDARDIZED_ERRORS``); the document itself is ``""``."""
    parts = [] if attr is None else attr.split("/")
    if parts and parts[-1] == "non_field_errors":
        parts.pop()
    return pointer_to(*parts)


def _of_call_error(error: CallError) -> Problem:
    status = STATUS_OF_CODE.get(error.code, 400)
    code = error.code if error.code in TITLES else "invalid"
    faults = [
        Fault(code=error.code, detail=message, pointer=pointer_to(FIELDS.get(name, name)))
        for name, message in error.fields.items()
    ]
    headers = {"Retry-After": str(RETRY_AFTER_S[code])} if code in RETRY_AFTER_S else {}
    return Problem(status, code, error.message, faults, headers)


def _of_storage_trouble(error: StorageTrouble) -> Problem:
    if error.status == 404:  # its spool is gone; the next request begins a new one
        return Problem(409, "offset_conflict", "What was sent before is lost. Begin again.")
    headers = {"Retry-After": "2"} if error.status in (423, 503) else {}
    detail = "Try again in a moment." if error.status == 503 else str(error)
    return Problem(error.status, error.code, detail, headers=headers)


def _of_api_exception(error: exceptions.APIException) -> Problem:
    code = CODE_OF_STATUS.get(error.status_code, "bad_request" if error.status_code < 500 else "internal_error")
    if error.status_code == 401:
        return unauthorized()
    return Problem(error.status_code, code, str(error.detail))
