"""The small values that pages hand to templates: actions, banners, panels' content, empty states."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from django.utils.functional import Promise

Text: TypeAlias = str | Promise


@dataclass(frozen=True, kw_only=True)
class PageAction:
    """A button or menu entry.

    Args:
        label: the verb, sentence case ("Release order").
        url: where it goes; with ``method="post"`` a form with the CSRF token is rendered.
        method: "get" (a link) or "post" (a button in its own form).
        icon: a Tabler outline icon name ("lock-open"), or "".
        permission: the action is left out for users without it.
        style: "primary", "default" or "danger".
        confirm: what will happen, with the numbers; only for what can't be undone.
        dialog: open `url` (a FormPage) in a dialog instead of leaving the page.
        params: hidden fields of a post.
        key: a one-letter shortcut shown by `?`.
    """

    label: Text
    url: str
    method: str = "get"
    icon: str = ""
    permission: str = ""
    style: str = "default"
    confirm: Text = ""
    dialog: bool = False
    params: Mapping[str, str | int] = field(default_factory=dict)
    key: str = ""


@dataclass(frozen=True, kw_only=True)
class Banner:
    """A problem on top of a detail page with its resolution as buttons. level: info|success|warning|danger."""

    level: str
    title: Text
    body: Text = ""
    actions: Sequence[PageAction] = ()
    icon: str = ""


@dataclass(frozen=True, kw_only=True)
class Badge:
    """A word with a colour (neutral|info|progress|success|warning|danger) and an icon."""

    label: Text
    colour: str = "neutral"
    icon: str = ""


@dataclass(frozen=True, kw_only=True)
class Header:
    """The top of a detail page.

    Args:
        title: what it is ("Order SO-1042").
        line: one line of state ("Received 3 hours ago · 4 items · £86.20").
        status: a StatusEnum member or a Badge; None for none.
        badges: further badges beside the status.
        primary: the one thing to do next, or None.
        menu: everything else, in the overflow menu.
        code: what the copy button copies; "" for no button.
    """

    title: Text
    line: Text = ""
    status: Any = None
    badges: Sequence[Badge] = ()
    primary: PageAction | None = None
    menu: Sequence[PageAction] = ()
    code: str = ""


@dataclass(frozen=True)
class PanelContent:
    """A template with its context, rendered inside a panel or a Today card.

    Args:
        template: e.g. "orders/_lines.html".
        context: for the template; `object` (panels), `request` and `user` are added.
        count: shown beside the panel's title; None for none.
        actions: links or buttons in the panel's head.
    """

    template: str
    context: Mapping[str, Any] = field(default_factory=dict)
    count: int | None = None
    actions: Sequence[PageAction] = ()


@dataclass(frozen=True, kw_only=True)
class EmptyState:
    """What a page says when there is nothing: what would be here, and what to do."""

    title: Text
    body: Text = ""
    icon: str = "inbox"
    action: PageAction | None = None


def allowed_actions(actions: Sequence[PageAction], user: Any) -> list[PageAction]:
    """The actions that the user may see."""
    return [action for action in actions if not action.permission or user.has_perm(action.permission)]
