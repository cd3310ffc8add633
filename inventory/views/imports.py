"""Import pages: upload a file, follow the job; templates to fill in."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.jobs.models import Job
from core.jobs.services import start_job
from core.ui.views import ConsoleView, FormPage
from inventory.forms import ProductImportForm, StockImportForm
from inventory.selectors import warehouses_for
from inventory.services.imports import products, stock
from inventory.services.imports.template import template_file


class ImportPage(FormPage[Job]):
    """Upload a file and start its job."""

    template_name = "inventory/import.html"
    submit_label = _("Import file")
    kind: ClassVar[str]
    columns: ClassVar[Mapping[str, Sequence[str]]]
    required: ClassVar[Sequence[str]]

    def context(self, **extra: Any) -> dict[str, Any]:
        chinese = str(get_language()).startswith("zh")
        names = [(name, _localised(name, others, chinese=chinese)) for name, others in self.columns.items()]
        return super().context(
            kind=self.kind.removeprefix("inventory."),
            columns=[(label, name in self.required) for name, label in names],
            **extra,
        )

    def params(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """The job's parameters."""
        return {}

    def perform(self, form: forms.Form) -> Job:
        actor = Actor.for_user(self.request.user)
        data = form.cleaned_data
        return start_job(kind=self.kind, params=self.params(data), actor=actor, input_file=data["file"])

    def success_url(self, result: Job) -> str:
        return reverse("jobs:job_detail", args=[result.pk])


class ProductImport(ImportPage):
    form_class = ProductImportForm
    permission = "inventory.import_products"
    title = _("Import products")
    intro = _("A SKU code that exists is changed, others are created; empty cells leave things as they are.")
    kind = "inventory.import_products"
    columns = products.FIELDS
    required = products.ProductImporter.required


class StockImport(ImportPage):
    form_class = StockImportForm
    permission = "inventory.import_stock"
    title = _("Import stock")
    intro = _("One row per SKU and warehouse. Every row is reported, with the reason where it wasn't taken.")
    kind = "inventory.import_stock"
    columns = stock.FIELDS
    required = ("sku", "quantity")

    def form_kwargs(self) -> dict[str, Any]:
        return super().form_kwargs() | {"warehouses": warehouses_for(self.request.user)}

    def params(self, data: Mapping[str, Any]) -> dict[str, Any]:
        return {"mode": data["mode"], "warehouse": data["warehouse"].code if data["warehouse"] else ""}


class ImportTemplate(ConsoleView):
    """An empty file with the columns, in the user's language, as CSV or XLSX."""

    http_method_names = ["get", "head", "options"]

    def has_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(f"inventory.{self.kwargs['kind']}")

    def get(self, request: HttpRequest, kind: str, suffix: str) -> HttpResponse:
        fields, example = {
            "import_products": (products.FIELDS, products.EXAMPLE),
            "import_stock": (stock.FIELDS, stock.EXAMPLE),
        }[kind]
        chinese = str(get_language()).startswith("zh")
        header = [_localised(name, others, chinese=chinese) for name, others in fields.items()]
        rows = [[row.get(name, "") for name in fields] for row in example]
        content, content_type = template_file(header, rows, suffix)
        response = HttpResponse(content, content_type=content_type)
        response["Content-Disposition"] = f'attachment; filename="{kind}.{suffix}"'
        return response


def _localised(name: str, others: Sequence[str], *, chinese: bool) -> str:
    """A column's name in the language of the page; the importer knows all of them."""
    return next((other for other in others if not other.isascii()), name) if chinese else name
