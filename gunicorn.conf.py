"""What every gunicorn started here says of itself; its command line adds the rest.

The access log, where an operator switches it on, leaves out query and referrer: HostedSuite's scripts put passwords there.
Streams and long polls wait on threads of their own, so that the ordinary ones are always free (calls.feed.room).
Left alone, gunicorn would believe any program on the same machine that says its request had come over TLS.
"""

from typing import Any

from callhub.bootstrap import read_setting
from callhub.web import ordinary_threads

access_log_format = '%(h)s %(t)s "%(m)s %(U)s %(H)s" %(s)s %(b)s %(M)s'
secure_scheme_headers: dict[str, str] = {}  # whether a request came over TLS is for Django to say (CALLHUB_BEHIND_PROXY)
worker_class = "callhub.web.Worker"
threads = ordinary_threads() + int(read_setting("CALLHUB_STREAMS", "24"))
sendfile = False  # it waits for a client without an end, past the worker's pace


def post_worker_init(worker: Any) -> None:
    """Tell the application how many threads it has, and let those who wait go when this process is to stop."""
    from calls import feed

    feed.fit(worker.cfg.threads)
    feed.serve_while(lambda: bool(worker.alive))
