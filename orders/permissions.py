"""Who may do what with orders."""

from core.accounts.roles import Role, grant

_ALL = frozenset(Role)
_DESK = frozenset({Role.ORDER_CLERK, Role.CUSTOMER_SERVICE})

grant(
    "orders",
    {
        "view_order": _ALL,
        "view_orderline": _ALL,
        "view_hold": _ALL,
        "view_finding": _ALL,
        "view_fulfilmentorder": _ALL,
        "view_fulfilmentline": _ALL,
        "view_orderhistory": _ALL,
        "view_channel": _ALL,
        "add_order": _DESK,
        "edit_order": _DESK,
        "approve_order": {Role.ORDER_CLERK},
        "hold_order": _DESK,
        "release_data_hold": _DESK,
        "release_money_hold": {Role.ORDER_CLERK},
        "release_fraud_hold": set(),  # managers alone
        "cancel_order": _DESK,
        "record_payment": {Role.ORDER_CLERK},
        "import_order": {Role.ORDER_CLERK},
        "view_intake": {Role.ORDER_CLERK},
        "view_intakemessage": {Role.ORDER_CLERK},
        "view_importmapping": {Role.ORDER_CLERK},
        "add_importmapping": {Role.ORDER_CLERK},
        "change_importmapping": {Role.ORDER_CLERK},
        "view_dataerror": _DESK | {Role.ANALYST},
        "pick_fulfilment": {Role.WAREHOUSE_OPERATOR},
        "release_fulfilment": {Role.ORDER_CLERK, Role.WAREHOUSE_OPERATOR},
    },
)
