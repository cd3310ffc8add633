from django.db import migrations

from core.db import AppendOnlyTrigger


class Migration(migrations.Migration):
    dependencies = [("logistics", "0001_initial")]

    operations = [AppendOnlyTrigger("logistics_trackingevent")]
