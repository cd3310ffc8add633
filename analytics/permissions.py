"""Who may see the figures."""

from core.accounts.roles import Role, grant

grant("analytics", {"view_board": {Role.ANALYST, Role.MARKETER, Role.ORDER_CLERK, Role.CUSTOMER_SERVICE, Role.BUYER}})
