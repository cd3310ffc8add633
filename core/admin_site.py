"""The administration site: Django's, behind the console's own sign-in."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.apps import apps
from django.contrib.admin import AdminSite
from django.contrib.auth import REDIRECT_FIELD_NAME, logout
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, resolve_url
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from core.taken import Taken, is_taken

logger = logging.getLogger(__name__)


class ConsoleAdminSite(AdminSite):
    """Open to everybody with the right accounts.use_admin_site; sign-in and second factor are the console's."""

    site_title = "ecom-admin"
    site_header = _("ecom-admin administration")
    index_title = _("Master data, rules and rights")
    site_url = "/"
    enable_nav_sidebar = True

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Any:
        return super().admin_view(_asked_again_if_taken(view) if _is_form(view) else view, cacheable)

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """The apps in the order of the settings, which is that of the work; Django's is that of the alphabet."""
        order = {config.label: position for position, config in enumerate(apps.get_app_configs())}
        return sorted(super().get_app_list(request, app_label), key=lambda app: order[app["app_label"]])

    def has_permission(self, request: HttpRequest) -> bool:
        return request.user.is_active and request.user.has_perm("accounts.use_admin_site")

    @method_decorator(never_cache)
    @method_decorator(login_not_required)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Lead to the console's sign-in; somebody signed in without the right gets a plain refusal."""
        if self.has_permission(request):
            return redirect("admin:index", current_app=self.name)
        if request.user.is_authenticated:
            raise PermissionDenied("accounts.use_admin_site")
        wanted = request.GET.get(REDIRECT_FIELD_NAME) or resolve_url("admin:index")
        return redirect_to_login(wanted)

    def password_change(  # type: ignore[override]  # the console's page instead of Django's
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return redirect("accounts:password")

    def logout(  # type: ignore[override]  # a redirect instead of Django's farewell page
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if request.method == "POST":
            logout(request)
        return HttpResponseRedirect(resolve_url("accounts:sign_in"))


def _is_form(view: Callable[..., Any]) -> bool:
    """Whether it adds or changes one thing: that is one transaction, which an action on a list needn't be."""
    return getattr(view, "__name__", "") in {"add_view", "change_view"}


def _asked_again_if_taken(view: Callable[..., Any]) -> Callable[..., Any]:
    """Of two who save the same code at once, the second is told so by the form: asked again, it sees the first's row.

    For views that write in one transaction, so that nothing is left of the first try.
    """

    @wraps(view)
    def asked_again(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return view(request, *args, **kwargs)
        except Taken:
            logger.info("A form of the administration is asked again", exc_info=True)
        except IntegrityError as error:
            if not is_taken(error):
                raise
            logger.info("A form of the administration is asked again", exc_info=True)
        return view(request, *args, **kwargs)

    return asked_again
