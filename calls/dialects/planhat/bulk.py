"""Many records at once: each is matched with what is there, then written or made, on its own, so that one bad row stays alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from calls.dialects.base import Refusal
from calls.dialects.planhat.errors import bad_field
from calls.dialects.planhat.people import Kind, find_among
from calls.dialects.planhat.values import text
from calls.errors import InvalidCall
from tenants.authentication import Principal
from tenants.choices import Act
from tenants.ids import short_id

MOST_ROWS = 5000


@dataclass(kw_only=True)
class Outcome:
    """What became of the rows, in the words of the vendor's own answer to a bulk upsert."""

    created: list[Any] = field(default_factory=list)
    updated: list[Any] = field(default_factory=list)
    unchanged: int = 0
    create_errors: list[dict[str, Any]] = field(default_factory=list)
    update_errors: list[dict[str, Any]] = field(default_factory=list)

    @property
    def status(self) -> int:
        """200, or 206 where some rows failed."""
        return 206 if self.create_errors or self.update_errors else 200

    def document(self) -> dict[str, Any]:
        """The answer's body."""
        return {
            "created": len(self.created),
            "createdErrors": self.create_errors,
            "insertsKeys": [_keys(record) for record in self.created],
            "updated": len(self.updated),
            "updatedErrors": self.update_errors,
            "updatesKeys": [_keys(record) for record in self.updated],
            "nonupdates": self.unchanged,
            "modified": [short_id(record.pk) for record in self.updated],
            "upsertedIds": [short_id(record.pk) for record in self.created],
            "permissionErrors": [],
        }


def upsert(kind: Kind, principal: Principal, rows: Sequence[Any]) -> Outcome:
    """Write each row to the record with its ``_id``, ``sourceId`` or ``externalId``, or to a new one."""
    if len(rows) > MOST_ROWS:
        raise Refusal(400, "too_many_rows", f"An array has {MOST_ROWS} rows at most.")
    bulk = _Bulk(kind, principal, rows)
    for position, row in enumerate(rows):
        bulk.take(position, row)
    return bulk.outcome


class _Bulk:
    """One bulk upsert. The records its rows may mean are read in two queries; rows may name what rows before them made."""

    def __init__(self, kind: Kind, principal: Principal, rows: Sequence[Any]) -> None:
        self.kind, self.principal, self.outcome = kind, principal, Outcome()
        self.known: dict[tuple[str, str], Any] = {}
        for name, column in kind.ids.items():
            wanted = {str(row[name]).strip() for row in rows if isinstance(row, Mapping) and row.get(name)}
            for record in kind.rows(principal.tenant).filter(**{f"{column}__in": wanted}) if wanted else ():
                self.learn(record)

    def take(self, position: int, row: Any) -> None:
        """Write one row, or note why not."""
        record = None
        try:
            if not isinstance(row, Mapping):
                raise Refusal(400, "malformed_body", "A row must be a JSON object.")
            record = self.match(row)
            self.write(record, row)
        except (InvalidCall, Refusal) as error:
            errors = self.outcome.create_errors if record is None else self.outcome.update_errors
            errors.append({"index": position, "error": error.code, "message": error.message, "fields": error.fields})
            if record is not None:
                self.forget(record)

    def write(self, record: Any | None, row: Mapping[str, Any]) -> None:
        """Write the row to its record, or to a new one; a row that tells nothing new is left."""
        if record is None:
            record = self.kind.new(self.principal)
            self.kind.save(record, self.kind.fill(record, row))
            self.outcome.created.append(record)
        elif self.tells_nothing(record, row):
            self.outcome.unchanged += 1
            return
        else:
            with transaction.atomic():
                record = self.kind.locked(record)  # it may have been changed since all of them were read
                self.kind.require(self.principal, Act.CHANGE, record)
                self.kind.save(record, self.kind.fill(record, row))
            self.outcome.updated.append(record)
        self.learn(record)

    def tells_nothing(self, record: Any, row: Mapping[str, Any]) -> bool:
        """Whether a record says what a row does; from now on it says so, though nothing is saved."""
        before = self.kind.state(record)
        return self.kind.fill(record, row) is None and self.kind.state(record) == before

    def match(self, row: Mapping[str, Any]) -> Any | None:
        """The record a row means; None for a new one."""
        if name := text(row, "_id"):
            record = find_among(self.kind.seen_by(self.principal), name)
            if record is None:
                raise bad_field("_id", f"there is no such {self.kind.noun}.", code="not_found")
            return record
        names = ((column, text(row, name)) for name, column in self.kind.ids.items())
        return next((self.known[pair] for pair in names if pair in self.known), None)

    def learn(self, record: Any) -> None:
        """Find the record by its ids from now on."""
        for column in self.kind.ids.values():
            if value := getattr(record, column):
                self.known[column, value] = record

    def forget(self, record: Any) -> None:
        """What failed half-filled is read afresh by the next row that means it."""
        self.known = {pair: known for pair, known in self.known.items() if known.pk != record.pk}
        if fresh := self.kind.rows(self.principal.tenant).filter(pk=record.pk).first():
            self.learn(fresh)


def _keys(record: Any) -> dict[str, str]:
    keys = {"_id": short_id(record.pk), "externalId": record.external_id, "sourceId": record.source_id}
    return {name: value for name, value in keys.items() if value}
