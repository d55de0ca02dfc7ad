"""Admin pages of calls, lines and tags: one module per thing; they register themselves."""

from calls.admin import call, dialplan, donotcall, line, notice, origination, recording, retention, tag, usage  # noqa: F401
