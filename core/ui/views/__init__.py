"""The console's generic pages; apps subclass these. See docs/guide/list-page.md."""

from core.ui.views.base import ConsoleView, back_url, go, is_fragment, say
from core.ui.views.detail import ActionPage, DetailPage
from core.ui.views.form import FormPage
from core.ui.views.list import ListPage
from core.ui.views.queue import QueuePage

__all__ = [
    "ActionPage",
    "ConsoleView",
    "DetailPage",
    "FormPage",
    "ListPage",
    "QueuePage",
    "back_url",
    "go",
    "is_fragment",
    "say",
]
