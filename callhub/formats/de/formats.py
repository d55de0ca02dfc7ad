"""How dates and times are written in German, where Django's own are too long for lists; the names are explained in English's."""

DATE_FORMAT = "d.m.Y"
DATETIME_FORMAT = "d.m.Y H:i"

MOMENT_FORMAT = "d.m. H:i"
MOMENT_WITH_YEAR_FORMAT = "d.m.Y H:i"
WEEKDAY_MOMENT_FORMAT = "D d.m.Y H:i"
EXACT_MOMENT_FORMAT = "D d.m.Y H:i:s"
WEEKDAY_DAY_FORMAT = "l, j. F"
MONTH_FORMAT = "F Y"
LONG_DATE_FORMAT = "j. F Y"
