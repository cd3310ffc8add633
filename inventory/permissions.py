"""Who may do what with catalogue and stock."""

from core.accounts.roles import Role, grant

_ALL = frozenset(Role)
_STOCK = frozenset({Role.WAREHOUSE_OPERATOR, Role.BUYER})

grant(
    "inventory",
    {
        "view_product": _ALL,
        "view_sku": _ALL,
        "view_skubarcode": _ALL,
        "view_skualias": _ALL,
        "view_warehouse": _ALL,
        "view_stocklevel": _ALL,
        "view_stockmovement": _STOCK | {Role.ORDER_CLERK, Role.CUSTOMER_SERVICE, Role.ANALYST},
        "view_reservation": _STOCK | {Role.ORDER_CLERK, Role.CUSTOMER_SERVICE, Role.ANALYST},
        "view_stockdemand": _STOCK | {Role.ORDER_CLERK, Role.ANALYST},
        "add_product": {Role.BUYER},
        "change_product": {Role.BUYER},
        "add_sku": {Role.BUYER},
        "change_sku": {Role.BUYER},
        "add_skualias": {Role.BUYER, Role.ORDER_CLERK},
        "change_skualias": {Role.BUYER, Role.ORDER_CLERK},
        "delete_skualias": {Role.BUYER},
        "add_skubarcode": {Role.BUYER, Role.WAREHOUSE_OPERATOR},
        "change_skubarcode": {Role.BUYER},
        "delete_skubarcode": {Role.BUYER},
        "import_products": {Role.BUYER},
        "adjust_stock": {Role.WAREHOUSE_OPERATOR},
        "receive_stock": {Role.WAREHOUSE_OPERATOR},
        "import_stock": {Role.WAREHOUSE_OPERATOR, Role.BUYER},
    },
)
