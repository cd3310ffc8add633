"""The product's addresses, and an empty view beside which its pages are measured."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from ecom_admin.urls import urlpatterns as product_patterns

EMPTY_PATH = "/track/empty-view"


def empty(request: HttpRequest) -> HttpResponse:
    """What a request costs that does nothing: server, WSGI, middleware."""
    return HttpResponse(b"")


urlpatterns = [path(EMPTY_PATH.removeprefix("/"), empty), *product_patterns]
