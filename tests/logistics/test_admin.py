"""Carriers in the admin: secrets stay in, rules take effect, actions go through the services."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from core.accounts.enums import Role
from core.accounts.models import User
from core.accounts.services import set_scopes
from core.actor import SYSTEM
from core.audit.models import AuditEntry
from logistics.enums import ShipmentStatus
from logistics.models import Carrier, CarrierRule, Shipment
from logistics.sandbox import KUAIDI100_ACCOUNT
from logistics.services.calling import credentials_of
from tests.factories.accounts import make_user
from tests.factories.logistics import make_carrier, make_fulfilment, make_shipment
from tests.factories.orders import make_channel

pytestmark = pytest.mark.django_db

DOTS = "••••••••"


@pytest.fixture
def admin(client):
    client.force_login(make_user(is_superuser=True))
    return client


def form(carrier=None, **fields):
    data = {
        "code": "sf", "name": "SF", "name_zh": "", "adapter": "kuaidi100", "carrier_code": "shunfeng",
        "base_url": "https://poll.example.com", "credentials": "", "options": "{}", "services": "", "is_active": "on",
        "rate_per_second": "10", "max_connections": "8", "timeout_seconds": "8", "time_scale": "1",
        "transit_times-TOTAL_FORMS": "0", "transit_times-INITIAL_FORMS": "0",
    }  # fmt: skip
    return data | fields


def account(**changed):
    return "\n".join(f"{key}: {value}" for key, value in (KUAIDI100_ACCOUNT | changed).items())


def test_credentials_go_in_and_never_come_out(admin):
    answer = admin.post(reverse("admin:logistics_carrier_add"), form(credentials=account()))
    assert answer.status_code == 302
    carrier = Carrier.objects.get()
    assert credentials_of(carrier) == KUAIDI100_ACCOUNT
    page = admin.get(reverse("admin:logistics_carrier_change", args=[carrier.pk])).content.decode()
    assert "sandbox-secret" not in page
    assert f"secret: {DOTS}" in page
    kept = "\n".join(f"{key}: {DOTS}" for key in KUAIDI100_ACCOUNT).replace(f"salt: {DOTS}", "salt: new")
    admin.post(reverse("admin:logistics_carrier_change", args=[carrier.pk]), form(credentials=kept))
    carrier.refresh_from_db()
    assert credentials_of(carrier) == KUAIDI100_ACCOUNT | {"salt": "new"}


@pytest.mark.parametrize("changed", [{"base_url": "https://elsewhere.example.com"}, {"adapter": "karrio_ups"}])
def test_kept_secrets_are_not_sent_to_another_address(admin, changed):
    admin.post(reverse("admin:logistics_carrier_add"), form(credentials=account()))
    carrier = Carrier.objects.get()
    kept = form(credentials="\n".join(f"{key}: {DOTS}" for key in KUAIDI100_ACCOUNT), **changed)
    answer = admin.post(reverse("admin:logistics_carrier_change", args=[carrier.pk]), kept)
    assert answer.status_code == 200
    assert "The address changed" in answer.content.decode()
    carrier.refresh_from_db()
    assert (carrier.base_url, carrier.adapter) == ("https://poll.example.com", "kuaidi100")
    typed = form(credentials=account(), base_url="https://elsewhere.example.com")
    assert admin.post(reverse("admin:logistics_carrier_change", args=[carrier.pk]), typed).status_code == 302


def test_the_trail_tells_that_a_carrier_s_account_was_changed_and_not_how(admin):
    carrier = make_carrier(code="sf", adapter="kuaidi100")
    url = reverse("admin:logistics_carrier_change", args=[carrier.pk])
    changed = form(credentials=account(salt="pepper"), base_url="https://elsewhere.example.com", options='{"a": "b"}')
    answer = admin.post(url, changed)
    assert answer.status_code == 302, answer.context["errors"]
    entry = AuditEntry.objects.get(action="logistics.carrier_changed")
    assert entry.subject_id == carrier.pk
    assert entry.changes["base_url"] == [carrier.base_url, "https://elsewhere.example.com"]
    assert entry.changes["credentials"] == "[hidden]"
    assert "pepper" not in str(entry.changes)
    page = admin.get(reverse("console:activity_entry", args=[entry.pk])).content.decode()
    assert "https://elsewhere.example.com" in page
    assert "{&quot;a&quot;: &quot;b&quot;}" in page


def test_rules_of_other_channels_are_out_of_reach(client):
    mine, other, carrier = make_channel("mine"), make_channel("other"), make_carrier()
    manager = make_user(Role.OPERATIONS_MANAGER)
    set_scopes(user=manager, kind="channel", object_ids=[mine.pk], actor=SYSTEM)
    client.force_login(User.objects.get(pk=manager.pk))
    rules = {
        name: CarrierRule.objects.create(priority=1, name=name, carrier=carrier, channel=channel)
        for name, channel in (("all", None), ("mine", mine), ("other", other))
    }
    found = client.get(reverse("admin:logistics_carrierrule_changelist")).context["cl"].queryset
    assert {rule.name for rule in found} == {"all", "mine"}
    client.post(reverse("admin:logistics_carrierrule_delete", args=[rules["other"].pk]), {"post": "yes"})
    assert CarrierRule.objects.count() == 3
    added = {"priority": "1", "name": "new", "is_active": "on", "carrier": carrier.pk, "channel": other.pk}
    page = client.post(reverse("admin:logistics_carrierrule_add"), added)
    assert (page.status_code, "channel" in page.context["adminform"].form.errors) == (200, True)
    assert CarrierRule.objects.count() == 3


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"credentials": account(salt="")}, "salt"),
        ({"credentials": "customer: x"}, "secret"),
        ({"base_url": "ftp://poll.example.com"}, "base_url"),
    ],
)
def test_a_carrier_that_could_not_work_is_not_saved(admin, fields, error):
    answer = admin.post(reverse("admin:logistics_carrier_add"), form(**{"credentials": account()} | fields))
    assert answer.status_code == 200
    assert error in answer.content.decode()
    assert not Carrier.objects.exists()


def test_a_new_rule_takes_up_parcels_without_a_carrier(admin):
    carrier = make_carrier()
    parcel = make_shipment(None, make_fulfilment(), status=ShipmentStatus.PENDING)
    admin.post(
        reverse("admin:logistics_carrierrule_add"),
        {"priority": "1", "name": "All", "is_active": "on", "carrier": carrier.pk, "countries": "", "provinces": ""},
    )
    assert CarrierRule.objects.get().carrier == carrier
    parcel.refresh_from_db()
    assert parcel.label_due_at


def test_a_carrier_switched_on_takes_up_parcels_without_a_carrier(admin):
    parcel = make_shipment(None, make_fulfilment(), status=ShipmentStatus.PENDING)
    answer = admin.post(reverse("admin:logistics_carrier_add"), form(credentials=account(), is_active=""))
    assert answer.status_code == 302
    parcel.refresh_from_db()
    assert parcel.label_due_at is None
    carrier = Carrier.objects.get()
    answer = admin.post(reverse("admin:logistics_carrier_change", args=[carrier.pk]), form(credentials=account()))
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    parcel.refresh_from_db()
    assert parcel.label_due_at


def act(client, model, action, *objects):
    return client.post(
        reverse(f"admin:logistics_{model}_changelist"),
        {"action": action, "_selected_action": [obj.pk for obj in objects]},
        follow=True,
    )


def test_a_paused_carrier_is_shown_and_resumed(admin):
    carrier = make_carrier(circuit_open_until=timezone.now() + timedelta(hours=1), consecutive_failures=5)
    assert "Paused after failures" in admin.get(reverse("admin:logistics_carrier_changelist")).content.decode()
    act(admin, "carrier", "resume", carrier)
    carrier.refresh_from_db()
    assert (carrier.circuit_open_until, carrier.consecutive_failures) == (None, 0)
    assert AuditEntry.objects.filter(action="logistics.carrier_resumed").exists()


def test_shipments_change_by_services_only(admin):
    carrier = make_carrier()
    parcel = make_shipment(carrier, make_fulfilment(), next_poll_at=timezone.now() + timedelta(hours=4))
    waiting = make_shipment(carrier, make_fulfilment(), status=ShipmentStatus.PENDING, label_error="no")
    page = act(admin, "shipment", "check_now", parcel, waiting)
    assert "with a carrier" in page.content.decode()  # refused for the one without a number
    parcel.refresh_from_db()
    assert parcel.next_poll_at
    assert parcel.next_poll_at <= timezone.now()
    act(admin, "shipment", "buy_label_again", waiting)
    waiting.refresh_from_db()
    assert waiting.label_due_at
    url = reverse("admin:logistics_shipment_change", args=[parcel.pk])
    assert admin.post(url, {"status": "delivered"}).status_code == 403
    assert Shipment.objects.get(pk=parcel.pk).status == ShipmentStatus.IN_TRANSIT
