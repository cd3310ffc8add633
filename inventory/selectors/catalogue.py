"""Finding SKUs."""

import re
from typing import Any

from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db.models import Case, IntegerField, OuterRef, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce, Upper

from inventory.models import Sku, SkuAlias, SkuBarcode
from inventory.rules.gtin import gtin_or_none
from inventory.selectors.stock import levels_for

_WORD = re.compile(r"\w+")
_CHINESE = re.compile(r"[\u3400-\u9fff]")


def matching_skus(text: str) -> QuerySet[Sku]:
    """SKUs by code (from its beginning), barcode, channel alias, or words of the name; each by an index.

    Chinese names have no spaces between words and are looked through whole.
    """
    found = [
        Sku.objects.annotate(folded=Upper("code")).filter(folded__startswith=text.upper()).values("pk"),
        SkuAlias.objects.annotate(folded=Upper("external_sku")).filter(folded=text.upper()).values("sku_id"),
    ]
    if gtin := gtin_or_none(text):
        found.append(SkuBarcode.objects.filter(gtin=gtin).values("sku_id"))
    if _CHINESE.search(text):
        found.append(Sku.objects.filter(name__contains=text).values("pk"))
    elif words := _WORD.findall(text):
        query = SearchQuery(" & ".join(f"{word}:*" for word in words), search_type="raw", config="simple")
        vector = SearchVector("name", config="simple")
        found.append(Sku.objects.annotate(words=vector).filter(words=query).values("pk"))
    first, *others = found
    return Sku.objects.filter(pk__in=first.union(*others))


def offered_skus(text: str, limit: int) -> list[Sku]:
    """The SKUs to offer to somebody who types: the one with just this code first, then by code."""
    if not text.strip() or "\x00" in text:
        return []
    is_it = Case(When(code__iexact=text.strip(), then=Value(0)), default=Value(1), output_field=IntegerField())
    return list(matching_skus(text.strip()).order_by(is_it, "code").only("code", "name")[:limit])


def skus_with_stock(user: Any) -> QuerySet[Sku]:
    """All SKUs with `on_hand` and `available` summed over the warehouses that the user may see."""
    levels = levels_for(user).filter(sku=OuterRef("pk")).order_by().values("sku")
    return Sku.objects.select_related("product").annotate(
        on_hand=_total(levels, "on_hand"), available=_total(levels, "available")
    )


def _total(levels: QuerySet[Any, Any], field: str) -> Coalesce:
    total = levels.annotate(total=Sum(field)).values("total")
    return Coalesce(Subquery(total, output_field=IntegerField()), Value(0))
