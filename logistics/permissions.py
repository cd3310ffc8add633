"""Who may do what with parcels."""

from core.accounts.roles import Role, grant

_ALL = frozenset(Role)
_HANDLERS = frozenset({Role.CUSTOMER_SERVICE, Role.WAREHOUSE_OPERATOR})

grant(
    "logistics",
    {
        "view_shipment": _ALL,
        "view_trackingevent": _ALL,
        "view_carrier": _ALL,
        "view_shipmentlabel": _HANDLERS,
        "view_carrierrule": _HANDLERS,
        "view_transittime": _HANDLERS,
        "view_deliveryrating": _ALL,
        "handle_shipment": _HANDLERS,
    },
)
