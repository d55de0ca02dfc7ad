"""What our calls say, for an exchange that asks for it."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings

from calls.dialer import keeping
from calls.models import Origination
from calls.telephony.speech import Espeak
from calls.telephony.web_sounds import spoken


def message_of(order_id: UUID) -> bytes | None:
    """The message of a call that is not over, as WAV; None where there is none. Raises ``TelephonyError``."""
    row = Origination.objects.live().filter(pk=order_id).first()
    message = keeping.order_from_json(row.pk, row.order).message if row else None
    return spoken(message, Espeak(settings.CALLHUB_SPEECH_COMMAND)) if message else None
