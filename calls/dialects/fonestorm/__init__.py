"""FoneStorm v2: calls with text-to-speech, FoneNumbers, tokens.

Source: the Slate pages of developer.fonestorm.com (calls, fonenumbers, auth) and the vendor's client SDKs.
Where a page is silent or contradicts itself we serve this reading:

- The pages show JSON, the vendor's SDKs send forms: both are taken, whatever the Content-Type says. Unknown fields are ignored.
- The ``token`` header holds what ``/v2/auth`` gave: a JWT that ends with its time, the password or API token it was asked for
  with, the person's place in the account, or the account. An API token's own secret is taken there as well.
- ``expires`` beyond a day is a day; what is no number of seconds is refused. The person's account is the one they have been in
  longest.
- Of ``to`` only the digits count, 7 to 15 of them; shorter ones are speed dials, which nobody has here. Ten digits that make a
  North American number are one, wherever the tenant is, with or without the 1; a ``+`` counts as such; all others mean what they
  mean when dialled in the tenant's country, where ``011`` leads abroad unless it begins a number there.
- ``fonenumber`` is one of the account's active lines with a public number. One that nobody has becomes the account's when it is
  first used, on the simulator and where the tenant's dial plan says so; another account's is as unknown as any (404).
- With ``tts`` the call is an announcement: ``to`` is rung and hears it. Without, somebody has to talk, so a telephone is rung
  first: the line itself where it is a phone terminal, else its agent's, else the FoneNumber, wherever that leads. A call with
  nobody and nothing to say is never made.
- The id is the call's own, the same at every door. The same request again is another call, unless it carries the
  ``Idempotency-Key`` of the first.
- ``send_notify`` is told of the calls a number makes, ``receive_notify`` of those it gets, whatever door they came by: BEGIN when
  the call enters the log, END when it is over. The answer has both what the page's example shows (``callback``) and what its
  table says (``fonenumber``). The table names ``url_username`` twice: the second is the password. ``type`` None ends it.
- ``/v2/fonenumbers`` answers objects, which both generations of the SDKs declare, and text only to ``filter=fonenumbers``.
- PUT of a number sets where its text messages go: there are none here, so it is stored and read back. DELETE switches its line
  off and ends its callbacks.
- ``/v2/accounts/cdr_notify`` sends END of every call of the account. ``account_id`` is the one in the token, or the slug.
- A call between two of the account's numbers is one that the first makes and one that the second gets.
- Tokens in an address may have spaces in their braces, or percent-encoded braces, as the vendor's clients send them.
- Numbers within North America leave as ten digits, all others with ``+`` and country code: without it some look alike.
- 403 is a destination the tenant does not call, 429 one of its limits or more than 10 requests a second.
"""

from calls.dialects.fonestorm.errors import DIALECT
from calls.dialects.fonestorm.guide import GUIDE
from calls.dialects.fonestorm.views import urlpatterns

__all__ = ["DIALECT", "GUIDE", "urlpatterns"]
