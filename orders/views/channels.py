"""Channels: list, page, form, the webhook's secret."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.countries import country_name
from core.ui.columns import Column
from core.ui.content import Badge, Banner, EmptyState, Header, PageAction
from core.ui.views import DetailPage, FormPage, ListPage
from orders.enums import ChannelKind
from orders.intake_forms import ChannelForm, SecretForm
from orders.models import Channel
from orders.selectors.orders import channels_for
from orders.services.channels import CHANNEL_SUBJECT, FIELDS, create_channel, rotate_secret, update_channel


class ChannelList(ListPage[Channel]):
    key = "orders.channel"
    title = _("Channels")
    model = Channel
    permission = "orders.view_channel"
    url_name = "orders:channel_list"
    icon = "building-store"
    ordering = "code"
    columns = (
        Column("name", _("Channel"), link=True, note="code", width="l"),
        Column("kind", _("Orders come by"), accessor="get_kind_display"),
        Column("currency", _("Currency")),
        Column(
            "country", _("Country"), accessor=lambda channel: country_name(channel.country), export=lambda c: c.country
        ),
        Column("requires_payment", _("Requires payment"), cell="bool"),
        Column("requires_address", _("Requires a full address"), cell="bool"),
        Column("is_active", _("Active"), cell="bool"),
        Column("time_zone", _("Time zone"), default=False),
    )

    def get_queryset(self, user: Any) -> QuerySet[Channel]:
        return channels_for(user)

    def row_url(self, row: Channel) -> str:
        return reverse("orders:channel_detail", args=[row.pk])

    def primary_action(self, user: Any) -> PageAction:
        return PageAction(
            label=_("New channel"),
            url=reverse("orders:channel_create"),
            permission="orders.add_channel",
            icon="plus",
        )

    def empty_state(self, user: Any) -> EmptyState:
        return EmptyState(
            title=_("No channels yet."),
            body=_("A channel is a shop, a marketplace or a file that orders come from; make the first."),
            icon=self.icon,
        )


class ChannelDetail(DetailPage[Channel]):
    key = "orders.channel"
    list_key = "orders.channel"
    permission = "orders.view_channel"
    audit_subject = CHANNEL_SUBJECT

    def header(self, obj: Channel) -> Header:
        on = Badge(label=_("Active"), colour="success", icon="circle-check")
        off = Badge(label=_("Switched off"), icon="circle-off")
        return Header(
            title=obj.name,
            line=" · ".join([str(obj.get_kind_display()), obj.currency, country_name(obj.country)]),
            status=on if obj.is_active else off,
            code=obj.code,
            primary=PageAction(
                label=_("Edit channel"),
                url=reverse("orders:channel_edit", args=[obj.pk]),
                permission="orders.change_channel",
                icon="pencil",
                key="e",
            ),
            menu=self._menu(obj),
        )

    def _menu(self, obj: Channel) -> list[PageAction]:
        secret = PageAction(
            label=_("Change the webhook's secret"),
            url=reverse("orders:channel_secret", args=[obj.pk]),
            permission="orders.change_channel",
            icon="key",
        )
        return [
            PageAction(
                label=_("Import orders"),
                url=f"{reverse('orders:import_new')}?channel={obj.pk}",
                permission="orders.import_order",
                icon="upload",
            ),
            PageAction(
                label=_("Orders of this channel"),
                url=f"{reverse('orders:order_list')}?channel={obj.pk}",
                permission="orders.view_order",
                icon="shopping-bag",
            ),
            PageAction(
                label=_("Intake messages"),
                url=f"{reverse('orders:intake_list')}?channel={obj.pk}",
                permission="orders.view_intake",
                icon="inbox",
            ),
            *([secret] if obj.kind == ChannelKind.SHOPIFY else []),
        ]

    def banners(self, obj: Channel) -> list[Banner]:
        if obj.kind == ChannelKind.SHOPIFY and not obj.webhook_secret:
            return [
                Banner(
                    level="warning",
                    title=_("No secret is set, so every push is refused."),
                    body=_("Set the secret that Shopify signs its webhooks with."),
                )
            ]
        return []


class ChannelFormPage(FormPage[Channel]):
    form_class = ChannelForm
    list_key = "orders.channel"
    fieldsets = (
        ("", ("code", "name", "kind", "is_active")),
        (_("Where an order is silent"), ("currency", "country", "time_zone")),
        (_("Validation"), ("requires_payment", "requires_address", "duplicate_window_hours")),
    )

    def success_url(self, result: Channel) -> str:
        return reverse("orders:channel_detail", args=[result.pk])


class ChannelCreate(ChannelFormPage):
    permission = "orders.add_channel"
    title = _("New channel")
    submit_label = _("Create channel")
    message = _("Channel created.")

    def perform(self, form: ChannelForm) -> Channel:
        return create_channel(
            code=form.cleaned_data["code"], values=form.cleaned_data, actor=Actor.for_user(self.request.user)
        )


class ChannelEdit(ChannelFormPage):
    permission = "orders.change_channel"
    title = _("Edit channel")
    submit_label = _("Save channel")
    message = _("Channel saved.")

    def perform(self, form: ChannelForm) -> Channel:
        values = {name: form.cleaned_data[name] for name in FIELDS}
        return update_channel(channel_id=form.instance.pk, values=values, actor=Actor.for_user(self.request.user))


class ChannelSecret(FormPage[Channel]):
    """Sets the secret; one that was made here is shown on the answer and never again."""

    permission = "orders.change_channel"
    form_class = SecretForm
    list_key = "orders.channel"
    title = _("Change the webhook's secret")
    submit_label = _("Change secret")
    intro = _("Pushes signed with the old secret are refused from now on.")
    danger = True

    def post(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        self.object = self.get_object()
        form = self.form_class(request.POST)
        if not form.is_valid() or self.object is None:
            return self._show(form, status=422)
        given = form.cleaned_data["secret"]
        secret = rotate_secret(channel_id=self.object.pk, actor=Actor.for_user(request.user), secret=given)
        context = {"object": self.object, "secret": "" if given else secret, "title": _("Secret changed")}
        response = self.page("orders/channel_secret_set.html", context)
        response["Cache-Control"] = "no-store"
        return response
