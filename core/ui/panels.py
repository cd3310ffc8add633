"""Panels: parts of a detail page that other apps add without being imported by it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from core.ui.content import PageAction, PanelContent, Text, allowed_actions
from core.ui.registry import Registry

PanelRender = Callable[[HttpRequest, Any], PanelContent | None]


@dataclass(frozen=True)
class Panel:
    """A registered part of a page; see register_panel()."""

    page: str
    code: str
    title: Text
    order: int
    render: PanelRender
    permission: str
    column: str
    lazy: bool


@dataclass(frozen=True)
class RenderedPanel:
    """A panel ready for the template; `html` is empty while a lazy panel waits for its own request."""

    panel: Panel
    html: SafeString
    count: int | None
    actions: list[PageAction]


_panels: dict[str, Registry[Panel]] = {}


def register_panel(
    page: str,
    *,
    code: str,
    title: Text,
    render: PanelRender,
    order: int = 100,
    permission: str = "",
    column: str = "main",
    lazy: bool = False,
) -> None:
    """Add a panel to a detail page.

    Args:
        page: the DetailPage's key ("orders.order").
        code: stable name, unique on the page.
        title: the panel's heading; "" for a panel without a head.
        render: gets (request, object); returns PanelContent, or None to leave the panel out.
        order: position within the column (the page's own panels use 10, 20, 30 …).
        permission: needed to see it.
        column: "main" (left two thirds) or "side" (right third).
        lazy: load by a request of its own after the page (for slow or rarely read parts).
    """
    registry = _panels.setdefault(page, Registry())
    registry.add(Panel(page, code, title, order, render, permission, column, lazy))


def panels_for(page: str, user: Any) -> list[Panel]:
    """The page's panels that the user may see, in order."""
    return [p for p in _panels.get(page, Registry()) if not p.permission or user.has_perm(p.permission)]


def render_panel(panel: Panel, request: HttpRequest, obj: Any, *, now: bool = True) -> RenderedPanel | None:
    """Render one panel; None if it has nothing to show. With now=False a lazy panel comes back empty."""
    if panel.lazy and not now:
        return RenderedPanel(panel, SafeString(""), None, [])
    content = panel.render(request, obj)
    if content is None:
        return None
    html = render_to_string(content.template, {"object": obj, **content.context}, request=request)
    return RenderedPanel(panel, html, content.count, allowed_actions(content.actions, request.user))
