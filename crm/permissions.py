"""Who may see and change customers. Names, phones and addresses are shown unmasked by accounts.view_personal_data."""

from core.accounts.roles import Role, grant

VIEW_CUSTOMER = "crm.view_customer"
CHANGE_CUSTOMER = "crm.change_customer"
MERGE_CUSTOMER = "crm.merge_customer"

_READERS = frozenset({Role.ORDER_CLERK, Role.CUSTOMER_SERVICE, Role.MARKETER, Role.ANALYST})

grant(
    "crm",
    {
        "view_customer": _READERS,
        "view_customeridentity": _READERS,
        "view_customeraddress": _READERS,
        "change_customer": {Role.ORDER_CLERK, Role.CUSTOMER_SERVICE},
        "merge_customer": {Role.CUSTOMER_SERVICE},
    },
)
