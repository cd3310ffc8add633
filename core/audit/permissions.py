"""The rights of this app."""

from core.accounts.roles import Role, grant

VIEW_ACTIVITY = "audit.view_auditentry"

grant("audit", {"view_auditentry": {Role.OPERATIONS_MANAGER}})
