import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from core.countries import country_choices
from core.ui.filters import ConsoleFilterSet
from crm import selectors
from crm.models import Customer
from crm.presentation import source_names


def source_choices() -> list[tuple[str, str]]:
    """The channels that customers are known on: code and name."""
    names = source_names()
    return [(code, names.get(code, code)) for code, _code in selectors.identity_sources()]


class CustomerFilters(ConsoleFilterSet):
    q = django_filters.CharFilter(label=_("Name, phone or e-mail"), method="search")
    country = django_filters.MultipleChoiceFilter(label=_("Country"), choices=country_choices)
    source = django_filters.MultipleChoiceFilter(label=_("Channel"), choices=source_choices, method="in_channels")
    created_at = django_filters.DateFromToRangeFilter(label=_("Customer since"))

    class Meta:
        model = Customer
        fields: list[str] = []

    def search(self, queryset: QuerySet[Customer], _name: str, value: str) -> QuerySet[Customer]:
        return selectors.searched_customers(queryset, value, self.user)

    def in_channels(self, queryset: QuerySet[Customer], _name: str, value: list[str]) -> QuerySet[Customer]:
        return selectors.with_identity_in(queryset, value) if value else queryset
