"""The detail page: header, banners, panels in two columns, timeline with note box."""

from collections.abc import Sequence
from typing import Any, ClassVar, Generic, TypeVar

from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse

from core.drafts import forget_draft
from core.exceptions import DomainError
from core.ui import lists, panels, timeline, trail
from core.ui.content import Banner, Header, Text, allowed_actions
from core.ui.views.base import ConsoleView, back_url, go, is_fragment, say

M = TypeVar("M", bound=Model)


class DetailPage(ConsoleView, Generic[M]):
    """A page about one thing.

    Attributes:
        key: stable name that panels and timeline sources register for ("orders.order").
        list_key: key of the ListPage that it belongs to: its rows' rights, the way back, previous/next.
        audit_subject: subject_type of its audit entries, shown in the timeline; "" for none.
        note_permission: needed for the note box; without add_note() there is none.
        pk_url_kwarg: name of the id in the route.
    """

    key: ClassVar[str] = ""
    list_key: ClassVar[str] = ""
    audit_subject: ClassVar[str] = ""
    note_permission: ClassVar[str] = ""
    pk_url_kwarg: ClassVar[str] = "pk"
    template_name = "generic/detail.html"
    object: M

    def get_queryset(self, user: Any) -> QuerySet[M]:
        """The objects that the user may see; the list's rows by default."""
        return lists.get(self.list_key).get_queryset(user)

    def header(self, obj: M) -> Header:
        """Title, line of state, status, actions."""
        return Header(title=str(obj))

    def banners(self, obj: M) -> Sequence[Banner]:
        """Problems, on top of everything."""
        return ()

    def url_for(self, pk: int) -> str:
        """The address of another object's page."""
        match: Any = self.request.resolver_match
        return reverse(match.view_name, kwargs={**match.kwargs, self.pk_url_kwarg: pk})

    def extra_context(self, obj: M) -> dict[str, Any]:
        """Further context for a template of the page's own."""
        return {}

    def get_object(self) -> M:
        """The object of the address, if the user may see it; 404 otherwise."""
        return get_object_or_404(self.get_queryset(self.request.user), pk=self.kwargs[self.pk_url_kwarg])

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.object = self.get_object()
        if request.GET.get("panel"):
            return self._lazy_panel(request.GET["panel"])
        if request.GET.get("timeline") and is_fragment(request):
            return self.page("generic/_timeline.html", self._timeline_context())
        if request.GET.get("peek") and is_fragment(request):
            return self.page("generic/_peek.html", self._detail_context())
        return self.page(context=self._detail_context())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Take a note from the note box."""
        self.object = self.get_object()
        if not self._may_note():
            raise PermissionDenied
        text = request.POST.get("note", "").strip()
        answer = go(request, back_url(request, request.path))
        if text:
            try:
                self.add_note(self.object, text, request.user)  # type: ignore[attr-defined]
            except DomainError as error:
                say(request, error.message, "error")
                return answer
        return forget_draft(request, answer)

    def _may_note(self) -> bool:
        allowed = not self.note_permission or self.request.user.has_perm(self.note_permission)
        return hasattr(self, "add_note") and allowed

    def _lazy_panel(self, code: str) -> HttpResponse:
        for panel in panels.panels_for(self.key, self.request.user):
            if panel.code == code:
                rendered = panels.render_panel(panel, self.request, self.object)
                return self.page("generic/_panel.html", {"entry": rendered, "loaded": True})
        return HttpResponse(status=404)

    def _detail_context(self) -> dict[str, Any]:
        obj, user = self.object, self.request.user
        header = self.header(obj)
        rendered = [
            entry
            for panel in panels.panels_for(self.key, user)
            if (entry := panels.render_panel(panel, self.request, obj, now=False)) is not None
        ]
        neighbours = trail.neighbours(self.request, self.list_key, obj.pk)
        list_page = lists.get(self.list_key) if self.list_key else None
        return {
            "object": obj,
            "title": header.title,
            "header": header,
            "primary": next(iter(allowed_actions([header.primary], user)), None) if header.primary else None,
            "menu_actions": allowed_actions(header.menu, user),
            "banners": [(banner, allowed_actions(banner.actions, user)) for banner in self.banners(obj)],
            "main_panels": [entry for entry in rendered if entry.panel.column == "main"],
            "side_panels": [entry for entry in rendered if entry.panel.column == "side"],
            "neighbours": neighbours,
            "previous_url": self.url_for(neighbours.previous) if neighbours and neighbours.previous else "",
            "next_url": self.url_for(neighbours.next) if neighbours and neighbours.next else "",
            "list_page": list_page if list_page and list_page.may_see(user) else None,
            "list_url": list_page.url(neighbours.list_query if neighbours else "") if list_page else "",
            **self._timeline_context(),
            **self.extra_context(obj),
        }

    def _timeline_context(self) -> dict[str, Any]:
        entries = timeline.entries_for(self.key, self.object, self.request.user)
        if self.audit_subject:
            entries = timeline.merged(entries, timeline.audit_entries(self.audit_subject, self.object.pk))
        kind = self.request.GET.get("timeline", "")
        present = {entry.kind for entry in entries}
        return {
            "object": self.object,
            "timeline": [entry for entry in entries if kind in ("", "all") or entry.kind == kind],
            "timeline_kinds": [(code, label) for code, label in timeline.KINDS.items() if code in present],
            "timeline_kind": kind or "all",
            "may_note": self._may_note(),
        }


class ActionPage(ConsoleView, Generic[M]):
    """A POST that does one thing to one object: `perform()` calls one service, then one is back where one was.

    Attributes:
        list_key: whose rows the object is looked up in (rights by row).
        message: said afterwards; "" for nothing. perform() may return another text.
    """

    http_method_names = ["post", "options"]
    list_key: ClassVar[str] = ""
    message: ClassVar[Text] = ""
    pk_url_kwarg: ClassVar[str] = "pk"

    def get_queryset(self, user: Any) -> QuerySet[M]:
        """The objects that the user may act on."""
        return lists.get(self.list_key).get_queryset(user)

    def perform(self, obj: M) -> Text | None:
        """Call the service; request is self.request. Returns what to say, or None for `message`."""
        raise TypeError(f"{type(self).__name__} defines no perform()")

    def next_url(self, obj: M) -> str:
        """Where to go afterwards."""
        return back_url(self.request)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        obj = get_object_or_404(self.get_queryset(request.user), pk=self.kwargs[self.pk_url_kwarg])
        try:
            text = self.perform(obj) or self.message
        except DomainError as error:
            say(request, error.message, "error")
        else:
            if text:
                say(request, text)
        return go(request, self.next_url(obj))
