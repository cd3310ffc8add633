from django.db import migrations

from core.db import AppendOnlyTrigger


class Migration(migrations.Migration):
    dependencies = [("orders", "0001_initial")]

    operations = [AppendOnlyTrigger("orders_orderhistory")]
