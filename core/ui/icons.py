"""Tabler's outline icons as inline SVG, read once from the npm package."""

import re
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

_NAME = re.compile(r"[a-z0-9-]+")
_OUTSIDE = re.compile(r"<!--.*?-->|</?svg[^>]*>|<path stroke=\"none\"[^>]*>", re.DOTALL)


@lru_cache(maxsize=512)
def _paths(name: str) -> SafeString:
    """The inside of the icon's SVG. Raises LookupError for a name that Tabler doesn't have."""
    file = Path(settings.NODE_MODULES, "@tabler", "icons", "icons", "outline", f"{name}.svg")
    if not _NAME.fullmatch(name) or not file.is_file():
        raise LookupError(f"There is no Tabler icon {name!r}.")
    body = _OUTSIDE.sub("", file.read_text(encoding="utf-8"))
    return mark_safe(re.sub(r"\s*\n\s*", "", body))  # noqa: S308  # from the icon package, not from input


@lru_cache(maxsize=2048)
def icon_svg(name: str, label: str = "", css: str = "") -> SafeString:
    """An icon as inline SVG; hidden from screen readers unless `label` names it."""
    described = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    return format_html(
        '<svg class="icon {}" viewBox="0 0 24 24" width="20" height="20" fill="none" stroke="currentColor" '
        'stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round" {}>{}</svg>',
        css,
        described,
        _paths(name),
    )
