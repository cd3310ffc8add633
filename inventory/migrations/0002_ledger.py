from django.db import migrations

from core.db import AppendOnlyTrigger


class Migration(migrations.Migration):
    """Make the ledger append-only, and leave room in the pages of the levels.

    A level is updated with every order of its SKU; with free space in its page the new version stays there,
    and no index has to be touched (heap-only update).
    """

    dependencies = [("inventory", "0001_initial")]

    operations = [
        AppendOnlyTrigger("inventory_stockmovement"),
        migrations.RunSQL(
            "ALTER TABLE inventory_stocklevel SET (fillfactor = 60)",
            "ALTER TABLE inventory_stocklevel RESET (fillfactor)",
        ),
    ]
