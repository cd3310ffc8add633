from core.accounts.roles import Role, grant

VIEW = "cases.view_case"
WORK = "cases.work_case"
ASSIGN = "cases.assign_case"

_TEAMS = {Role.ORDER_CLERK, Role.WAREHOUSE_OPERATOR, Role.BUYER, Role.CUSTOMER_SERVICE}

grant(
    "cases",
    {
        "view_case": {*_TEAMS, Role.ANALYST, Role.MARKETER},
        "work_case": _TEAMS,
        "assign_case": set(),
    },
)
