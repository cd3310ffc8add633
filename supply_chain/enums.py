from django.utils.translation import gettext_lazy as _

from core.states import StatusEnum, Transitions


class PurchaseOrderStatus(StatusEnum):
    DRAFT = "draft", _("Draft"), "neutral", "pencil"
    PENDING_APPROVAL = "pending_approval", _("Waiting for approval"), "warning", "hourglass"
    APPROVED = "approved", _("Approved"), "info", "circle-check"
    SENT = "sent", _("Sent"), "progress", "send"
    ACKNOWLEDGED = "acknowledged", _("Confirmed by supplier"), "progress", "checks"
    PARTIALLY_RECEIVED = "partially_received", _("Partly received"), "progress", "package-import"
    RECEIVED = "received", _("Received"), "success", "package"
    CLOSED = "closed", _("Closed"), "success", "lock"
    ON_HOLD = "on_hold", _("On hold"), "warning", "player-pause"
    REJECTED = "rejected", _("Rejected"), "danger", "thumb-down"
    CANCELLED = "cancelled", _("Cancelled"), "neutral", "ban"


_S = PurchaseOrderStatus
PurchaseOrderStatus.TERMINAL = frozenset({_S.CLOSED, _S.REJECTED, _S.CANCELLED})
PurchaseOrderStatus.OPEN = frozenset(_S) - PurchaseOrderStatus.TERMINAL
# Goods of these are on the way: they count as incoming and can be received.
EXPECTED = frozenset({_S.SENT, _S.ACKNOWLEDGED, _S.PARTIALLY_RECEIVED})

_MANAGE = "supply_chain.change_purchaseorder"
_APPROVE = "supply_chain.approve_purchaseorder"
_RECEIVE = "supply_chain.receive_purchaseorder"

PURCHASE_ORDER_TRANSITIONS = Transitions(
    {
        _S.DRAFT: {_S.PENDING_APPROVAL: _MANAGE, _S.CANCELLED: _MANAGE},
        _S.PENDING_APPROVAL: {
            _S.APPROVED: _APPROVE,
            _S.REJECTED: _APPROVE,
            _S.DRAFT: _MANAGE,
            _S.ON_HOLD: _APPROVE,
            _S.CANCELLED: _MANAGE,
        },
        _S.APPROVED: {_S.SENT: _MANAGE, _S.DRAFT: _APPROVE, _S.ON_HOLD: _MANAGE, _S.CANCELLED: _MANAGE},
        _S.SENT: {
            _S.ACKNOWLEDGED: _MANAGE,
            _S.PARTIALLY_RECEIVED: _RECEIVE,
            _S.RECEIVED: _RECEIVE,
            _S.ON_HOLD: _MANAGE,
            _S.CANCELLED: _MANAGE,
        },
        _S.ACKNOWLEDGED: {
            _S.PARTIALLY_RECEIVED: _RECEIVE,
            _S.RECEIVED: _RECEIVE,
            _S.ON_HOLD: _MANAGE,
            _S.CANCELLED: _MANAGE,
        },
        _S.PARTIALLY_RECEIVED: {
            _S.PARTIALLY_RECEIVED: _RECEIVE,
            _S.RECEIVED: _RECEIVE,
            _S.CLOSED: _MANAGE,
        },
        _S.RECEIVED: {_S.CLOSED: _MANAGE},
        # The way back from a hold is the state that the order was held in (PurchaseOrder.held_status).
        _S.ON_HOLD: {
            _S.PENDING_APPROVAL: _APPROVE,
            _S.APPROVED: _MANAGE,
            _S.SENT: _MANAGE,
            _S.ACKNOWLEDGED: _MANAGE,
            _S.CANCELLED: _MANAGE,
        },
        _S.REJECTED: {_S.DRAFT: _MANAGE},
    }
)
