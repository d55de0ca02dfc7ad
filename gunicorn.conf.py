"""What every gunicorn started here says of itself; its command line adds the rest.

The access log, where an operator switches it on, leaves out query and referrer: HostedSuite's scripts put passwords there.
Left alone, gunicorn would believe any program on the same machine that says its request had come over TLS.
"""

access_log_format = '%(h)s %(t)s "%(m)s %(U)s %(H)s" %(s)s %(b)s %(M)s'
secure_scheme_headers: dict[str, str] = {}  # whether a request came over TLS is for Django to say (CALLHUB_BEHIND_PROXY)
