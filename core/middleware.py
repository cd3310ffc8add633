"""Middleware that knows no app."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from ipaddress import ip_address
from typing import Any, cast

from csp.constants import HEADER
from csp.middleware import CheckableLazyObject, CSPMiddleware
from csp.utils import build_policy
from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import Resolver404, ResolverMatch, resolve
from django.utils import translation

from core import metering
from core.context import REQUEST_ID_KEY, bind_request_id, unbind_request_id

logger = logging.getLogger(__name__)

_CHUNK = 1 << 16
_BESIDE_FILES = 1 << 20
_LENGTH_DIGITS = 18
REQUEST_ID_HEADER = "X-Request-Id"


class RequestIdMiddleware:
    """Give every request an id (or keep a proxy's), bind it to logs and audit, and send it back."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = bind_request_id(request.headers.get(REQUEST_ID_HEADER, ""))
        request.META[REQUEST_ID_KEY] = request_id
        try:
            response = self.get_response(request)
        finally:
            unbind_request_id()
        response[REQUEST_ID_HEADER] = request_id
        return response


class MeteringMiddleware:
    """Measure every request that a view answered, by the view's name and the kind of answer (2xx)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        response = self.get_response(request)
        if request.resolver_match is not None:
            labels = {"view": request.resolver_match.view_name, "status": f"{response.status_code // 100}xx"}
            metering.observe("http", labels, time.perf_counter() - started)
            metering.flush_if_due()
        return response


class ClientAddressMiddleware:
    """Put the visitor's own address into REMOTE_ADDR, by which sign-ins and the tracking page count tries.

    Behind settings.TRUSTED_PROXIES proxies that is the entry of X-Forwarded-For that the outermost of them wrote;
    what stands left of it came from outside and isn't believed. Without proxies the header is ignored.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if address := _forwarded_for(request.headers.get("X-Forwarded-For", ""), settings.TRUSTED_PROXIES):
            request.META["REMOTE_ADDR"] = address
        return self.get_response(request)


class PolicyMiddleware(CSPMiddleware):
    """django-csp's middleware, without putting the same policy together for each answer anew."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        policy = _constant_policy()
        of_its_own = hasattr(request, "_csp_nonce") or any(name.startswith("_csp") for name in vars(response))
        if not policy or of_its_own or HEADER in response or settings.DEBUG:
            return super().process_response(request, response)
        response[HEADER] = policy
        request.csp_nonce = CheckableLazyObject(self._csp_nonce_post_response)  # type: ignore[attr-defined]
        return response


class ProgramsMiddleware:
    """Let programs in by the short way: what stands behind is for people, with their sessions, languages and forms.

    A program's view lies below settings.PATHS_OF_PROGRAMS and is exempt from CSRF protection. It knows its callers by
    key or signature, reads the body itself within limits of its own, and answers in English.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self._answer = cast("Callable[[HttpRequest], HttpResponse]", convert_exception_to_response(_call_view))

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not _is_for_program(request):
            return self.get_response(request)
        request.get_host()  # raises DisallowedHost
        with translation.override("en"):
            response = self._answer(request)
        if not response.streaming:
            response.headers.setdefault("Content-Length", str(len(response.content)))
        return response


class UploadLimitMiddleware:
    """Refuse a request that is larger than the files people may upload, before anything of it is kept."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        limit = settings.UPLOAD_MAX_BYTES
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdecimal() or len(length) > _LENGTH_DIGITS:
            return render(request, "400.html", status=400)
        if int(length) <= limit + _BESIDE_FILES:
            return self.get_response(request)
        _take_rest(request)
        return render(request, "413.html", {"limit_mb": limit >> 20}, status=413)


class UploadRoomMiddleware:
    """Say so where there is no room for an upload: Django keeps a file above FILE_UPLOAD_MAX_MEMORY_SIZE on the disk
    while it reads the form. Of somebody who isn't signed in no file is kept at all; no public page takes any.

    Stands before CsrfViewMiddleware, which would be the first to read the form and can't answer that.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> HttpResponse | None:
        if request.method != "POST" or request.content_type != "multipart/form-data":
            return None
        if not request.user.is_authenticated:
            request.upload_handlers = [_NoFiles(request)]
        try:
            request.POST  # noqa: B018 - read on access
        except UnreadablePostError:
            return None  # nobody waits for the answer any more
        except OSError:
            logger.exception("An upload could not be kept in the folder for temporary files")
            _close_files(request)
            _take_rest(request)
            return render(request, "507.html", status=507)
        return None


class _NoFiles(FileUploadHandler):
    """Reads past every file of a form; its fields are kept."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        raise SkipFile

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Never asked for: the file was skipped."""

    def file_complete(self, file_size: int) -> None:
        """Never asked for: the file was skipped."""


def _is_for_program(request: HttpRequest) -> bool:
    """Whether a program's view answers this; the request then knows which."""
    if not request.path_info.startswith(settings.PATHS_OF_PROGRAMS):
        return False
    try:
        match = resolve(request.path_info)
    except Resolver404:
        return False
    if not getattr(match.func, "csrf_exempt", False):
        return False
    request.resolver_match = match
    return True


def _call_view(request: HttpRequest) -> HttpResponse:
    match = cast("ResolverMatch", request.resolver_match)
    response: HttpResponse = match.func(request, *match.args, **match.kwargs)
    return response


def _close_files(request: HttpRequest) -> None:
    """Give back at once what a form that broke off takes of the disk; Django does so for its own refusals only."""
    for handler in request.upload_handlers:
        if (file := getattr(handler, "file", None)) is not None:
            with suppress(OSError):  # the rest in its buffer has no room either
                file.close()


def _take_rest(request: HttpRequest) -> None:
    """Read what is left of a request that is refused: a browser shows the answer only if its request was taken."""
    left = 2 * settings.UPLOAD_MAX_BYTES
    while left > 0 and (chunk := request.read(_CHUNK)):
        left -= len(chunk)


@cache
def _constant_policy() -> str:
    """The policy of every answer that has none of its own; "" where the settings tell more of it than directives."""
    policy = getattr(settings, "CONTENT_SECURITY_POLICY", {})
    constant = policy.keys() == {"DIRECTIVES"} and not hasattr(settings, "CONTENT_SECURITY_POLICY_REPORT_ONLY")
    return build_policy() if constant else ""


def _forwarded_for(header: str, proxies: int) -> str:
    """The entry that `proxies` trusted proxies vouch for; "" where there is none or it isn't an address."""
    entries = [entry.strip() for entry in header.split(",")]
    if not 0 < proxies <= len(entries):
        return ""
    try:
        return str(ip_address(entries[-proxies]))
    except ValueError:
        return ""
