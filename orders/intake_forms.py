"""Forms of channels, imports and orders entered by hand."""

from collections.abc import Iterator, Sequence
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.addresses import PARTS
from core.countries import country_choices
from core.exceptions import DomainError
from core.money import currency_choices
from core.words import run_on
from core.zones import zone_names
from crm.forms import paste_address_field
from inventory.forms import SkuInput
from inventory.selectors import resolve_skus
from orders.enums import PaymentStatus
from orders.importing.assemble import MOMENTS
from orders.importing.cells import USUAL_FORMATS, fitting_formats, is_moment, moment_reader, written_as
from orders.importing.mapping import REQUIRED, FileMapping, Options, importable_fields
from orders.importing.presets import PRESETS
from orders.models import Channel
from orders.services.manual import list_price


class ChannelForm(forms.ModelForm[Channel]):
    """A channel's settings; the code can be given only once."""

    country = forms.ChoiceField(
        label=_("Country"), choices=country_choices, help_text=_("Where addresses lie that name no country.")
    )
    currency = forms.ChoiceField(
        label=_("Currency"), choices=currency_choices, help_text=_("Of orders that name no currency.")
    )
    time_zone = forms.ChoiceField(label=_("Time zone"), help_text=_("Times without a zone are read in this one."))

    class Meta:
        model = Channel
        fields = (
            "code",
            "name",
            "kind",
            "is_active",
            "currency",
            "country",
            "time_zone",
            "requires_payment",
            "requires_address",
            "duplicate_window_hours",
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("country", "currency", "time_zone"):  # a browser takes the first choice where none is selected
            self.fields[name].initial = Channel._meta.get_field(name).default  # type: ignore[union-attr]
        self.fields["time_zone"].choices = [(name, name) for name in sorted(zone_names())]  # type: ignore[attr-defined]
        if self.instance.pk:
            self.fields["code"].disabled = True


class SecretForm(forms.Form):
    secret = forms.CharField(
        label=_("Secret"),
        max_length=255,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=_("The one that Shopify shows for the webhook. Empty: a new random one is made."),
    )


class UploadForm(forms.Form):
    """A file of orders and the channel that it comes from."""

    channel = forms.ModelChoiceField(queryset=Channel.objects.none(), label=_("Channel"))
    file = forms.FileField(label=_("File"), help_text=_("CSV in any usual encoding, or XLSX."))
    lines_file = forms.FileField(
        label=_("File of the order lines"),
        required=False,
        help_text=_("Only where the channel exports lines in a file of their own, as Taobao does."),
    )

    def __init__(self, *args: Any, channels: QuerySet[Channel], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["channel"].queryset = channels.filter(is_active=True)  # type: ignore[attr-defined]

    def clean_file(self) -> "UploadedFile[Any]":
        upload: UploadedFile[Any] = self.cleaned_data["file"]
        if not upload.size:
            raise forms.ValidationError(_("The file is empty."))
        return upload


_NEEDED = _("An order can't be made without this: choose a column.")
# Of the two an order needs one; no list price stands in for them.
_PRICES = {
    "lines.unit_price": _("Without it the line amount ÷ the quantity is taken. The file needs one of the two."),
    "lines.amount": _("Needed where the file has no unit price."),
}
_HINTS = _PRICES | {
    "payment.status": _("Without it orders are unpaid, or on invoice where the channel doesn't require payment.")
}


class MappingForm(forms.Form):
    """Which column is which field of the order; a select for every field."""

    repeated_rows = forms.ChoiceField(
        label=_("A row that repeats another of its order exactly"),
        choices=[("keep", _("is a second line")), ("drop", _("is a duplicate: leave it out"))],
    )
    date_format = forms.ChoiceField(
        label=_("How dates are written"),
        required=False,
        help_text=_("Shown with the last day of 2026."),
    )
    cancellation_prefix = forms.CharField(
        label=_("Cancellations begin with"),
        required=False,
        max_length=10,
        help_text=_("Order numbers that begin so are cancellations and aren't imported."),
    )
    create_catalogue = forms.BooleanField(
        label=_("Make SKUs that the file names and that aren't known"), required=False
    )
    save_as = forms.CharField(
        label=_("Save this mapping as"),
        required=False,
        max_length=120,
        help_text=_("The channel's next file is read by it. Empty: not saved."),
    )

    def __init__(
        self,
        *args: Any,
        header: Sequence[str],
        rows: Sequence[Sequence[str]],
        mapping: FileMapping,
        may_create: bool,
        **kwargs: Any,
    ) -> None:
        self.header, self.rows = header, rows
        options = mapping.options
        cells = [cell for path in MOMENTS & mapping.columns.keys() for cell in self._cells(mapping, path)]
        fitting = fitting_formats(cells) if cells else []
        initial = {
            "repeated_rows": options.repeated_rows,
            "date_format": next(iter(options.date_formats), "") or (fitting[0] if len(fitting) == 1 else ""),
            "cancellation_prefix": options.cancellation_prefix,
        }
        super().__init__(*args, **{**kwargs, "initial": initial})
        self.options = options
        self.fields["date_format"].choices = _date_formats(initial["date_format"], fitting)  # type: ignore[attr-defined]
        if not may_create:
            del self.fields["create_catalogue"]
        choices = [("", "—"), *((name, name) for name in header if name)]
        for path, label in importable_fields().items():
            self.fields[_name(path)] = forms.ChoiceField(
                label=label,
                choices=choices,
                required=path in REQUIRED and path not in options.constants,
                initial=mapping.columns.get(path, ""),
                help_text=_HINTS.get(path, ""),
                error_messages={"required": _NEEDED},
            )
            self.fields[_name(path)].is_called_optional = path not in _PRICES  # type: ignore[attr-defined]

    def groups(self) -> Iterator[tuple[Any, list[forms.BoundField]]]:
        """(heading, selects) in the order of the page."""
        parents = {
            "": _("Order"),
            "lines": _("Lines"),
            "customer": _("Buyer"),
            "shipping_address": _("Address"),
            "payment": _("Payment"),
        }
        for parent, heading in parents.items():
            paths = [path for path in importable_fields() if path.rpartition(".")[0] == parent]
            yield heading, [self[_name(path)] for path in paths]

    def option_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if not name.startswith("column-")]

    def mapping(self) -> FileMapping:
        """The mapping as chosen; options that the page doesn't show stay as they were."""
        data = self.cleaned_data
        columns = {path: data[_name(path)] for path in importable_fields() if data[_name(path)]}
        values = self.options.as_json() | {
            "repeated_rows": data["repeated_rows"],
            "date_formats": [data["date_format"]] if data["date_format"] else [],
            "cancellation_prefix": data["cancellation_prefix"],
        }
        return FileMapping(columns, Options.from_json(values))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors:
            mapping = self.mapping()
            for path in mapping.missing():
                self.add_error(_name(path), _NEEDED)
            self._try_dates(mapping)
        return cleaned

    def _try_dates(self, mapping: FileMapping) -> None:
        """Refuse a mapping that reads none of the dates in the first rows: every order would fail."""
        read = moment_reader(mapping.options.date_formats)
        for path in MOMENTS & mapping.columns.keys():
            cells = self._cells(mapping, path)
            if cells and not any(is_moment(read(cell)) for cell in cells):
                self.add_error("date_format", _unread_date(cells))
                return

    def _cells(self, mapping: FileMapping, path: str) -> list[str]:
        """What stands in the first rows for a field that has a column in this file."""
        if mapping.columns[path] not in self.header:
            return []
        place = self.header.index(mapping.columns[path])
        return [row[place] for row in self.rows if row[place] and row[place] not in mapping.options.empty_values]

    def meanings(self) -> list[tuple[str, list[Any]]]:
        """(heading, labels of the fields that are read from it) of every column of the file."""
        fields: dict[str, list[Any]] = {name: [] for name in self.header}
        for path, label in importable_fields().items():
            if (name := self[_name(path)].value()) in fields:
                fields[name].append(label)
        return [(name, fields[name]) for name in self.header]


def _unread_date(cells: Sequence[str]) -> str:
    """What to type for dates such as the first of these."""
    told = gettext("“%(cell)s” isn't read as a date. Choose how it is written.") % {"cell": cells[0]}
    if fitting := fitting_formats(cells):
        shown = gettext(" or ").join(f"“{written_as(form)}”" for form in fitting)
        told = run_on(told, gettext("It may be %(formats)s.") % {"formats": shown})
    return told


def _date_formats(kept: str, fitting: Sequence[str]) -> list[tuple[str, Any]]:
    """(strptime format, the last day of 2026 in it): the mapping's own, what fits the file, the rest."""
    formats = dict.fromkeys([*filter(None, [kept]), *fitting, *USUAL_FORMATS])
    return [("", _("Year first, or day first with dots: 2026-12-31, 31.12.2026"))] + [
        (form, written_as(form)) for form in formats
    ]


def _name(path: str) -> str:
    return f"column-{path}"


def preset_choices() -> list[tuple[str, Any]]:
    """(code, label) of the layouts that are known."""
    return [(preset.code, preset.label) for preset in PRESETS.values()]


class OrderForm(forms.Form):
    """An order that somebody enters by hand, with a number of empty lines."""

    channel = forms.ModelChoiceField(queryset=Channel.objects.none(), label=_("Channel"))
    external_id = forms.CharField(
        label=_("Order number of the channel"),
        max_length=64,
        required=False,
        help_text=_("Empty: one is made. The same number again is the same order."),
    )
    buyer_name = forms.CharField(label=_("Buyer"), max_length=255, required=False)
    buyer_phone = forms.CharField(label=_("Buyer's phone"), max_length=40, required=False)
    buyer_email = forms.EmailField(label=_("E-mail"), max_length=254, required=False)
    pasted = paste_address_field({part: part for part in PARTS})
    name = forms.CharField(label=_("Recipient"), max_length=255)
    phone = forms.CharField(label=_("Phone"), max_length=40)
    country = forms.ChoiceField(label=_("Country"), choices=country_choices)
    province = forms.CharField(label=_("Province or state"), max_length=120, required=False)
    city = forms.CharField(label=_("City"), max_length=120)
    district = forms.CharField(label=_("District"), max_length=120, required=False)
    street = forms.CharField(label=_("Street"), max_length=500)
    postal_code = forms.CharField(label=_("Postal code"), max_length=20, required=False)
    shipping_fee = forms.DecimalField(
        label=_("Shipping fee"), min_value=0, max_digits=12, decimal_places=2, required=False, localize=True
    )
    discount = forms.DecimalField(
        label=_("Discount"), min_value=0, max_digits=12, decimal_places=2, required=False, localize=True
    )
    payment_status = forms.ChoiceField(
        label=_("Payment"),
        choices=[
            (status.value, status.label)
            for status in (PaymentStatus.UNPAID, PaymentStatus.PAID, PaymentStatus.INVOICED, PaymentStatus.COD)
        ],
    )
    payment_method = forms.CharField(label=_("Payment method"), max_length=64, required=False)
    buyer_note = forms.CharField(
        label=_("Buyer's note"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    line_count = forms.IntegerField(min_value=1, max_value=200, widget=forms.HiddenInput)

    def __init__(self, *args: Any, channels: QuerySet[Channel], line_count: int = 3, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["channel"].queryset = channels.filter(is_active=True)  # type: ignore[attr-defined]
        self.initial.setdefault("line_count", line_count)
        self.shown_lines = line_count
        for number in range(line_count):
            self._add_line(number)

    def _add_line(self, number: int) -> None:
        sku = forms.CharField(label=_("SKU"), max_length=120, required=False, widget=SkuInput)
        quantity = forms.IntegerField(label=_("Quantity"), min_value=1, max_value=1_000_000, required=False, initial=1)
        price = forms.DecimalField(
            label=_("Unit price"), min_value=0, max_digits=14, decimal_places=4, required=False, localize=True
        )
        for name, entry in (("sku", sku), ("quantity", quantity), ("price", price)):
            self.fields[f"{name}-{number}"] = entry

    def line_rows(self) -> list[tuple[forms.BoundField, forms.BoundField, forms.BoundField]]:
        return [(self[f"sku-{n}"], self[f"quantity-{n}"], self[f"price-{n}"]) for n in range(self.shown_lines)]

    def lines(self) -> list[dict[str, Any]]:
        """The lines that were filled in: {row, sku, quantity, price}; a blank price is None."""
        data = self.cleaned_data
        return [
            {"row": n, "sku": data[f"sku-{n}"], "quantity": data[f"quantity-{n}"], "price": data[f"price-{n}"]}
            for n in range(self.shown_lines)
            if data.get(f"sku-{n}")
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for n in range(self.shown_lines):
            if cleaned.get(f"sku-{n}") and f"quantity-{n}" in cleaned and cleaned[f"quantity-{n}"] is None:
                self.add_error(f"quantity-{n}", _("How many?"))
        self._check_skus(cleaned)
        nameless = [n for n in range(self.shown_lines) if not cleaned.get(f"sku-{n}") and self._has_amounts(n)]
        for n in nameless:
            self.add_error(f"sku-{n}", _("Name the SKU, or empty this row."))
        if not nameless and not any(cleaned.get(f"sku-{n}") for n in range(self.shown_lines)):
            self.add_error("sku-0", _("An order has at least one line."))
        return cleaned

    def _check_skus(self, cleaned: dict[str, Any]) -> None:
        """Say of every line at once what is wrong with its SKU or the price that it would take from it."""
        if (channel := cleaned.get("channel")) is None:
            return
        codes = {n: cleaned[f"sku-{n}"] for n in range(self.shown_lines) if cleaned.get(f"sku-{n}")}
        refs = resolve_skus(channel.code, codes.values())
        for n, code in codes.items():
            if f"price-{n}" in cleaned and cleaned[f"price-{n}"] is None:
                try:
                    list_price(refs.get(code), channel.currency, n)
                except DomainError as error:
                    self.add_error(error.field, str(error.message))

    def _has_amounts(self, number: int) -> bool:
        """Whether somebody typed into the row; the quantity of 1 stands there from the beginning."""
        quantity, price = ((self[f"{name}-{number}"].data or "").strip() for name in ("quantity", "price"))
        return quantity not in ("", "1") or price != ""
