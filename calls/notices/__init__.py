"""Mails to people: missed calls, the daily digest of them, limits nearly used up, wrong passwords.

``finding`` writes a row per mail, once; ``sending`` mails it, at least once; ``words`` says it as far as the reader may know.
"""

from calls.notices.finding import find
from calls.notices.sending import due, forget_old, send

__all__ = ["due", "find", "forget_old", "send"]
