"""Middleware that knows no app."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from core.context import bind_request_id, unbind_request_id

REQUEST_ID_HEADER = "X-Request-Id"


class RequestIdMiddleware:
    """Give every request an id (or keep a proxy's), bind it to logs and audit, and send it back."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = bind_request_id(request.headers.get(REQUEST_ID_HEADER, ""))
        try:
            response = self.get_response(request)
        finally:
            unbind_request_id()
        response[REQUEST_ID_HEADER] = request_id
        return response
