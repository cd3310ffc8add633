from django.db import migrations

_NAMES = ("supply_chain_purchaseorder_number_seq", "supply_chain_goodsreceipt_number_seq")


class Migration(migrations.Migration):
    """Sequences for the numbers that people see."""

    dependencies = [("supply_chain", "0001_initial")]

    operations = [migrations.RunSQL(f"CREATE SEQUENCE {name}", f"DROP SEQUENCE {name}") for name in _NAMES]
