"""Writes of crm."""

from crm.rules.matching import CustomerDraft
from crm.services.customers import SUBJECT, add_note, edit_customer, merge_customers
from crm.services.matching import match_customers

__all__ = ["SUBJECT", "CustomerDraft", "add_note", "edit_customer", "match_customers", "merge_customers"]
