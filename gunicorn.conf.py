"""What every gunicorn started here says of itself; its command line adds the rest.

The access log, where an operator switches it on, leaves out query and referrer: HostedSuite's scripts put passwords there.
"""

access_log_format = '%(h)s %(t)s "%(m)s %(U)s %(H)s" %(s)s %(b)s %(M)s'
