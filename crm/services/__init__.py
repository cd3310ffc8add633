"""Writes of crm."""

from crm.rules.matching import CustomerDraft
from crm.services.matching import match_customers

__all__ = ["CustomerDraft", "match_customers"]
