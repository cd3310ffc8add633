"""What crm adds to the console: navigation, search, panels and timeline of the customer page."""

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.accounts.enums import Role
from core.accounts.selectors import may_see_personal_data
from core.audit.words import register_action_labels
from core.ui.changes import register_change_names
from core.ui.content import PageAction, PanelContent
from core.ui.nav import NavItem, register_nav
from core.ui.panels import register_panel
from core.ui.search import SearchHit, register_search
from core.ui.timeline import TimelineEntry, register_timeline
from crm import presentation, selectors
from crm.models import Customer
from crm.permissions import MERGE_CUSTOMER, VIEW_CUSTOMER

PAGE = "crm.customer"
_DUPLICATES_SHOWN = 2
_ADDRESSES_SHOWN = 20


def contact_panel(request: HttpRequest, customer: Customer) -> PanelContent:
    unmasked = may_see_personal_data(request.user)
    return PanelContent(
        "crm/_customer_contact.html",
        {
            "phone": presentation.phone_of(customer, unmasked),
            "email": presentation.email_of(customer, unmasked),
            "note": customer.note if unmasked else "",
        },
    )


def identities_panel(request: HttpRequest, customer: Customer) -> PanelContent | None:
    identities = list(customer.identities.all())
    if not identities:
        return None
    names = presentation.source_names()
    rows = [(names.get(identity.source, identity.source), identity.external_id) for identity in identities]
    return PanelContent("crm/_customer_identities.html", {"identities": rows})


def addresses_panel(request: HttpRequest, customer: Customer) -> PanelContent:
    """The last used first."""
    unmasked = may_see_personal_data(request.user)
    rows = list(customer.addresses.order_by("-last_used_at", "-pk")[:_ADDRESSES_SHOWN])
    shown = [(row, presentation.address_lines(row, unmasked)) for row in rows]
    return PanelContent("crm/_customer_addresses.html", {"addresses": shown}, count=len(shown))


def duplicates_panel(request: HttpRequest, customer: Customer) -> PanelContent | None:
    """Other customers who may be the same person, each with a button to merge."""
    found = selectors.possible_duplicates(selectors.customers_for(request.user), customer)
    if not found:
        return None
    unmasked = may_see_personal_data(request.user)
    merge_url = reverse("crm:customer_merge", args=[customer.pk])
    rows = [
        {
            "customer": other,
            "reasons": reasons,
            "name": presentation.name_of(other, unmasked),
            "phone": presentation.phone_of(other, unmasked),
            "email": presentation.email_of(other, unmasked),
            "merge": PageAction(label=_("Merge"), url=f"{merge_url}?other=%23{other.pk}", dialog=True),
        }
        for other, reasons in found
    ]
    may_merge = request.user.has_perm(MERGE_CUSTOMER)
    context = {"rows": rows[:_DUPLICATES_SHOWN], "more": rows[_DUPLICATES_SHOWN:], "may_merge": may_merge}
    return PanelContent("crm/_customer_duplicates.html", context, count=len(rows))


def customer_timeline(customer: Customer, user: Any) -> Iterable[TimelineEntry]:
    """When each channel brought the customer."""
    names = presentation.source_names()
    for identity in customer.identities.all():
        yield TimelineEntry(
            at=identity.created_at,
            title=_("Known on channel %(channel)s as %(identity)s")
            % {"channel": names.get(identity.source, identity.source), "identity": identity.external_id},
            icon="building-store",
            kind="system",
        )


def find_customers(user: Any, query: str, limit: int) -> list[SearchHit]:
    """By phone (at least the last four digits), e-mail address or words of the name, or by the whole of one."""
    customers = selectors.customers_for(user).filter(merged_into=None)
    found = selectors.searched_customers(customers, query, user).order_by("-pk")[:limit]
    unmasked = may_see_personal_data(user)
    return [
        SearchHit(
            title=presentation.name_of(customer, unmasked),
            subtitle=" · ".join(
                filter(None, (presentation.phone_of(customer, unmasked), presentation.email_of(customer, unmasked)))
            ),
            url=customer.get_absolute_url(),
            icon="user",
        )
        for customer in found
    ]


def register() -> None:
    """Called once when the app is ready."""
    service = (Role.CUSTOMER_SERVICE, Role.MARKETER)
    register_nav(
        "customers",
        NavItem(_("Customers"), "crm:customer_list", VIEW_CUSTOMER, icon="users", order=10, roles=service),
    )
    register_search("customers", _("Customers"), VIEW_CUSTOMER, find_customers, order=30, url_name="crm:customer_list")
    register_panel(PAGE, code="duplicates", title=_("Maybe the same person"), render=duplicates_panel, order=30)
    register_panel(PAGE, code="addresses", title=_("Addresses"), render=addresses_panel, order=40)
    register_panel(PAGE, code="contact", title=_("Contact"), render=contact_panel, order=10, column="side")
    register_panel(PAGE, code="identities", title=_("On channels"), render=identities_panel, order=20, column="side")
    register_timeline(PAGE, customer_timeline)
    register_change_names(
        PAGE,
        {
            "identities": (_("On channels"), {}),
            "addresses": (_("Addresses"), {}),
            "merged": (_("Merged customer"), {}),
        },
    )
    register_action_labels(
        {
            "crm.note": (_("Note"), "message", "info"),
            "crm.customer_changed": (_("Contact data changed"), "user-edit", "info"),
            "crm.customer_merged": (_("Another customer merged into this one"), "git-merge", "info"),
            "crm.customer_merged_away": (_("Merged into another customer"), "git-merge", "warning"),
        }
    )
