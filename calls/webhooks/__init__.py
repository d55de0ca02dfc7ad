"""Telling the world: webhooks and the callbacks of numbers, signed, repeated until they arrive, each attempt on record.

    secret = keep(WebhookEndpoint(tenant=tenant, url="https://example.com/hook"))     # raises ValidationError
    pause(endpoint); resume(endpoint); disable(endpoint); remove(endpoint); rotate_secret(endpoint); fire_test(endpoint)
    replay(delivery); replay_all(queryset)
    set_callback(line, EndpointKind.SEND_CALLBACK, format=PayloadFormat.FONESTORM_JSON, url=…)
    samples()
    make_address(tenant, root)  # to try things out; it takes requests by ``take``

The events of the log are the outbox: nothing that writes calls knows of webhooks but for the bell (``bell``). ``fanout`` turns
them into deliveries, ``turns`` says which are sent next and by whom, ``delivery`` sends them, ``schedule`` when again.
``vocabulary`` says what is told, ``payloads`` how it looks, ``signing`` how a receiver knows that it is from us.
"""

from calls.webhooks.bell import announce, answer
from calls.webhooks.delivery import deliver
from calls.webhooks.endpoints import (
    callback_of,
    check,
    check_url,
    disable,
    fire_test,
    keep,
    pause,
    remove,
    remove_callback,
    remove_cdr_callback,
    resume,
    rotate_secret,
    set_callback,
    set_cdr_callback,
)
from calls.webhooks.errors import EndpointNotActive, NothingToReplay, WebhookError
from calls.webhooks.fanout import fan_out, waiting
from calls.webhooks.payloads import samples, template_tokens
from calls.webhooks.replaying import replay, replay_all, replayable
from calls.webhooks.trying import make_address, take
from calls.webhooks.vocabulary import SUBSCRIBABLE, fits

__all__ = [
    "SUBSCRIBABLE", "EndpointNotActive", "NothingToReplay", "WebhookError", "announce", "answer",
    "callback_of", "check", "check_url", "deliver", "disable", "fan_out", "fire_test", "fits",
    "keep", "make_address", "pause", "remove", "remove_callback", "remove_cdr_callback", "replay",
    "replay_all", "replayable", "resume", "rotate_secret", "samples", "set_callback",
    "set_cdr_callback", "take", "template_tokens", "waiting",
]  # fmt: skip
