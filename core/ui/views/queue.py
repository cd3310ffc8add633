"""Work screens: one thing at a time, fed by a scanner, safe against a lost connection and repeated scans."""

from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

from django.db import transaction
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from core.exceptions import DomainError
from core.ui.content import EmptyState, Text
from core.ui.models import ScanReceipt
from core.ui.scanning import ScanResult
from core.ui.views.base import ConsoleView

M = TypeVar("M", bound=Model)


class QueuePage(ConsoleView, Generic[M]):
    """A phone-first screen for one piece of work after the other.

    The template extends "generic/queue.html" and fills its blocks `work` (what to do now) and `queue_actions`.
    Scans arrive as POST with `code` and `key` (a UUID made by the browser); a key seen before gets its first answer
    again and scan() isn't called.
    """

    template_name = "generic/queue.html"
    has_scanner: ClassVar[bool] = True

    def get_item(self, user: Any) -> M | None:
        """The piece of work of this address, or the next one that waits; None when there is nothing to do."""
        raise TypeError(f"{type(self).__name__} defines no get_item()")

    def scan(self, item: M, code: str, user: Any) -> ScanResult:
        """Take one scan: call one service and say what it did. A DomainError reads as a wrong scan."""
        raise TypeError(f"{type(self).__name__} defines no scan()")

    def refused(self, error: DomainError) -> ScanResult:
        """The answer to a scan that the service refused."""
        return ScanResult(outcome="wrong", title=error.message)

    def work_context(self, item: M) -> dict[str, Any]:
        """Context for the work area."""
        return {}

    def progress(self, item: M) -> tuple[int, int] | None:
        """(done, total) for the bar on top; None for no bar."""
        return None

    def exit_url(self) -> str:
        """Where leaving the screen leads."""
        return "/"

    def empty_state(self, user: Any) -> EmptyState:
        """What the screen says when all is done."""
        return EmptyState(title=_("Nothing waits here."), icon="circle-check")

    def closed_title(self, user: Any) -> Text:
        """What a scan is told when the work that was shown is gone."""
        return _("This work is no longer open.")

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        item = self.get_item(request.user)
        if item is None:
            return self.page(context={"item": None, "empty": self.empty_state(request.user), "exit": self.exit_url()})
        context = {
            "item": item,
            "object": item,
            "progress": self.progress(item),
            "exit": self.exit_url(),
            **self.work_context(item),
        }
        return self.page(context=context)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        code = request.POST.get("code", "").strip()
        try:
            key = UUID(request.POST.get("key", ""))
        except ValueError:
            return HttpResponseBadRequest()
        if not code:
            return HttpResponseBadRequest()
        return JsonResponse(self._take(request, key, code))

    def _take(self, request: HttpRequest, key: UUID, code: str) -> dict[str, Any]:
        """Take the scan once; the receipt and what scan() wrote are committed together."""
        user: Any = request.user
        with transaction.atomic():
            receipt, is_new = ScanReceipt.objects.get_or_create(key=key, defaults={"user": user})
            if not is_new:
                return dict(receipt.answer) if receipt.user_id == user.pk else _somebody_else_s(request)
            receipt.answer = self._answer(request, code)
            receipt.save(update_fields=["answer"])
        return dict(receipt.answer)

    def _answer(self, request: HttpRequest, code: str) -> dict[str, Any]:
        item = self.get_item(request.user)
        if item is None:
            return _as_json(ScanResult(outcome="wrong", title=self.closed_title(request.user)), request)
        try:
            with transaction.atomic():
                result = self.scan(item, code, request.user)
        except DomainError as error:
            result = self.refused(error)
        return {**_as_json(result, request), "progress": self._progress_after(request)}

    def _progress_after(self, request: HttpRequest) -> tuple[int, int] | None:
        item = self.get_item(request.user)
        return self.progress(item) if item is not None else None


def _somebody_else_s(request: HttpRequest) -> dict[str, Any]:
    """A scan that was sent before another person signed in on the device: neither answered nor taken again."""
    return _as_json(ScanResult(outcome="wrong", title=_("Somebody else's scan, already taken.")), request)


def _as_json(result: ScanResult, request: HttpRequest) -> dict[str, Any]:
    html = render_to_string(result.template, dict(result.context), request=request) if result.template else ""
    return {
        "outcome": result.outcome,
        "title": str(result.title),
        "message": str(result.message),
        "html": html,
        "next": result.next_url,
    }
