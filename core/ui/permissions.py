"""The rights of this app."""

from core.accounts.roles import Role, grant

SHARE_VIEW = "ui.share_view"

grant("ui", {"share_view": {Role.OPERATIONS_MANAGER}})
