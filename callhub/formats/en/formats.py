"""How dates and times are written: the day first, 24 hours; Django would write "a.m." in English."""

DATE_FORMAT = "j M Y"
DATETIME_FORMAT = "j M Y H:i"
TIME_FORMAT = "H:i"
SHORT_DATE_FORMAT = "Y-m-d"
SHORT_DATETIME_FORMAT = "Y-m-d H:i"

# Our own: what django.utils.formats.date_format takes beside Django's. Every language has all of them.
MOMENT_FORMAT = "d M H:i"
MOMENT_WITH_YEAR_FORMAT = "d M Y H:i"
WEEKDAY_MOMENT_FORMAT = "D d M Y H:i"
EXACT_MOMENT_FORMAT = "D d M Y H:i:s"
WEEKDAY_DAY_FORMAT = "l j F"
MONTH_FORMAT = "F Y"
LONG_DATE_FORMAT = "j F Y"
