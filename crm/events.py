from dataclasses import dataclass
from typing import ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.outbox.events import Event


@dataclass(frozen=True, kw_only=True)
class CustomerMerged(Event):
    """`merged_id` is the same person as `customer_id`, which took over its identities and addresses.

    Documents that point to `merged_id` stay valid (it keeps a pointer), but belong to `customer_id`.
    """

    name: ClassVar[str] = "crm.customer_merged"
    label: ClassVar[str | Promise] = _("Customer merged")
    customer_id: int
    merged_id: int
