"""A manager limited to one channel and one warehouse: the rest doesn't exist, on the administration site either."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.db.models import Model
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from core.accounts.enums import Role
from core.accounts.models import ApiKey, User
from core.accounts.selectors import scope_ids
from core.accounts.services import set_scopes
from core.actor import SYSTEM, Actor
from core.audit.models import AuditEntry
from core.cases.alerts import alert_escalated
from core.cases.models import Case
from core.cases.services import open_cases
from core.jobs.models import Job
from core.jobs.reading import EXPORT
from core.jobs.services import start_job
from core.notifications.models import Notification, OutgoingMessage
from core.notifications.services import send_email
from inventory.models import Warehouse
from logistics.codes import PARCEL_EXCEPTION
from logistics.enums import EventSource, ShipmentStatus
from logistics.models import DeliveryRating, Shipment, ShipmentLabel, TrackingEvent
from logistics.services.consequences import seed
from logistics.services.customer_mail import SHIPPED
from orders.models import Channel
from tests.factories.accounts import make_api_key, make_superuser, make_user
from tests.factories.inventory import make_sku
from tests.factories.logistics import make_carrier, make_fulfilment, make_shipment, make_warehouse_in_shenzhen
from tests.factories.supply_chain import make_purchase_order, send

pytestmark = pytest.mark.django_db

# Rules and allowances name a channel or a warehouse and are nobody's.
RULES = {"logistics.carrierrule", "orders.importmapping"}
KIND_OF = {Channel: "channel", Warehouse: "warehouse"}


@pytest.fixture
def parcels() -> tuple[Shipment, Shipment]:
    """Two parcels, each of a channel and a warehouse of its own, with all that hangs on a parcel."""
    carrier = make_carrier()
    return _parcel(carrier), _parcel(carrier)


def _parcel(carrier: Any) -> Shipment:
    warehouse = make_warehouse_in_shenzhen()
    fulfilment = make_fulfilment(warehouse=warehouse)
    shipment = make_shipment(carrier, fulfilment, status=ShipmentStatus.EXCEPTION)
    now = timezone.now()
    TrackingEvent.objects.create(
        shipment=shipment, dedupe_key="1", occurred_at=now, ingested_at=now, source=EventSource.POLL
    )
    ShipmentLabel.objects.create(shipment=shipment, pdf=b"%PDF", created_at=now)
    DeliveryRating.objects.create(order=fulfilment.order, stars=5, created_at=now)
    channel_id = fulfilment.order.channel_id
    open_cases([seed(shipment, PARCEL_EXCEPTION, "exception", channel_id=channel_id, cause_at=now)])
    assert fulfilment.warehouse is not None
    send(make_purchase_order(warehouse, {make_sku(): 1}))
    return shipment


@pytest.fixture
def manager(parcels) -> User:
    """Sees the first parcel's channel and warehouse only."""
    mine, _other = parcels
    user = make_user(Role.OPERATIONS_MANAGER, email="manager@example.com")
    set_scopes(user=user, kind="channel", object_ids=[mine.order.channel_id], actor=SYSTEM)
    set_scopes(user=user, kind="warehouse", object_ids=[mine.warehouse_id], actor=SYSTEM)
    return User.objects.get(pk=user.pk)


@pytest.fixture
def signed_in(manager) -> Client:
    client = Client()
    client.force_login(manager, "core.accounts.backends.RoleBackend")
    return client


def paths_to_limits(model: type[Model], depth: int = 4) -> Iterator[tuple[str, str]]:
    """(kind, lookup) of every way over foreign keys from a model to what people are limited to."""
    if model in KIND_OF:
        yield KIND_OF[model], "pk"
        return
    for field in model._meta.concrete_fields:
        target = field.related_model
        if depth and isinstance(target, type) and field.many_to_one | bool(field.one_to_one):
            for kind, path in paths_to_limits(target, depth - 1):
                yield kind, f"{field.name}__{path}"


def scoped_models() -> list[type[Model]]:
    found = [model for model in admin.site._registry if model._meta.label_lower not in RULES]
    return [model for model in found if next(paths_to_limits(model), None)]


def shown(model: type[Model], user: User) -> Any:
    request = RequestFactory().get("/")
    request.user = user
    return admin.site._registry[model].get_queryset(request)


