"""What happens to accounts, told to whoever listens (the audit app does): accounts itself imports nothing above it.

`account_changed` is sent inside the service's transaction, so a listener's row stands or falls with the change.
"""

from django.dispatch import Signal

# action: "accounts.…"; actor: Actor; subject_type, subject_id, subject_label; changes: {field: [old, new]}; reason
account_changed = Signal()
