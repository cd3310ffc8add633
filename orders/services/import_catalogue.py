"""A catalogue and its opening stock made from a file of orders, for a start without one."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_UP, Decimal, InvalidOperation
from itertools import islice

from django.utils.translation import gettext as _

from core.actor import Actor
from core.exceptions import DomainError
from inventory.models import Warehouse
from inventory.rules.catalogue import SkuDraft
from inventory.rules.codes import InvalidSkuCode, normalise_sku_code
from inventory.rules.stock import OpeningStock
from inventory.selectors import resolve_skus
from inventory.services import save_warehouse, set_opening_stock, upsert_skus
from orders.importing.assemble import FileOrder
from orders.importing.mapping import Options
from orders.models import Channel
from orders.schema import SharedLine

_BATCH = 500
_DISTINCT_LINES = 64_000


@dataclass(slots=True)
class Article:
    """What the file says of one SKU, over all its lines."""

    code: str
    names: Counter[str] = field(default_factory=Counter)
    prices: Counter[str] = field(default_factory=Counter)
    units: int = 0


def create_catalogue(
    channel: Channel,
    articles: Collection[Article],
    options: Options,
    actor: Actor,
    *,
    opening_stock: int = 0,
    warehouse: str = "",
) -> tuple[int, int]:
    """Make the SKUs of a file (articles_of) that aren't known; returns (SKUs made, units put on stock).

    A new SKU is called what most lines call it and priced at its most frequent price. `opening_stock` is in per
    cent of the units that the file orders, put into `warehouse` (a code; the first active one if empty, made on an
    installation without any). Known SKUs stay as they are, and get no stock. Raises DomainError for an unknown
    warehouse.
    """
    known = resolve_skus(channel.code, [article.code for article in articles])
    missing = [article for article in articles if article.code not in known]
    services = re.compile("|".join(options.services) or r"(?!)", re.IGNORECASE)
    place = _warehouse(warehouse, channel, actor) if opening_stock and missing else None
    made = units = 0
    for batch in _chunks(missing):
        drafts = [_draft(article, channel, services) for article in batch]
        outcomes = upsert_skus(drafts, actor=actor)
        made += sum(outcome.sku_id is not None for outcome in outcomes)
        if place is None:
            continue
        stock = [
            OpeningStock(place, outcome.sku_id, -(-article.units * opening_stock // 100))
            for article, draft, outcome in zip(batch, drafts, outcomes, strict=True)
            if outcome.sku_id is not None and draft.is_stocked
        ]
        set_opening_stock(stock, actor=actor)
        units += sum(row.quantity for row in stock)
    return made, units


def articles_of(orders: Iterable[FileOrder]) -> Collection[Article]:
    """The articles that orders of a file name, each once."""
    articles: dict[str, Article] = {}
    for values, times in _distinct_lines(orders):
        try:
            quantity = int(Decimal(values.get("quantity", "0")))
            code = normalise_sku_code(values.get("sku", ""))
        except (InvalidSkuCode, InvalidOperation, OverflowError, ValueError):
            continue  # intake names what is wrong with such a line
        article = articles.setdefault(code.upper(), Article(code))
        article.units += max(0, min(quantity, 1_000_000)) * times
        if name := values.get("name", ""):
            article.names[name] += times
        article.prices[values.get("unit_price", "0")] += times
    return articles.values()


def _distinct_lines(orders: Iterable[FileOrder]) -> Iterator[tuple[dict[str, str], int]]:
    """The lines of all orders that aren't refused with how often they are there; the same line may come again."""
    times: Counter[int] = Counter()
    lines: dict[int, SharedLine] = {}
    for order in orders:
        if order.refusals:
            continue
        numbers = [line.number for line in order.payload["lines"]]
        times.update(numbers)
        lines.update(zip(numbers, order.payload["lines"], strict=True))
        if len(lines) >= _DISTINCT_LINES:
            yield from _counted(lines, times)
            lines.clear()
            times.clear()
    yield from _counted(lines, times)


def _counted(lines: Mapping[int, SharedLine], times: Mapping[int, int]) -> Iterator[tuple[dict[str, str], int]]:
    return ((line.values, times[number]) for number, line in lines.items())


def _draft(article: Article, channel: Channel, services: "re.Pattern[str]") -> SkuDraft:
    name = article.names.most_common(1)[0][0] if article.names else article.code
    return SkuDraft(
        article.code,
        name=name[:255],
        is_stocked=services.fullmatch(article.code) is None,
        unit_price=_usual_price(article.prices),
        currency=channel.currency,
    )


def _usual_price(prices: Counter[str]) -> Decimal | None:
    """The most frequent price above zero, as far as it is one."""
    for text, _count in prices.most_common():
        try:
            price = Decimal(text)
        except InvalidOperation:
            continue
        if price.is_finite() and 0 < price < 10**9:
            return price.quantize(Decimal("0.0001"), ROUND_UP)
    return None


def _warehouse(code: str, channel: Channel, actor: Actor) -> int:
    active = Warehouse.objects.filter(is_active=True).order_by("priority", "code")
    found = (active.filter(code=code) if code else active).values_list("pk", flat=True).first()
    if found is not None:
        return found
    if code or Warehouse.objects.exists():
        raise DomainError(_("There is no warehouse with this code."), "no_warehouse", field="warehouse")
    main = Warehouse(code="MAIN", name="Main warehouse", country=channel.country, time_zone=channel.time_zone)
    return save_warehouse(warehouse=main, before={}, actor=actor).pk


def _chunks(articles: Sequence[Article]) -> Iterator[list[Article]]:
    queue = iter(articles)
    while batch := list(islice(queue, _BATCH)):
        yield batch
