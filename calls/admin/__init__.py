"""Admin pages of calls, lines and tags: one module per thing."""

from calls.admin import call, line, notice, origination, recording, retention, tag, usage  # noqa: F401 - they register themselves
