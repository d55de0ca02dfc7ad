"""Planhat: log a call, with and without credentials; upsert the people that calls match.

Serves https://docs.planhat.com/#calls. The page stars five identifiers and its sample sends three of them: a star means one of
the group (``reading``). Answers and statuses the page leaves out follow its siblings: 200 with the object, lists as bare arrays.
The tenant in ``/<tenant>/calls`` is an opaque word (the page's own is no UUID); that door only ever writes.
"""

from calls.dialects.planhat.errors import DIALECT
from calls.dialects.planhat.guide import GUIDE
from calls.dialects.planhat.urls import open_urlpatterns, urlpatterns

__all__ = ["DIALECT", "GUIDE", "open_urlpatterns", "urlpatterns"]
