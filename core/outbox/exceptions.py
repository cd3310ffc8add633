class NotInTransaction(RuntimeError):
    """publish() was called outside a transaction: the event could survive a change that didn't."""


class HandlersFailed(Exception):
    """Handlers raised while events were delivered inline; the failures are recorded and will be retried."""
