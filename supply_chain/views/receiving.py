"""The receiving desk: scan what is in the delivery, then book it."""

import re
from typing import Any

from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.exceptions import DomainError
from core.ui.content import EmptyState
from core.ui.scanning import ScanResult
from core.ui.views import ConsoleView, QueuePage, go, is_fragment, say
from inventory.selectors import resolve_skus
from supply_chain import services
from supply_chain.exceptions import NotOnOrder
from supply_chain.models import PurchaseOrder
from supply_chain.selectors import receivable_orders

# "12*CODE" counts a whole carton at once.
_MULTIPLE = re.compile(r"^(\d{1,4})\s*[*x×]\s*(.+)$", re.IGNORECASE)


class ReceivingDesk(ConsoleView):
    """Which delivery is it? The purchase orders on the way, the next expected first."""

    permission = "supply_chain.receive_purchaseorder"
    title = _("Receiving")
    template_name = "supply_chain/receiving.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        query = request.GET.get("q", "").strip()
        orders = receivable_orders(request.user).select_related("supplier", "warehouse")
        orders = orders.annotate(ordered=Sum("lines__quantity"), received=Sum("lines__received"))
        if query:
            orders = orders.filter(number__icontains=query) | orders.filter(supplier__name__icontains=query)
        return self.page(context={"orders": orders.order_by("expected_on", "pk")[:100], "query": query})


class Receive(QueuePage[PurchaseOrder]):
    """One delivery: every scan counts a unit; booking makes the goods receipt."""

    permission = "supply_chain.receive_purchaseorder"
    title = _("Receive goods")
    template_name = "supply_chain/receive.html"

    def get_item(self, user: Any) -> PurchaseOrder | None:
        orders = receivable_orders(user).select_related("supplier", "warehouse")
        return orders.filter(pk=self.kwargs["pk"]).first()

    def work_context(self, item: PurchaseOrder) -> dict[str, Any]:
        lines = list(item.lines.select_related("sku", "count").order_by("sku__code"))
        return {"order": item, "lines": lines}

    def progress(self, item: PurchaseOrder) -> tuple[int, int]:
        sums = item.lines.aggregate(
            ordered=Sum("quantity"), received=Sum("received"), good=Sum("count__quantity"), bad=Sum("count__damaged")
        )
        done = (sums["received"] or 0) + (sums["good"] or 0) + (sums["bad"] or 0)
        return done, sums["ordered"] or 0

    def exit_url(self) -> str:
        return reverse("supply_chain:receiving")

    def empty_state(self, user: Any) -> EmptyState:
        return EmptyState(title=_("Nothing more is expected with this order."), icon="circle-check")

    def scan(self, item: PurchaseOrder, code: str, user: Any) -> ScanResult:
        units, code = _units(code)
        ref = resolve_skus("", [code]).get(code)
        if ref is None:
            title = gettext("Unknown code")
            return ScanResult(
                outcome="wrong", title=title, message=gettext("No SKU has the code %(code)s.") % {"code": code}
            )
        try:
            line = services.count_units(order_id=item.pk, sku_id=ref.id, units=units, user=user)
        except NotOnOrder as error:
            message = gettext("%(sku)s isn't on this purchase order. Put it aside.") % {"sku": ref.code}
            return ScanResult(outcome="wrong", title=str(error.message), message=message)
        counted = line.received + line.count.quantity + line.count.damaged
        context = {"view": self, "highlight": line.pk, **self.work_context(item)}
        return ScanResult(
            outcome="ok",
            title=gettext("%(sku)s: %(counted)d of %(ordered)d")
            % {"sku": ref.code, "counted": counted, "ordered": line.quantity},
            message=ref.name,
            template="supply_chain/_receive_work.html",
            context=context,
        )


def _units(code: str) -> tuple[int, str]:
    if match := _MULTIPLE.match(code):
        return max(int(match[1]), 1), match[2].strip()
    return 1, code


class ReceiveBook(ConsoleView):
    """Save the counts as typed; with `book`, make the goods receipt of them."""

    http_method_names = ["post", "options"]
    permission = "supply_chain.receive_purchaseorder"

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        order = get_object_or_404(receivable_orders(request.user), pk=pk)
        back = reverse("supply_chain:receive", args=[pk])
        try:
            counts = [self._typed(line_id) for line_id in order.lines.values_list("pk", flat=True)]
            services.set_counts(order_id=pk, counts=counts, user=request.user)  # type: ignore[arg-type]
            if "book" in request.POST:
                return self._book(order)
            if is_fragment(request):  # a field was left: the counts are kept without a word
                return HttpResponse(status=204)
        except DomainError as error:
            say(request, error.message, "error")
        return go(request, back)

    def _book(self, order: PurchaseOrder) -> HttpResponse:
        note = self.request.POST.get("delivery_note", "")[:64]
        receipt = services.book_counts(order_id=order.pk, user=self.request.user, delivery_note=note)  # type: ignore[arg-type]
        say(self.request, gettext("Goods receipt %(number)s booked.") % {"number": receipt.number})
        return go(self.request, order.get_absolute_url())

    def _typed(self, line_id: int) -> services.ReceivedLine:
        good, damaged = (self._number(f"{name}-{line_id}") for name in ("good", "damaged"))
        return services.ReceivedLine(line_id, good, damaged)

    def _number(self, name: str) -> int:
        text = self.request.POST.get(name, "").strip() or "0"
        if not (text.isascii() and text.isdigit() and len(text) <= 9):
            raise DomainError(gettext("“%(text)s” is no quantity.") % {"text": text}, "quantity")
        return int(text)
