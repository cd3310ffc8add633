from collections.abc import Iterator

import pytest

from core.notifications import registry
from core.notifications.enums import Audience
from core.notifications.registry import register_template

TEXTS = {
    "en": {"subject": "Parcel {{ number }} left", "body": "Dear {{ name }}, it left. {{ link }}"},
    "zh-hans": {"subject": "包裹 {{ number }} 已发出", "body": "{{ name }}，您好。{{ link }}"},
}


@pytest.fixture
def messages() -> Iterator[None]:
    """Two messages, one for staff and one for customers."""
    before = dict(registry._templates)
    examples = {"number": "P-1", "name": "Ann"}
    register_template("test.staff", TEXTS, label="Parcel left", placeholders=examples)
    register_template("test.customer", TEXTS, label="Parcel left", placeholders=examples, audience=Audience.CUSTOMER)
    yield
    registry._templates.clear()
    registry._templates.update(before)
