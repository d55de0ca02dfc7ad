"""Tags: words staff put on calls, made when they are first used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from calls.errors import InvalidCall
from calls.models import Call, Tag
from tenants.models import Tenant


def tidy_names(names: Iterable[str]) -> dict[str, str]:
    """Tag names with single spaces, by what makes two of them the same; the first spelling counts. Raises ``InvalidCall``."""
    tidy: dict[str, str] = {}
    for name in (" ".join(name.split()) for name in names):
        if not name or len(name) > 60:
            raise InvalidCall.field("tags", "A tag has 1 to 60 characters.")
        tidy.setdefault(name.lower(), name)
    return tidy


def tags_named(tenant: Tenant, names: Iterable[str]) -> dict[str, Tag]:
    """The tenant's tags of these names by their lower-case name, made where they are new. Raises ``InvalidCall``."""
    wanted = tidy_names(names)
    if not wanted:
        return {}
    known = _known(tenant)
    fresh = [Tag(tenant=tenant, name=name) for key, name in sorted(wanted.items()) if key not in known]  # in everybody's order
    if fresh:
        Tag.objects.bulk_create(fresh, ignore_conflicts=True)  # a twin may be making the same ones
        known = _known(tenant)
    if not wanted.keys() <= known.keys():
        raise InvalidCall.field("tags", "A tag differs from another one only in letters that are written alike.")
    return {key: known[key] for key in wanted}


def put_on(tenant: Tenant, names_of: Mapping[Call, Iterable[str]]) -> None:
    """Put their tags on calls that have none yet."""
    tags = tags_named(tenant, [name for names in names_of.values() for name in names])
    links = Call.tags.through
    links.objects.bulk_create(
        links(call_id=call.pk, tag_id=tags[key].pk) for call, names in names_of.items() for key in tidy_names(names)
    )


def _known(tenant: Tenant) -> dict[str, Tag]:
    # Compared here because SQLite's own lower() knows ASCII only.
    return {tag.name.lower(): tag for tag in Tag.objects.for_tenant(tenant)}
