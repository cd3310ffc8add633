"""Chinese dates as Django has them, but short ones without the year, which don't fit beside an event."""

SHORT_DATETIME_FORMAT = "n月j日 H:i"
