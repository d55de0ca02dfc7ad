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
- Text that is missing is left out of an item; numbers and Flagged cannot be null there, so an unknown length is 0. Notes is
  always there.
- Every call has one of the two Types, and that CallType finds it. Internal calls are Outgoing, as they leave by a line. A call
  without a direction is Incoming, unless its outside party is the one that was called.
- TransferToName and -Number are where a call was transferred last. Without a transfer they are who was called by a call that
  went out, or has no direction: there is no other place for that number. An incoming call that was not transferred has
  none. TransferTime is from the transfer to its answer. Sorting by them sorts by who was called.
- AnsweredBy is the agent of a call that was answered by a person; of a busy or missed call and a voicemail it is left out.
- Interactions are the source's own timeline and what the exchange reported: Ring, Answer, Hold, Resume, Transfer, End.
- Centers and contacts are bare arrays, as the vendor's own client reads them. A contact's last word is its LastName.
- The page of call allowances does not show its answer: it is a bare array, for each client that has calls, of CallCount,
  UsedSeconds and UsedMinutes. Where no Bill… is true, talk is billed.
- A wrong customer, person or password is the same 401.
- JSONP is answered to POST, as the page has it, for plain function names alone. By GET the password is in the address and any
  page can cause the request: that is for tenants who switched it on, and never beside a session or an Authorization header.
"""

from calls.dialects.hostedsuite.errors import DIALECT
from calls.dialects.hostedsuite.guide import GUIDE
from calls.dialects.hostedsuite.views import urlpatterns

__all__ = ["DIALECT", "GUIDE", "urlpatterns"]
