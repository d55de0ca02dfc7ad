"""HostedSuite: search the log, edit a call's notes.

Source: the vendor's metadata pages (``/api/json/metadata?op=ListCallRecordsRequest`` and siblings), a ServiceStack service.
Where a page is silent or contradicts itself we serve this reading:

- Credentials are fields of every request; they and all others come as JSON, form or query, names in any letter case. A query
  field wins over one of the body. An API token's secret may stand in the password's place.
- The page's own sample sends ``0`` for every number, so zero, null and empty text all mean "not given".
- ``CustomerName`` is a tenant's slug or its name. Where several tenants fit it is one the person belongs to: the slug before the
  name, then the one of longest standing.
- "List forms" in the text of StartDate and EndDate is a slip: they bound the call's start, both inclusive. A time without an
  offset is in the tenant's zone; an EndDate without a time includes that day. StartTime leaves in the tenant's zone as well.
- Pages count from 0. Without ItemsPerPage one answer holds everything, up to 5,000 calls; the cap holds for ItemsPerPage too.
- An unknown SortField is ignored, as the framework does; an unknown CallType or SortDir is refused: answering with other calls
  than were asked for would be worse than no answer.
- An update of Notes sets all of the text; what it replaces stays in the call's thread (``calls.ledger.noting``).
- Text that is not known is left out of an item; numbers and Flagged cannot be null there, so a length nobody told is 0. Notes
  is always there. Type is left out for calls that are neither Incoming nor Outgoing.
- A wrong customer, person or password is the same 401.
- JSONP answers only where the tenant switched it on, and never to a request that carries a session or an Authorization header.
"""

from calls.dialects.hostedsuite.errors import DIALECT
from calls.dialects.hostedsuite.guide import GUIDE
from calls.dialects.hostedsuite.views import urlpatterns

__all__ = ["DIALECT", "GUIDE", "urlpatterns"]
