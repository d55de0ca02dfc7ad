"""CallN: announce a call, then send its audio; read calls back; clients and handsets of resellers.

Source: https://www.calln.com/developers-guide (call, callaudio, userauthtoken, callaudits, client, handset, and the v2 pages).
Where a page is silent or contradicts itself we serve this reading:

- The heading of ``/api/call`` says POST and its example PUT: both are the same. Its body has single quotes and, from curl, a
  form's Content-Type: it is read as JSON of either spelling whatever the type. ``destinationphone'`` is the list's slip.
- Absent, empty and unreadable ``startdatetimeutc`` are the same 400. Hours may lack their zero; an offset is honoured.
- Reasons are told in the status line, as the v2 page has it, and as ``{"message": …}``, in valid JSON.
- Checks come in the order 406, 401, 400, 403, 405. 405 means that no client has the number, or, with ``Allow``, the method.
- The number decides a reseller's account on either side of the call. Several clients with it decide nothing.
- A chunk that is not the last is answered with 200 ``{"status":"incomplete"}`` (v2: 206). Chunks may come in any order and
  again. Both headers are required, as the list of errors has it and the curl sample has not. A temporary id is good for the
  account that opened it, until its audio is whole.
- Search shows every ended call of the log, whoever sent it, by growing id. ``audiomd5hash`` and ``audiolengthbytes`` are there
  where audio is kept here; ``rating`` 0 is none; ``subject`` is the call's outcome, ``handsetgroup`` its center. A date without a
  time is its midnight, ``datetimemax`` includes its own second. A reseller sees its clients' calls beside its own.
- Lengths are integers, as the public client reads them: ``durationseconds`` to the nearest second.
- v2: an empty ``connecteddatetimeutc`` means that nobody answered, so no audio is needed (200); nor is it where a call of this
  ``callid`` has its audio already.
- A tempcallid has 32 hex digits of which 122 bits are random.
"""

from calls.dialects.calln.errors import DIALECT
from calls.dialects.calln.guide import GUIDE
from calls.dialects.calln.urls import urlpatterns

__all__ = ["DIALECT", "GUIDE", "urlpatterns"]
