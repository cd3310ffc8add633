"""Roles and the choices of a person's preferences."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Role(models.TextChoices):
    """What a person does in the company; each role is a Group of the same name."""

    ORDER_CLERK = "order_clerk", _("Order clerk")
    WAREHOUSE_OPERATOR = "warehouse_operator", _("Warehouse operator")
    BUYER = "buyer", pgettext_lazy("role", "Buyer")
    CUSTOMER_SERVICE = "customer_service", _("Customer service")
    MARKETER = "marketer", _("Marketer")
    ANALYST = "analyst", _("Analyst")
    OPERATIONS_MANAGER = "operations_manager", _("Operations manager")
    ADMINISTRATOR = "administrator", _("Administrator")


class Theme(models.TextChoices):
    AUTO = "auto", _("Like the device")
    LIGHT = "light", _("Light")
    DARK = "dark", _("Dark")


class Density(models.TextChoices):
    DENSE = "dense", _("Dense")
    ROOMY = "roomy", _("Roomy")
