"""Who logs a call: what a party that is limited to one center may log, and what it gets to see of a repeat."""

from __future__ import annotations

import dataclasses

from calls.drafts import CallDraft
from calls.errors import CallConflict
from calls.models import Call
from tenants.authentication import Principal
from tenants.choices import Act


def from_sender(draft: CallDraft, principal: Principal) -> CallDraft:
    """The draft, of the center its sender is limited to: they log calls there and nowhere else."""
    return dataclasses.replace(draft, center_id=str(principal.center_id)) if principal.center_id else draft


def is_out_of_reach(call: Call, principal: Principal) -> bool:
    """Whether a call that was logged before belongs to a center this party does not see."""
    return not call.is_open_to(principal.center_id, Act.ADD)


def refuse_hidden(call: Call, principal: Principal) -> Call:
    """The call that was logged. Raises ``CallConflict`` where it was logged before and is not this party's to see."""
    if is_out_of_reach(call, principal):
        raise CallConflict("This external id is in use already.")
    return call
