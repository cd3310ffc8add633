"""Channels and their import mappings made and changed by people."""

import secrets
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from core.actor import Actor
from core.audit.services import record
from core.taken import refused_if_taken
from orders.enums import ChannelKind
from orders.importing.mapping import FileMapping
from orders.models import Channel, ImportMapping

CHANNEL_SUBJECT = "orders.channel"
FIELDS = (
    "name", "kind", "is_active", "currency", "country", "time_zone", "requires_payment", "requires_address",
    "duplicate_window_hours",
)  # fmt: skip


@transaction.atomic
def create_channel(*, code: str, values: Mapping[str, Any], actor: Actor) -> Channel:
    """Make a channel; one that takes webhooks gets a secret. Raises Taken if the code is."""
    channel = Channel(code=code, **{name: values[name] for name in FIELDS if name in values})
    if channel.kind == ChannelKind.SHOPIFY:
        channel.webhook_secret = _new_secret()
    channel.full_clean(exclude=["webhook_secret"], validate_unique=False)
    with refused_if_taken(channel):
        channel.save()
    _record("orders.channel_created", channel, actor, {})
    return channel


@transaction.atomic
def update_channel(*, channel_id: int, values: Mapping[str, Any], actor: Actor) -> Channel:
    """Change a channel's settings; its code stays, because customers' identities are kept under it."""
    channel = Channel.objects.select_for_update(no_key=True).get(pk=channel_id)
    changes: dict[str, list[Any]] = {}
    for name in FIELDS:
        if name in values and getattr(channel, name) != values[name]:
            changes[name] = [getattr(channel, name), values[name]]
            setattr(channel, name, values[name])
    if changes:
        channel.full_clean(exclude=["webhook_secret"])
        channel.save(update_fields=list(changes))
        _record("orders.channel_changed", channel, actor, changes)
    return channel


@transaction.atomic
def rotate_secret(*, channel_id: int, actor: Actor, secret: str = "") -> str:
    """Set the secret that signs a channel's webhooks, a new random one if none is given; returns it once."""
    channel = Channel.objects.select_for_update(no_key=True).get(pk=channel_id)
    channel.webhook_secret = secret.strip() or _new_secret()
    channel.save(update_fields=["webhook_secret"])
    _record("orders.channel_secret_changed", channel, actor, {})
    return channel.webhook_secret


@transaction.atomic
def save_mapping(*, channel: Channel, name: str, mapping: FileMapping, actor: Actor) -> ImportMapping:
    """Keep a mapping under a name; the one saved last is the channel's default."""
    Channel.objects.select_for_update(no_key=True).get(pk=channel.pk)  # two may save their mappings at once
    ImportMapping.objects.filter(channel=channel, is_default=True).exclude(name=name).update(is_default=False)
    saved, _created = ImportMapping.objects.update_or_create(
        channel=channel,
        name=name,
        defaults={
            "columns": dict(mapping.columns),
            "options": mapping.options.as_json(),
            "is_default": True,
        },
    )
    _record("orders.mapping_saved", channel, actor, {"mapping": ["", name]})
    return saved


def _new_secret() -> str:
    return secrets.token_urlsafe(32)


def _record(action: str, channel: Channel, actor: Actor, changes: Mapping[str, list[Any]]) -> None:
    record(
        action=action,
        actor=actor,
        subject_type=CHANNEL_SUBJECT,
        subject_id=channel.pk,
        subject_label=channel.code,
        changes=changes,
    )
