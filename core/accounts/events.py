"""What happens to accounts, told to whoever listens (the audit app does): accounts itself imports nothing above it.

`account_changed` is sent inside the service's transaction, so a listener's row stands or falls with the change. Its
arguments are those of core.audit.services.record.
"""

from django.dispatch import Signal

account_changed = Signal()
