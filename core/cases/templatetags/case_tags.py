"""Template tags of cases: `{% load case_tags %}`."""

from django import template
from django.utils import timezone

from core.cases import words
from core.cases.models import Case
from core.ui.content import Badge

register = template.Library()


@register.simple_tag
def due_badge(case: Case) -> Badge | None:
    """`{% due_badge case as badge %}`: how the case stands against its deadline."""
    return words.due_badge(case, timezone.now())
