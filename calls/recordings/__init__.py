"""Recordings: kept, probed, listened to and served. No door and no rule of the log is in here.

``storage`` keeps bytes, ``probing`` says what they are, ``analysis`` what can be heard, ``serving`` hands them out.
"""