def test_the_administration_site_shows_only_rows_in_scope(parcels, manager):
    outside, empty = [], []
    for model in scoped_models():
        rows = shown(model, manager)
        for kind, path in paths_to_limits(model):
            allowed = scope_ids(manager, kind)
            if rows.exclude(**{f"{path}__in": allowed}).exclude(**{path: None}).exists():
                outside.append((model._meta.label, path))
        if shown(model, make_superuser()).exists() and not rows.exists():
            empty.append(model._meta.label)
    assert outside == []
    assert empty == []


def test_rows_that_belong_to_customers_and_cases_follow_them(parcels, manager):
    mine, other = parcels
    everything = make_superuser()
    for name in ("crm.CustomerIdentity", "crm.CustomerAddress", "cases.Case", "cases.CaseEvent"):
        model = next(model for model in admin.site._registry if model._meta.label == name)
        assert shown(model, everything).count() == 2, name
        assert shown(model, manager).count() == 1, name
    assert shown(Case, manager).get().subject_id == mine.pk
    assert other.order.customer_id not in shown(type(other.order.customer), manager).values_list("pk", flat=True)


def test_files_of_other_people_s_jobs_are_for_who_sees_everything(signed_in, manager):
    params = {"list": "orders.order", "query": "", "columns": [], "format": "csv"}
    job = start_job(kind=EXPORT, params=params, actor=Actor.for_user(make_user(Role.ORDER_CLERK)))
    own = start_job(kind=EXPORT, params=params, actor=Actor.for_user(manager))
    for name in ("job_detail", "job_output", "job_progress"):
        assert signed_in.get(reverse(f"jobs:{name}", args=[job.pk])).status_code == 404
    assert signed_in.post(reverse("jobs:job_retry", args=[job.pk])).status_code == 404
    assert signed_in.get(reverse("jobs:job_detail", args=[own.pk])).status_code == 200
    assert list(shown(Job, manager)) == [own]


def test_send_log_and_activity_log_show_what_one_got_and_did(signed_in, manager):
    params = {"order": "SO1", "shop": "Shop", "tracking_url": "https://shop.example/track/x/"}
    send_email(template=SHIPPED, to="ann@example.com", language="en", params=params)
    message = OutgoingMessage.objects.get()
    assert signed_in.get(reverse("notifications:message_detail", args=[message.pk])).status_code == 404
    assert "ann@example.com" not in signed_in.get(reverse("notifications:message_list")).content.decode()
    assert not shown(OutgoingMessage, manager).exists()
    others = AuditEntry.objects.exclude(actor_id=manager.pk)
    assert others.exists()
    assert signed_in.get(reverse("console:activity_entry", args=[others[0].pk])).status_code == 404
    assert not shown(AuditEntry, manager).exclude(actor_id=manager.pk).exists()


def test_nobody_is_told_of_an_escalation_out_of_sight(parcels, manager):
    mine, _other = parcels
    chief = make_user(Role.OPERATIONS_MANAGER)
    alert_escalated(list(Case.objects.values_list("pk", flat=True)))
    assert Notification.objects.get(user=chief).count == 2
    told = Notification.objects.get(user=manager)
    assert (told.count, told.params["subject"]) == (1, str(mine))
    assert shown(Notification, manager).get() == told


def test_keys_reach_no_further_than_who_makes_them(signed_in, parcels, manager):
    mine, other = parcels
    url = reverse("console:api_key_create")
    refused = ["", f"channel:{other.order.channel_id}", f"warehouse:{other.warehouse_id}"]
    for address in (url, reverse("admin:accounts_apikey_add")):
        for scope in refused:
            signed_in.post(address, {"name": "Shop", "scope": scope, "expires_at": ""})
    assert not ApiKey.objects.exists()
    signed_in.post(url, {"name": "Shop", "scope": f"channel:{mine.order.channel_id}", "expires_at": ""})
    assert ApiKey.objects.get().scope_object_id == mine.order.channel_id


def test_keys_that_reach_further_are_neither_seen_nor_revoked(signed_in, parcels, manager):
    mine, other = parcels
    own, _token = make_api_key(scope_kind="channel", scope_object_id=mine.order.channel_id)
    for scope in ({}, {"scope_kind": "channel", "scope_object_id": other.order.channel_id}):
        key, _token = make_api_key(**scope)
        assert signed_in.get(reverse("console:api_key", args=[key.pk])).status_code == 404
        assert signed_in.post(reverse("console:api_key_revoke", args=[key.pk])).status_code == 404
    assert list(shown(ApiKey, manager)) == [own]
