"""Who may do what in purchasing."""

from core.accounts.roles import Role, grant

_READERS = frozenset({Role.BUYER, Role.WAREHOUSE_OPERATOR, Role.ANALYST})

grant(
    "supply_chain",
    {
        "view_supplier": _READERS,
        "add_supplier": {Role.BUYER},
        "change_supplier": {Role.BUYER},
        "view_suppliersku": _READERS,
        "add_suppliersku": {Role.BUYER},
        "change_suppliersku": {Role.BUYER},
        "delete_suppliersku": {Role.BUYER},
        "view_purchaseorder": _READERS,
        "add_purchaseorder": {Role.BUYER},
        "change_purchaseorder": {Role.BUYER},
        "receive_purchaseorder": {Role.WAREHOUSE_OPERATOR},
        "approve_purchaseorder": set(),
        "view_goodsreceipt": _READERS,
    },
)
