"""Cases of orders and parcels show themselves only to people who may see the order or the parcel."""

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core.accounts.enums import Role
from core.accounts.models import AccessScope, User
from core.actor import SYSTEM
from core.cases.console import find_cases
from core.cases.exceptions import NotInSight
from core.cases.models import Case
from core.cases.registry import case_types
from core.cases.selectors import cases_for, open_cases_for, queue_for, subject_cases, urgent_for
from core.cases.services import CaseSeed, assign, open_cases
from core.cases.views import CaseList
from core.notifications.models import Notification
from core.outbox.services import RELAY
from core.stages import drain
from logistics.codes import LABEL_FAILED
from orders.codes import CUSTOMER_CANCELLATION, ORDER_SUBJECT
from tests.factories.accounts import make_user
from tests.factories.logistics import make_carrier, make_fulfilment, make_shipment, make_warehouse_in_shenzhen
from tests.factories.orders import make_channel

pytestmark = pytest.mark.django_db


@pytest.fixture
def places():
    return [make_warehouse_in_shenzhen() for _ in range(2)]


@pytest.fixture
def parcels(places):
    """One parcel for each warehouse, of a channel for each."""
    carrier = make_carrier()
    fulfilments = [make_fulfilment(make_channel(), warehouse=place) for place in places]
    return [make_shipment(carrier, fulfilment) for fulfilment in fulfilments]


@pytest.fixture
def cases(parcels) -> list[Case]:
    """For each parcel a case of it and a case of its order, with nothing in the scope columns."""
    seeds = [CaseSeed(LABEL_FAILED, "logistics.shipment", one.pk, one.order.number) for one in parcels]
    seeds += [CaseSeed(CUSTOMER_CANCELLATION, ORDER_SUBJECT, one.order_id, one.order.number) for one in parcels]
    ids = open_cases(seeds)
    drain(only=[RELAY])
    return list(Case.objects.filter(pk__in=ids).order_by("subject_label", "pk"))


@pytest.fixture(params=["warehouse", "channel"])
def limited(request, parcels) -> User:
    """Somebody who is limited to the place or the channel of the first parcel."""
    first = parcels[0]
    user = make_user(Role.CUSTOMER_SERVICE, Role.WAREHOUSE_OPERATOR)
    object_id = first.warehouse_id if request.param == "warehouse" else first.order.channel_id
    AccessScope.objects.create(user=user, kind=request.param, object_id=object_id)
    return User.objects.get(pk=user.pk)


def labels(cases) -> set[str]:
    return {case.subject_label for case in cases}


def test_every_type_of_case_says_who_may_see_its_subject():
    assert [kind.code for kind in case_types() if kind.visible is None] == []


def test_lists_counts_queue_and_search_show_only_cases_of_visible_things(limited, cases, parcels):
    mine, other = (parcel.order.number for parcel in parcels)
    assert labels(cases_for(limited)) == labels(open_cases_for(limited)) == {mine}
    assert labels(CaseList().queryset_for(limited, QueryDict("state=open"))) == {mine}
    assert labels(urgent_for(limited, 10)) == {mine}
    assert len(queue_for(limited)) == 2
    assert subject_cases(limited, ORDER_SUBJECT, parcels[1].order_id) == []
    assert find_cases(limited, other, 5) == []
    assert len(find_cases(limited, mine, 5)) == 2
    assert labels(cases_for(make_user(Role.CUSTOMER_SERVICE))) == {mine, other}


def test_pages_of_cases_of_hidden_things_arent_found(client, limited, cases, parcels):
    client.force_login(limited)
    for case in cases:
        visible = case.subject_label == parcels[0].order.number
        page = client.get(reverse("cases:case_detail", args=[case.pk]))
        assert page.status_code == (200 if visible else 404)
        assert client.post(reverse("cases:case_take", args=[case.pk])).status_code == (302 if visible else 404)
    listed = client.get(reverse("cases:case_list") + "?state=open").content.decode()
    assert parcels[0].order.number in listed
    assert parcels[1].order.number not in listed
    hidden = next(case for case in cases if case.subject_label == parcels[1].order.number)
    work = client.get(reverse("cases:work"), {"case": hidden.pk}).content.decode()
    assert parcels[1].order.number not in work


def test_people_arent_alerted_to_cases_of_hidden_things(limited, parcels, cases):
    other = parcels[1].order.number
    told = Notification.objects.filter(user=limited)
    assert told.count() == 2  # one for each type, about one case
    assert all(row.params["subject"] == parcels[0].order.number and row.count == 1 for row in told), other


def test_a_case_isnt_given_to_somebody_who_may_not_see_it(limited, cases, parcels):
    hidden = next(case for case in cases if case.subject_label == parcels[1].order.number)
    with pytest.raises(NotInSight):
        assign(case_id=hidden.pk, user_id=limited.pk, actor=SYSTEM)
    assert Case.objects.get(pk=hidden.pk).assigned_to_id is None


def test_the_limits_cost_one_statement_however_many_cases(limited, cases):
    cases_for(limited).first()  # reads the person's access
    with CaptureQueriesContext(
        connection,
    ) as statements:
        assert len(cases_for(limited)) == 2
    assert len(statements) == 1


def test_filters_offer_only_what_is_within_the_limits(limited, parcels):
    filters = CaseList().filterset(limited, QueryDict(""))
    offered = [[pk for pk, _name in filters.form.fields[kind].choices] for kind in ("channel", "warehouse")]
    kind = limited.access_scopes.get().kind
    expected = parcels[0].order.channel_id if kind == "channel" else parcels[0].warehouse_id
    assert offered[0 if kind == "channel" else 1] == [expected]
