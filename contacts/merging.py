"""Two contacts that are the same person: what becomes of everything they have, before anybody does it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext

from contacts.models import Contact, ContactNumber, RelinkRequest

_FILLED = ("email", "company_id", "external_id", "source_id")  # the kept one's own go before


class CannotMerge(Exception):
    """These two cannot become one; says why."""


@dataclass(frozen=True, kw_only=True)
class MergePlan:
    """What becomes of two contacts.

    ``numbers`` move and ``doubles`` go, because the kept contact has them. ``taken`` are the columns that change, with their
    values. ``noted`` is what has no place of its own any more; a line at the end of the notes keeps it readable.
    """

    kept: Contact
    gone: Contact
    numbers: tuple[ContactNumber, ...]
    doubles: tuple[ContactNumber, ...]
    taken: dict[str, Any]
    noted: tuple[str, ...]


def plan_merge(kept: Contact | None, gone: Contact | None) -> MergePlan:
    """What merging ``gone`` into ``kept`` would do; nothing is written. Raises ``CannotMerge``."""
    if kept is None or gone is None:
        raise CannotMerge(gettext("One of the two contacts is gone."))
    if kept.pk == gone.pk:
        raise CannotMerge(gettext("This is the same contact. Choose another one."))
    if kept.tenant_id != gone.tenant_id:
        raise CannotMerge(gettext("The two contacts belong to different tenants."))
    if RelinkRequest.objects.filter(moved_from__in=[kept.pk, gone.pk]).exists():
        raise CannotMerge(gettext("One of the two is being merged already. Wait until its calls have followed."))
    has = {_same(number) for number in kept.numbers.all()}
    numbers: list[ContactNumber] = []
    doubles: list[ContactNumber] = []
    for number in gone.numbers.all():
        (doubles if _same(number) in has else numbers).append(number)
        has.add(_same(number))
    taken = {name: getattr(gone, name) for name in _FILLED if getattr(gone, name) and not getattr(kept, name)}
    noted = tuple(_noted(kept, gone))
    if (notes := _notes(kept, gone, noted)) != kept.notes:
        taken["notes"] = notes
    if extra := {name: value for name, value in gone.extra.items() if name not in kept.extra}:
        taken["extra"] = {**kept.extra, **extra}
    return MergePlan(kept=kept, gone=gone, numbers=tuple(numbers), doubles=tuple(doubles), taken=taken, noted=noted)


def likely_twins(contact: Contact, contacts: QuerySet[Contact]) -> QuerySet[Contact]:
    """Those of ``contacts`` who may be the same person: they share a number, the mail address or the name."""
    keys = [number.match_key for number in contact.numbers.all() if number.match_key]
    same = Q(pk__in=ContactNumber.objects.filter(tenant=contact.tenant_id, match_key__in=keys).values("contact"))
    same |= Q(name__iexact=contact.name)
    if contact.email:
        same |= Q(email__iexact=contact.email)
    return contacts.filter(same, tenant=contact.tenant_id).exclude(pk=contact.pk).order_by("name", "pk")


def _same(number: ContactNumber) -> str:
    """What two spellings of one number share."""
    return number.e164 or number.match_key or number.raw


def _noted(kept: Contact, gone: Contact) -> list[str]:
    told = [(gettext("name"), kept.name, gone.name), (gettext("mail"), kept.email, gone.email)]
    told.append((gettext("company"), str(kept.company or ""), str(gone.company or "")))
    told += [
        (gettext("own id"), kept.external_id, gone.external_id),
        (gettext("third system's id"), kept.source_id, gone.source_id),
    ]
    return [f"{label}: {theirs}" for label, ours, theirs in told if theirs and ours and theirs != ours]


def _notes(kept: Contact, gone: Contact, noted: tuple[str, ...]) -> str:
    line = gettext("Merged with another contact: %(facts)s") % {"facts": "; ".join(noted)} if noted else ""
    parts = [kept.notes, gone.notes if gone.notes.strip() not in kept.notes else "", line]
    return "\n\n".join(part for part in parts if part.strip())
