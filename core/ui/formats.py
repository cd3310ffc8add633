"""How values read: money, numbers, instants, in the active language and time zone."""

from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache

from babel.numbers import format_currency, format_decimal, format_percent
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext, ngettext

_BABEL = {"zh-hans": "zh_Hans_CN", "en": "en_GB"}
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def babel_locale() -> str:
    """The active language as a Babel locale."""
    return _BABEL.get(get_language() or "en", "en_GB")


def money_text(amount: Decimal | float | str | None, currency: str) -> str:
    """An amount with its currency ("£1,204.50", "CN¥88.00"); "" for none."""
    if amount is None or amount == "":
        return ""
    return _money(Decimal(str(amount)), currency or "XXX", babel_locale())


def number_text(value: Decimal | float | None) -> str:
    """A number with the language's separators, without trailing zeros; "" for none."""
    return "" if value is None else _number(value, babel_locale())


def exact_money_text(amount: Decimal | str, currency: str) -> str:
    """An amount with its currency, for telling one from another: none of its decimals is rounded away."""
    exact = Decimal(str(amount)).normalize()
    return str(format_currency(exact, currency or "XXX", locale=babel_locale(), decimal_quantization=False))


def exact_number_text(value: Decimal | int | str) -> str:
    """A number with the language's separators and all its decimals, without trailing zeros."""
    exact = Decimal(str(value)).normalize()
    return str(format_decimal(exact, locale=babel_locale(), decimal_quantization=False))


# A list has few different amounts, and Babel takes its time for each.
@lru_cache(maxsize=4096)
def _money(amount: Decimal, currency: str, locale: str) -> str:
    return format_currency(amount, currency, locale=locale)


@lru_cache(maxsize=4096)
def _number(value: Decimal | float, locale: str) -> str:
    return format_decimal(value, locale=locale)


def percent_text(ratio: Decimal | float | None, digits: int = 1) -> str:
    """A ratio (0.123) as a percentage ("12.3 %"); "" for none."""
    if ratio is None:
        return ""
    pattern = f"#,##0.{'0' * digits}%" if digits else "#,##0%"
    return format_percent(ratio, format=pattern, locale=babel_locale())


def relative_text(at: datetime, now: datetime | None = None) -> str:
    """An instant as people say it: "3 min ago", "in 2 h", "yesterday" grows into a date after a week."""
    now = now or timezone.now()
    seconds = int((now - at).total_seconds())
    past, size = seconds >= 0, abs(seconds)
    if size < _MINUTE:
        return gettext("just now") if past else gettext("in a moment")
    if size < _HOUR:
        return _ago(past, size // _MINUTE, "minute")
    if size < _DAY:
        return _ago(past, size // _HOUR, "hour")
    if size < 7 * _DAY:
        return _ago(past, size // _DAY, "day")
    local = timezone.localtime(at)
    same_year = local.year == timezone.localtime(now).year
    return date_format(local, "MONTH_DAY_FORMAT" if same_year else "SHORT_DATE_FORMAT")


def relative_key(at: datetime, now: datetime | None = None) -> tuple[int, int]:
    """Equal for two instants as long as relative_text() reads the same for them, and cheaper."""
    now = now or timezone.now()
    seconds = int((now - at).total_seconds())
    past, size = seconds >= 0, abs(seconds)
    if size >= 7 * _DAY:
        return 7 * _DAY, timezone.localtime(now).year  # in which the date loses or gains its year
    unit = _DAY if size >= _DAY else _HOUR if size >= _HOUR else _MINUTE
    return unit if past else -unit, size // unit


def _ago(past: bool, count: int, unit: str) -> str:
    texts = {
        ("minute", True): ngettext("%(n)s min ago", "%(n)s min ago", count),
        ("hour", True): ngettext("%(n)s h ago", "%(n)s h ago", count),
        ("day", True): ngettext("%(n)s day ago", "%(n)s days ago", count),
        ("minute", False): ngettext("in %(n)s min", "in %(n)s min", count),
        ("hour", False): ngettext("in %(n)s h", "in %(n)s h", count),
        ("day", False): ngettext("in %(n)s day", "in %(n)s days", count),
    }
    return texts[unit, past] % {"n": count}


def absolute_text(at: datetime) -> str:
    """An instant in full, in the active time zone, with the zone's name."""
    local = timezone.localtime(at)
    return f"{date_format(local, 'DATETIME_FORMAT')} {local.tzname()}"


def date_text(value: date | datetime) -> str:
    """A day ("3 Mar 2026")."""
    if isinstance(value, datetime):
        value = timezone.localtime(value)
    return date_format(value, "DATE_FORMAT")


def duration_text(seconds: float | None) -> str:
    """A length of time in its two largest units ("2 d 4 h", "35 min", "1 h"); "" for none."""
    if seconds is None:
        return ""
    if 0 <= seconds < _MINUTE:
        return gettext("%(s)s s") % {"s": round(seconds, 1) if seconds < 10 else int(seconds)}
    minutes = int(seconds) // _MINUTE
    days, rest = divmod(minutes, 1440)
    hours, minutes = divmod(rest, 60)
    if days:
        words = gettext("%(d)s d %(h)s h") if hours else gettext("%(d)s d")
        return words % {"d": days, "h": hours}
    if hours:
        words = gettext("%(h)s h %(m)s min") if minutes else gettext("%(h)s h")
        return words % {"h": hours, "m": minutes}
    return gettext("%(m)s min") % {"m": minutes}
