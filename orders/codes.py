"""Names that orders shares with its database rows: stages, case types, documents of the stock ledger."""

VALIDATE = "orders.validate"
ALLOCATE = "orders.allocate"
RELEASE = "orders.release"
BACKORDER_WATCH = "orders.backorder_watch"
HOLDS_DUE = "orders.holds_due"
COMPLETE = "orders.complete"

VALIDATION_FAILED = "orders.validation_failed"
OUT_OF_STOCK = "orders.out_of_stock"
CUSTOMER_CANCELLATION = "orders.customer_cancellation"
CHANNEL_CHANGE = "orders.channel_change_after_release"

ORDER_SUBJECT = "orders.order"
RESERVATION_DOCUMENT = "orders.fulfilment_line"
DEMAND_DOCUMENT = "orders.order_line"
