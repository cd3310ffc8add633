from django.db import migrations

from core.db import AppendOnlyTrigger


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]

    operations = [AppendOnlyTrigger("audit_auditentry")]
