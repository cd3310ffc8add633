"""Write every encrypted value again with the newest of FIELD_ENCRYPTION_KEYS, so that older keys can go."""

from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand
from django.db import models, transaction

from core.crypto import EncryptedTextField


class Command(BaseCommand):
    help = "Encrypt all stored credentials again with the first of FIELD_ENCRYPTION_KEYS."

    def handle(self, *args: Any, **options: Any) -> None:
        for model in apps.get_models():
            names = [field.name for field in model._meta.local_fields if isinstance(field, EncryptedTextField)]
            if names:
                count = _rewrite(model, names)
                self.stdout.write(f"{model._meta.label}: {count}")


def _rewrite(model: type[models.Model], names: list[str]) -> int:
    """Row by row, each locked while it is written, so that a value changed meanwhile isn't lost."""
    count = 0
    for pk in model._base_manager.values_list("pk", flat=True).iterator():
        with transaction.atomic():
            row = model._base_manager.select_for_update().filter(pk=pk).first()
            if row is not None:
                row.save(update_fields=names)
                count += 1
    return count
