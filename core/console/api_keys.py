"""API keys in the Settings section: list, page, create (shown once), revoke."""

from collections.abc import Sequence
from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from core.accounts.forms import ApiKeyForm
from core.accounts.models import ApiKey
from core.accounts.permissions import MANAGE_API_KEYS
from core.accounts.scopes import scope_kind
from core.accounts.selectors import api_keys
from core.accounts.services import create_api_key, revoke_api_key
from core.actor import Actor
from core.ui.columns import Column
from core.ui.content import Badge, EmptyState, Header, PageAction, PanelContent
from core.ui.filters import ConsoleFilterSet
from core.ui.panels import register_panel
from core.ui.views import ActionPage, DetailPage, FormPage, ListPage
from core.words import said_of


def state(key: ApiKey) -> Badge:
    """Valid, expired or revoked."""
    if key.revoked_at is not None:
        return Badge(label=_("Revoked"), colour="neutral", icon="ban")
    if not key.is_usable(timezone.now()):
        return Badge(label=_("Expired"), colour="warning", icon="clock-off")
    return Badge(label=_("Valid"), colour="success", icon="check")


def limit_words(key: ApiKey) -> str:
    """What the key is limited to, by name."""
    if not key.scope_kind:
        return gettext("Not limited")
    kind = scope_kind(key.scope_kind)
    names = dict(kind.choices()) if kind else {}
    label = kind.label if kind else key.scope_kind
    return said_of(label, names.get(key.scope_object_id or 0, key.scope_object_id))


class ApiKeyFilters(ConsoleFilterSet):
    usable = django_filters.BooleanFilter(label=_("Valid"), method="filter_usable")

    class Meta:
        model = ApiKey
        fields: list[str] = []

    def filter_usable(self, queryset: QuerySet[ApiKey], name: str, value: bool) -> QuerySet[ApiKey]:
        usable = Q(revoked_at__isnull=True) & (Q(expires_at__isnull=True) | Q(expires_at__gt=timezone.now()))
        return queryset.filter(usable if value else ~usable)


class ApiKeyList(ListPage[ApiKey]):
    key = "accounts.api_key"
    title = _("API keys")
    model = ApiKey
    permission = MANAGE_API_KEYS
    url_name = "console:api_keys"
    icon = "key"
    filterset_class = ApiKeyFilters
    columns = [
        Column("name", _("Name"), link=True),
        Column("prefix", _("Begins with"), accessor=lambda key: f"eck_{key.prefix}", cell="mono"),
        Column("state", _("State"), accessor=state, cell="status", export=lambda key: str(state(key).label)),
        Column("limit", _("Limited to"), accessor=limit_words),
        Column("last_used_at", _("Last used"), cell="when"),
        Column("expires_at", _("Expires"), cell="when"),
        Column("created_at", _("Created"), cell="when", default=False),
        Column("created_by", _("Created by"), accessor="created_by.label", default=False),
    ]

    def get_queryset(self, user: Any) -> QuerySet[ApiKey]:
        return api_keys(user)

    def row_url(self, row: ApiKey) -> str:
        return reverse("console:api_key", args=[row.pk])

    def primary_action(self, user: Any) -> PageAction:
        return PageAction(label=_("Create API key"), url=reverse("console:api_key_create"), icon="plus")

    def empty_state(self, user: Any) -> EmptyState:
        return EmptyState(
            title=_("No API keys yet"),
            body=_("Create one for every program that sends orders or reads data."),
            icon=self.icon,
        )


class ApiKeyPage(DetailPage[ApiKey]):
    key = "accounts.api_key"
    list_key = "accounts.api_key"
    audit_subject = "accounts.apikey"
    permission = MANAGE_API_KEYS

    def header(self, obj: ApiKey) -> Header:
        revoke = PageAction(
            label=_("Revoke key"),
            url=reverse("console:api_key_revoke", args=[obj.pk]),
            method="post",
            icon="ban",
            style="danger",
            confirm=_("Programs that use this key are refused from now on. This can't be undone."),
        )
        return Header(
            title=obj.name,
            line=f"eck_{obj.prefix}…",
            status=state(obj),
            primary=None if obj.revoked_at else revoke,
        )


@method_decorator(never_cache, name="dispatch")
class ApiKeyCreate(FormPage[ApiKey]):
    title = _("New API key")
    permission = MANAGE_API_KEYS
    form_class = ApiKeyForm
    submit_label = _("Create API key")
    intro = _("The key is shown once, on the next page.")
    made: Sequence[tuple[ApiKey, str]] = ()

    def form_kwargs(self) -> dict[str, Any]:
        return super().form_kwargs() | {"user": self.request.user}

    def cancel_url(self) -> str:
        return reverse("console:api_keys")

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Answers with the page that shows the key: it is kept nowhere, so no redirect could."""
        response = super().post(request, *args, **kwargs)
        if not self.made:
            return response
        ((key, token),) = self.made
        context = {"title": _("Copy the key now"), "key": key, "token": token}
        return self.page("console/api_key_created.html", context)

    def perform(self, form: ApiKeyForm) -> ApiKey:
        kind, object_id = form.cleaned_data["scope"]
        key, token = create_api_key(
            name=form.cleaned_data["name"],
            actor=Actor.for_user(self.request.user),
            scope_kind=kind,
            scope_object_id=object_id,
            expires_at=form.cleaned_data["expires_at"],
        )
        self.made = [(key, token)]
        return key

    def success_url(self, result: ApiKey) -> str:
        return reverse("console:api_key", args=[result.pk])


class ApiKeyRevoke(ActionPage[ApiKey]):
    list_key = "accounts.api_key"
    permission = MANAGE_API_KEYS
    message = _("API key revoked.")

    def perform(self, obj: ApiKey) -> None:
        revoke_api_key(key_id=obj.pk, actor=Actor.for_user(self.request.user))


def _facts(request: HttpRequest, key: ApiKey) -> PanelContent:
    return PanelContent("console/_api_key_facts.html", {"key": key, "limit": limit_words(key)})


register_panel(
    "accounts.api_key", code="facts", title=pgettext_lazy("API", "Key"), render=_facts, order=10, column="side"
)
