"""Errors of the API: one form for all of them."""

from typing import Any

from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt


class ApiError(Exception):
    """The request can't be answered; nothing was changed."""

    def __init__(
        self, status: int, code: str, message: str, field: str = "", headers: dict[str, str] | None = None
    ) -> None:
        self.status = status
        self.code = code
        self.message = message
        self.field = field
        self.headers = headers or {}
        super().__init__(code)

    def response(self) -> JsonResponse:
        body: dict[str, Any] = {"error": {"code": self.code, "message": self.message, "field": self.field}}
        return JsonResponse(body, status=self.status, headers=self.headers)


@csrf_exempt
def unknown(request: HttpRequest) -> JsonResponse:
    """Whatever else is asked for below /api/: programs get a refusal that they can read, not a page."""
    return ApiError(404, "not_found", "There is nothing at this address.").response()
