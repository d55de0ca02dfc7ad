"""What can go wrong when somebody wants something done to an endpoint or a delivery."""

from __future__ import annotations


class WebhookError(Exception):
    """A refusal the asker can act on; ``code`` never changes."""

    code = "webhook_error"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class EndpointNotActive(WebhookError):
    """It is paused or disabled."""

    code = "endpoint_not_active"


class NothingToReplay(WebhookError):
    """Its call was removed, and with it what the message told."""

    code = "erased"
