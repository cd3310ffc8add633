from django.db import migrations

from core.db import AppendOnlyTrigger


class Migration(migrations.Migration):
    dependencies = [("cases", "0001_initial")]

    operations = [AppendOnlyTrigger("cases_caseevent")]
