"""Entering an order by hand."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.ui.views import FormPage
from orders.intake_forms import OrderForm
from orders.models import Order
from orders.selectors.orders import channels_for
from orders.services.manual import enter_order

_FIRST_LINES = 3
_MORE_LINES = 3
_MAX_LINES = 200


class OrderCreate(FormPage[Order]):
    permission = "orders.add_order"
    title = _("New order")
    submit_label = _("Create order")
    form_class = OrderForm
    message = _("Order created.")
    template_name = "orders/order_create.html"
    fieldsets = (
        (_("Order"), ("channel", "external_id")),
        (_("Buyer"), ("buyer_name", "buyer_phone", "buyer_email")),
        (
            _("Ship to"),
            ("pasted", "name", "phone", "country", "province", "city", "district", "street", "postal_code"),
        ),
        (
            _("Payment and note"),
            ("shipping_fee", "discount", "payment_status", "payment_method", "buyer_note"),
        ),
    )

    def form_kwargs(self) -> dict[str, Any]:
        channels = channels_for(self.request.user)
        return super().form_kwargs() | {"channels": channels, "line_count": self._line_count()}

    def get_initial(self) -> dict[str, Any]:
        manual = channels_for(self.request.user).filter(is_active=True).order_by("kind", "code")
        channel = manual.filter(kind="manual").first() or manual.first()
        defaults = {"channel": channel, "country": channel.country if channel else "CN", "payment_status": "unpaid"}
        return defaults | super().get_initial()

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """With the button "more lines", the same form again with what was typed and more lines."""
        if "more" not in request.POST:
            return super().post(request, *args, **kwargs)
        self.object = None
        count = min(self._line_count() + _MORE_LINES, _MAX_LINES)
        typed = {name: value for name, value in request.POST.items() if name != "line_count"}
        form = OrderForm(initial=typed, channels=channels_for(request.user), line_count=count)
        return self._show(form)

    def _line_count(self) -> int:
        text = self.request.POST.get("line_count", "")
        return max(1, min(int(text), _MAX_LINES)) if text.isascii() and text.isdigit() else _FIRST_LINES

    def perform(self, form: OrderForm) -> Order:
        data = form.cleaned_data
        return enter_order(
            channel=data["channel"],
            values=data,
            lines=form.lines(),
            actor=Actor.for_user(self.request.user),
            at=timezone.now(),
        )

    def success_url(self, result: Order) -> str:
        return reverse("orders:order_detail", args=[result.pk])
