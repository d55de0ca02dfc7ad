"""Admin pages of calls, lines and tags: one module per thing; they register themselves."""

from calls.admin import (  # noqa: F401
    call,
    delivery,
    dialplan,
    donotcall,
    line,
    missed,
    notice,
    origination,
    outcome,
    recording,
    retention,
    rule,
    tag,
    usage,
    webhook,
)
