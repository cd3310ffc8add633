"""The pages of the frame itself: Today, Settings, search, counts, preferences, views and columns of lists."""

from contextlib import suppress
from typing import Any

from django.core.cache import cache
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _
from redis.exceptions import RedisError

from core.accounts.enums import Role
from core.accounts.selectors import may_do_anything, role_givers
from core.ids import parse_id
from core.ui import lists, nav, saved_views, search, setup_links, today, topbar
from core.ui.actions import MAX_ROWS, TOO_MANY_ROWS
from core.ui.content import allowed_actions
from core.ui.counting import capped_count, count_label, time_budget
from core.ui.views.base import ConsoleView, back_url, go, is_fragment, say
from core.words import listed

COUNTS_SECONDS = 15
ROLE_GIVERS_SHOWN = 3


class TodayPage(ConsoleView):
    """What waits for this person, as cards."""

    title = _("Today")
    template_name = "ui/today.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        if code := request.GET.get("card"):
            return self._one(request, code)
        if not may_do_anything(request.user):
            return self.page(context={"givers": listed(person.label for person in role_givers(ROLE_GIVERS_SHOWN))})
        cards = [self._card(request, card) for card in today.cards_for(request.user)]
        return self.page(context={"cards": [card for card in cards if card is not None], "has_role": True})

    def _one(self, request: HttpRequest, code: str) -> HttpResponse:
        card = next((card for card in today.cards_for(request.user) if card.code == code), None)
        if card is None:
            raise Http404
        return self.page("ui/_today_card.html", {"entry": self._card(request, card, now=True)})

    def _card(self, request: HttpRequest, card: today.TodayCard, *, now: bool = False) -> dict[str, Any] | None:
        if card.lazy and not now:
            return {"card": card, "html": "", "waiting": True}
        content = card.render(request)
        if content is None:
            return None
        html = render_to_string(content.template, dict(content.context), request=request)
        actions = allowed_actions(content.actions, request.user)
        return {"card": card, "html": html, "count": content.count, "actions": actions}


class SettingsPage(ConsoleView):
    """Everything that can be set up, in groups."""

    title = _("Settings")
    template_name = "ui/settings.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page(context={"groups": setup_links.groups_for(request.user)})


class SearchPage(ConsoleView):
    """Global search: a fragment for the drop-down, a page for all results."""

    title = _("Search")
    template_name = "ui/search.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        query = request.GET.get("q", "").strip()
        fragment = is_fragment(request)
        groups = search.search_all(user=request.user, query=query, limit=5 if fragment else 25)
        return self.page("ui/_search_results.html" if fragment else "", {"query": query, "groups": groups})


class CountsView(ConsoleView):
    """Counts of the navigation and the top bar as JSON {code: label}, kept for some seconds per person."""

    def get(self, request: HttpRequest) -> HttpResponse:
        key = f"ui:counts:{request.user.pk}"
        counts = _from_cache(key)
        if counts is None:
            counts = self._counts(request)
            _to_cache(key, counts)
        return JsonResponse(counts)

    def _counts(self, request: HttpRequest) -> dict[str, str]:
        user = request.user
        sources = [item for section in nav.SECTIONS for item in nav.items_for(user, section.code)]
        counted = [(item.code, item.count) for item in sources]
        counted += [(item.code, item.count) for item in topbar.items_for(user)]
        return {code: _label(count, user) for code, count in counted if count is not None}


def _label(count: Any, user: Any) -> str:
    try:
        with time_budget():
            number = count(user)
    except OperationalError:
        return ""
    return count_label(number) if number else ""


def _from_cache(key: str) -> dict[str, str] | None:
    try:
        return cache.get(key)  # type: ignore[no-any-return]
    except RedisError:
        return None


def _to_cache(key: str, value: dict[str, str]) -> None:
    with suppress(RedisError):
        cache.set(key, value, COUNTS_SECONDS)


class _ListView(ConsoleView):
    """Base of the small actions on a list named in the route."""

    def list_page(self) -> lists.ListDefinition[Any]:
        try:
            page = lists.get(self.kwargs["key"])
        except KeyError as error:
            raise Http404 from error
        if not page.may_see(self.request.user):
            raise Http404
        return page


class SaveViewView(_ListView):
    """Keep the present filters as a view."""

    def post(self, request: HttpRequest, key: str) -> HttpResponse:
        page = self.list_page()
        name = " ".join(request.POST.get("name", "").split())[:60]
        if not name:
            say(request, _("Give the view a name."), "error")
            return go(request, back_url(request, page.url()))
        view = saved_views.save_view(
            page=page,
            user=request.user,
            name=name,
            query=request.POST.get("query", ""),
            shared=bool(request.POST.get("shared")),
            role=_known_role(request.POST.get("role", "")),
        )
        say(request, _("View “%(name)s” saved.") % {"name": view.name})
        separator = "&" if view.query else ""
        return go(request, page.url(f"{view.query}{separator}view={view.pk}"))


def _known_role(value: str) -> str:
    return value if value in Role.values else ""


class DeleteViewView(_ListView):
    """Remove a saved view."""

    def post(self, request: HttpRequest, key: str, pk: int) -> HttpResponse:
        page = self.list_page()
        view = saved_views.delete_view(user=request.user, view_id=pk)
        if view is None:
            raise Http404
        say(request, _("View “%(name)s” removed.") % {"name": view.name})
        return go(request, page.url("view=all"))


class ColumnsView(_ListView):
    """Keep the columns that a person picked."""

    def post(self, request: HttpRequest, key: str) -> HttpResponse:
        page = self.list_page()
        keys = [] if request.POST.get("reset") else request.POST.getlist("columns")
        saved_views.choose_columns(page=page, user=request.user, keys=keys)
        return go(request, back_url(request, page.url()))


class BulkConfirmView(_ListView):
    """What a bulk action will do, with the numbers, and the fields it asks for; posts on to the job."""

    template_name = "generic/bulk_confirm.html"

    def post(self, request: HttpRequest, key: str) -> HttpResponse:
        page = self.list_page()
        action = page.action(request.POST.get("action", ""), request.user)
        everything = bool(request.POST.get("all"))
        ids = [pk for value in request.POST.getlist("ids") if (pk := parse_id(value)) is not None]
        query = QueryDict(request.POST.get("query", ""))
        rows = page.queryset_for(request.user, query, ids=None if everything else ids, ordered=False)
        count = capped_count(rows, MAX_ROWS)
        context = {
            "page": page,
            "title": action.label,
            "action": action,
            "form": action.form(request.user),
            "count": count,
            "confirm": str(action.confirm).replace("%(count)s", str(count)),
            "refused": TOO_MANY_ROWS if count > MAX_ROWS else "",
            "everything": everything,
            "ids": ids,
            "query": query.urlencode(),
        }
        return self.page("generic/_bulk_confirm.html" if is_fragment(request) else "", context)
