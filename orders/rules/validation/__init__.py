"""Validation: pure rules over the facts of one order. `validate(facts)` is the whole interface.

To add a rule, follow docs/guide/add-a-validation-rule.md.
"""

# Importing a module registers its rules; findings come in this order.
from orders.rules.validation import amounts, goods, recipient, terms
from orders.rules.validation.facts import (
    ORDER_ATTRIBUTES,
    ChannelFacts,
    DuplicateCandidate,
    FindingDraft,
    LineFacts,
    OrderFacts,
)
from orders.rules.validation.goods import UNUSUAL_FROM
from orders.rules.validation.registry import CHECKS, RULES, check_words, message, validate

__all__ = [
    "CHECKS",
    "ORDER_ATTRIBUTES",
    "RULES",
    "UNUSUAL_FROM",
    "ChannelFacts",
    "DuplicateCandidate",
    "FindingDraft",
    "LineFacts",
    "OrderFacts",
    "amounts",
    "check_words",
    "goods",
    "message",
    "recipient",
    "terms",
    "validate",
]
