"""Rules of tags: a call gets the tag of every rule it begins to fit, when it is logged and when it changes.

A rule acts where the change made the call fit, never on one that fitted before. So each rule tags a call once, and whoever takes
the tag off is not overruled when somebody writes a note.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.db.models import Exists, OuterRef

from calls.drafts import CallDraft
from calls.ledger.tagging import tidy_names
from calls.models import Call, Tag, TagRule
from calls.models.rule import RuledFacts
from tenants.lookup import Question
from tenants.models import Tenant

# Whether there are rules at all: asked along with what is asked anyway, so that a tenant without any pays nothing for them.
IS_RULED = Exists(TagRule.objects.filter(tenant=OuterRef("tenant_id"), is_active=True))
_RULED = """
SELECT 'ruled', '', t.id, t.id, '', '', '', CAST(NULL AS uuid)
FROM tenants_tenant t WHERE t.id = %s"""
_HAS_RULES = "EXISTS (SELECT 1 FROM calls_tagrule r WHERE r.tenant_id = t.id AND r.is_active)"


def ruled_question(tenant: Tenant) -> Question:
    """Whether the tenant has rules, to ask with others; answered as ``ruled``."""
    question = Question(_RULED, tenant)
    question.conditions.append(_HAS_RULES)
    return question


def tags_by_rule(tenant: Tenant, drafts: Mapping[Call, CallDraft]) -> dict[Call, list[Tag]]:
    """What the rules put on new calls, besides the tags they came with. One query, however many rules and calls."""
    rules = _rules_of(tenant)
    found: dict[Call, list[Tag]] = {}
    for call, draft in drafts.items():
        came_with = tidy_names(draft.tags)
        tags = [tag for tag in _begun(rules, None, call) if tag.name.lower() not in came_with]
        if tags:
            found[call] = tags
    return found


def tag_anew(call: Call, was: RuledFacts) -> list[str]:
    """Put the tags of the rules on a locked call that it fits now and did not before; the names of those that are new to it.

    The call was fetched with ``IS_RULED``; where that says no, or no fact changed that rules look at, nothing is asked.
    """
    if not getattr(call, "is_ruled", True) or was == RuledFacts.of(call):
        return []
    tags = _begun(_rules_of(call.tenant), was, call)
    has = set(call.tags.values_list("pk", flat=True)) if tags else set()
    new = [tag for tag in tags if tag.pk not in has]
    call.tags.add(*new)
    return sorted(tag.name for tag in new)


def _rules_of(tenant: Tenant) -> list[TagRule]:
    return list(TagRule.objects.for_tenant(tenant).filter(is_active=True).select_related("tag"))


def _begun(rules: Iterable[TagRule], was: RuledFacts | None, call: Call) -> list[Tag]:
    """The tags of the rules a call fits now and did not before, each once."""
    now = RuledFacts.of(call)
    fitting = [rule for rule in rules if rule.fits(now) and not (was is not None and rule.fits(was))]
    return list({rule.tag_id: rule.tag for rule in fitting}.values())
