from django.utils.translation import gettext_lazy as _

from core.exceptions import DomainError


class OverReceipt(DomainError):
    """More came than the supplier's tolerance allows."""

    default_code = "over_receipt"

    def __init__(self, sku_code: str, allowed: int) -> None:
        super().__init__(
            _("%(sku)s: at most %(allowed)d more can be received. Put the rest aside and ask the buyer.")
            % {"sku": sku_code, "allowed": allowed}
        )


class NotOnOrder(DomainError):
    """The goods were not ordered with this purchase order."""

    default_code = "not_on_order"
    default_message = _("This isn't on the purchase order.")
