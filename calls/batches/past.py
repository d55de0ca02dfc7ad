"""Calls that were there before a rule of tags: which it fits, and a batch that puts its tag on them."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Exists, OuterRef

from calls.batches.orders import MOST, begin, draft
from calls.models import Call, CallBatch, TagRule
from calls.models.batch import BatchAct
from calls.models.call import CallQuerySet
from tenants.models import User


def fitting(rule: TagRule, start: datetime | None = None, end: datetime | None = None) -> CallQuerySet:
    """The calls of its tenant that a rule fits, begun between two moments, or of all time."""
    return rule.among(Call.objects.filter(tenant=rule.tenant_id).between(start, end))


def untagged(calls: CallQuerySet, rule: TagRule) -> CallQuerySet:
    """Those of ``calls`` that are without the rule's tag."""
    has_tag = Call.tags.through.objects.filter(call_id=OuterRef("pk"), tag_id=rule.tag_id)
    return calls.filter(~Exists(has_tag))


def tag_past(rule: TagRule, calls: CallQuerySet, *, user: User, back: str = "") -> CallBatch:
    """Have the rule's tag put on those of ``calls`` that are without it, the newest first, as many as one batch takes.

    Raises ``BatchRefused``: ``empty``.
    """
    keys = list(untagged(calls, rule).newest_first().values_list("pk", flat=True)[:MOST])
    batch = draft(rule.tenant, keys, act=BatchAct.TAG, user=user, back=back)
    begin(batch, {"tag": rule.tag.name})
    return batch
