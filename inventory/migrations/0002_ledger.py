from django.db import migrations

from core.db import AppendOnlyTrigger


class Migration(migrations.Migration):
    """Make the ledger append-only, find SKUs by the beginning of their code, leave room beside the levels.

    A level is updated with every order of its SKU; with free space in its page the new version stays there,
    and no index has to be touched (heap-only update).
    """

    dependencies = [("inventory", "0001_initial")]

    operations = [
        AppendOnlyTrigger("inventory_stockmovement"),
        # Whatever the collation of the database is, LIKE 'ABC%' needs this operator class.
        migrations.RunSQL(
            "CREATE INDEX sku_by_code_prefix ON inventory_sku (upper(code) text_pattern_ops)",
            "DROP INDEX sku_by_code_prefix",
        ),
        migrations.RunSQL(
            "ALTER TABLE inventory_stocklevel SET (fillfactor = 60)",
            "ALTER TABLE inventory_stocklevel RESET (fillfactor)",
        ),
    ]
