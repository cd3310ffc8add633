"""The console pages of customers."""

from collections.abc import Sequence
from typing import Any

from django.db.models import BooleanField, JSONField, QuerySet, Value
from django.http import HttpRequest, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.accounts.permissions import VIEW_PERSONAL_DATA
from core.accounts.selectors import may_see_personal_data
from core.actor import Actor
from core.addresses import PARTS, parse_cn_address
from core.countries import country_name
from core.exceptions import NotFound
from core.ui.columns import Column
from core.ui.content import Banner, EmptyState, Header, PageAction, Text
from core.ui.formats import date_text, number_text
from core.ui.views import ConsoleView, DetailPage, FormPage, ListPage
from crm import presentation, selectors, services
from crm.filters import CustomerFilters
from crm.forms import PASTED_MAX_LENGTH, CustomerForm, MergeForm
from crm.models import Customer
from crm.permissions import CHANGE_CUSTOMER, MERGE_CUSTOMER, VIEW_CUSTOMER


class CustomerList(ListPage[Customer]):
    key = "crm.customer"
    title = _("Customers")
    model = Customer
    permission = VIEW_CUSTOMER
    url_name = "crm:customer_list"
    icon = "users"
    filterset_class = CustomerFilters
    columns = (
        Column(
            "name",
            _("Name"),
            accessor=presentation.name_of_row,
            link=True,
            sort="name",
            sort_permission=VIEW_PERSONAL_DATA,
            width="l",
        ),
        Column("phone", _("Phone"), accessor=presentation.phone_of_row, cell="mono"),
        Column("email", _("E-mail"), accessor=presentation.email_of_row, width="l"),
        Column("country", _("Country"), accessor=lambda row: country_name(row.country) if row.country else None),
        Column("channels", _("Channels"), accessor=presentation.channels_of_row, cell="tags"),
        Column("created_at", _("Customer since"), cell="date"),
        Column("number", _("Number"), accessor=lambda row: f"#{row.pk}", cell="mono", default=False),
    )

    def get_queryset(self, user: Any) -> QuerySet[Customer]:
        # The cells get only the row: whether it may be shown unmasked travels with it, into exports as well.
        unmasked = Value(may_see_personal_data(user), output_field=BooleanField())
        customers = selectors.customers_for(user).filter(merged_into=None)
        names = Value(presentation.source_names(), output_field=JSONField())
        return customers.annotate(is_unmasked=unmasked, source_names=names).prefetch_related("identities")

    def row_url(self, row: Customer) -> str:
        return row.get_absolute_url()

    def row_label(self, row: Customer) -> str:
        return f"#{row.pk}"

    def empty_state(self, user: Any) -> EmptyState:
        return EmptyState(
            title=_("No customers yet."),
            body=_("They appear here with their first order from any channel."),
            icon=self.icon,
        )


class CustomerDetail(DetailPage[Customer]):
    key = "crm.customer"
    list_key = "crm.customer"
    permission = VIEW_CUSTOMER
    audit_subject = services.SUBJECT
    note_permission = CHANGE_CUSTOMER

    def get_queryset(self, user: Any) -> QuerySet[Customer]:
        """Merged customers too: old links lead to them, and they say where to go."""
        return selectors.customers_for(user).select_related("merged_into").prefetch_related("identities")

    def header(self, obj: Customer) -> Header:
        since = date_text(obj.created_at)
        parts = [_("Customer since %(date)s") % {"date": since}]
        if obj.country:
            parts.append(country_name(obj.country))
        merged = obj.merged_into_id is not None
        return Header(
            title=presentation.name_of(obj, may_see_personal_data(self.request.user)),
            line=" · ".join(map(str, parts)),
            code=f"#{obj.pk}",
            primary=None if merged or not self._may_see_all() else self._edit_action(obj),
            menu=() if merged else (self._merge_action(obj),),
        )

    def banners(self, obj: Customer) -> Sequence[Banner]:
        if obj.merged_into is None:
            return ()
        label = _("Open %(customer)s") % {"customer": f"#{obj.merged_into_id}"}
        return (
            Banner(
                level="info",
                title=_("This customer has been merged into another one."),
                body=_("Orders and addresses are there."),
                actions=(PageAction(label=label, url=obj.merged_into.get_absolute_url()),),
                icon="git-merge",
            ),
        )

    def add_note(self, obj: Customer, text: str, user: Any) -> None:
        services.add_note(customer_id=obj.pk, text=text, actor=Actor.for_user(user))

    def _may_see_all(self) -> bool:
        return may_see_personal_data(self.request.user)

    def _edit_action(self, obj: Customer) -> PageAction:
        url = reverse("crm:customer_edit", args=[obj.pk])
        return PageAction(
            label=_("Edit contact data"), url=url, icon="edit", permission=CHANGE_CUSTOMER, dialog=True, key="e"
        )

    def _merge_action(self, obj: Customer) -> PageAction:
        url = reverse("crm:customer_merge", args=[obj.pk])
        return PageAction(
            label=_("Merge with another"), url=url, icon="git-merge", permission=MERGE_CUSTOMER, dialog=True
        )


