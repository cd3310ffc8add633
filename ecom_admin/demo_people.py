"""The people of the demo, one for each role. Their password is no secret: the demo listens on loopback only."""

from dataclasses import dataclass

PASSWORD = "demo-console-1"  # noqa: S105


@dataclass(frozen=True)
class Person:
    username: str
    name: str
    role: str
    language: str = ""


PEOPLE = (
    Person("admin", "Ada Admin", "administrator"),
    Person("manager", "Mona Manager", "operations_manager"),
    Person("clerk", "Olaf Orders", "order_clerk"),
    Person("warehouse", "Wanda Warehouse", "warehouse_operator"),
    Person("buyer", "Boris Buyer", "buyer"),
    Person("service", "Sofia Service", "customer_service"),
    Person("marketer", "Mika Marketer", "marketer"),
    Person("analyst", "Anna Analyst", "analyst"),
    Person("xiaoli", "李晓丽", "order_clerk", "zh-hans"),
)
