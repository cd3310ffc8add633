from django.db import migrations


class Migration(migrations.Migration):
    """Words of a customer's name, found by their beginnings ('simple': no language's stop words or stems)."""

    dependencies = [("crm", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "CREATE INDEX customer_by_name_words ON crm_customer USING gin (to_tsvector('simple', name))",
            "DROP INDEX customer_by_name_words",
        )
    ]
