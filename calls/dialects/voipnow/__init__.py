"""VoipNow UnifiedAPI: have calls made, watch them, hang up; the history of calls.

Source: wiki.4psa.com, "Create Simple PhoneCalls" and its siblings, and the vendor's own clients. Where a page is silent or
contradicts itself we serve this reading:

- A new call is answered with 202, as in every example, and never with the table's 200 or 204. ``link`` and ``links`` both hold
  ``self``: an absolute address under the name the request came by, with ``@me`` and the extension as it was sent.
- Whatever user an address names, a call's id finds it within the application's reach: administrators may not call as ``@me`` but
  are handed such a link. A wrong extension finds nothing.
- PhoneCalls are the calls in the system: one that has ended, or was hung up, is an empty ``entry`` here and a record of the
  history. Ended calls of every door are in the history, under the same id.
- ``extension`` may be missing, as its rule says and its error denies: then the first source must be a telephone of the user.
- Numbers are digits with ``+`` or ``*`` and nothing else; lists and bare values are taken alike. Of several destinations the
  first is called, of several views the first is read; both are kept as they came.
- A nonce may repeat: the vendor's own client sends the same one with every call.
- Refusals of the dialer get the code of the part that is refused, with the reason in words. Limits, for which the vendor has no
  code, are 429 with ours.
- ``waitForPickup`` above two minutes rings for two, ``callDuration`` above the tenant's longest call lasts as long as that.
- A callback rings one public number and needs its extension named; there is no kind of extension for it here, so any phone
  terminal of the user will do. Conferences, parking, monitoring, voicemail and recording on demand are the vendor's 501.
- ``allowPublicTransfer`` is ignored, whatever it says, where a local number is called: such a call may be transferred to any
  number the tenant may call.
- ``@owner`` is who owns the line, for every application. An administrator's finds lines of its own tenant first, then those
  below it; where several have the same extension none is meant.
- Numbers of the history are UAPI-Extension-Numbers: digits, with ``*`` in extensions. What was dialled as digits stays so, any
  other spelling leaves as E.164 without its plus; each finds its call again. Withheld numbers and names are no number.
- Every call of the history has a flow and is counted by it; one without a direction is incoming, unless its outside party
  is the one that was called.
- A time without an offset is in the tenant's zone in the history, and UTC where PhoneCalls are filtered.
- An API token opens these doors as well, as an application of its owner.
"""

from calls.dialects.voipnow.errors import DIALECT
from calls.dialects.voipnow.guide import GUIDE
from calls.dialects.voipnow.urls import urlpatterns

__all__ = ["DIALECT", "GUIDE", "urlpatterns"]
