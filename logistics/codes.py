"""Names that logistics shares with its database rows: stages and case types."""

LABEL = "logistics.label"
POLL = "logistics.poll"
INGEST = "logistics.ingest"
STRAYS = "logistics.strays"
FORGET_PUSHES = "logistics.forget_pushes"

NO_CARRIER = "logistics.no_carrier"
LABEL_FAILED = "logistics.label_failed"
NO_MOVEMENT = "logistics.no_tracking_movement"
ATTEMPT_FAILED = "logistics.delivery_attempt_failed"
PARCEL_EXCEPTION = "logistics.parcel_exception"
LABEL_REPLACED = "logistics.label_replaced"
LEFT_WITH_OLD_LABEL = "logistics.left_with_old_label"

SHIPMENT_SUBJECT = "logistics.shipment"