class CustomerEdit(FormPage[Customer]):
    """Change contact data; only for those who may see it."""

    list_key = "crm.customer"
    permission = CHANGE_CUSTOMER
    form_class = CustomerForm
    title = _("Edit contact data")
    submit_label = _("Save contact data")
    message = _("Contact data saved.")

    def has_permission(self, request: HttpRequest) -> bool:
        return super().has_permission(request) and request.user.has_perm(VIEW_PERSONAL_DATA)

    def perform(self, form: CustomerForm) -> Customer:
        return services.edit_customer(
            customer_id=_pk(self.object), changes=form.changes(), actor=Actor.for_user(self.request.user)
        )


class CustomerMerge(FormPage[Customer]):
    """Say that another customer is the same person."""

    list_key = "crm.customer"
    permission = MERGE_CUSTOMER
    form_class = MergeForm
    submit_label = _("Merge customers")
    message = _("Customers merged.")
    danger = True

    def get_title(self) -> Text:
        name = presentation.name_of(self.object, may_see_personal_data(self.request.user)) if self.object else ""
        return _("Merge another customer into %(customer)s") % {"customer": name}

    @property
    def intro(self) -> Text:  # type: ignore[override]  # here it has numbers
        other = self._other(self.request.GET.get("other", ""))
        if other is None:
            return _("The other customer's orders, addresses and channel identities come here. There is no way back.")
        return _(
            "All orders, channel identities (%(identities)s) and addresses (%(addresses)s) of %(customer)s come here. "
            "There is no way back."
        ) % {
            "customer": f"#{other.pk}",
            "identities": number_text(other.identities.count()),
            "addresses": number_text(other.addresses.count()),
        }

    def perform(self, form: MergeForm) -> Customer:
        other = self._other(form.cleaned_data["other"])
        if other is None:
            raise NotFound(_("No customer, or more than one, is known by this."), field="other")
        return services.merge_customers(
            customer_id=_pk(self.object), merged_id=other.pk, actor=Actor.for_user(self.request.user)
        )

    def _other(self, text: str) -> Customer | None:
        customers = selectors.customers_for(self.request.user).filter(merged_into=None)
        return selectors.named_customer(customers, text, self.object.country if self.object else "")


class ParseAddress(ConsoleView):
    """POST `text`, a pasted Chinese address; the answer is JSON with the parts that were recognised."""

    http_method_names = ("post",)

    def post(self, request: HttpRequest, *_args: Any, **_kwargs: Any) -> JsonResponse:
        text = request.POST.get("text", "")[:PASTED_MAX_LENGTH]
        address = parse_cn_address(text)
        parts = {part: value for part in PARTS if (value := getattr(address, part))}
        return JsonResponse({"parts": parts if address.city or address.province else {}})


def _pk(customer: Customer | None) -> int:
    if customer is None:
        raise NotFound
    return customer.pk
