from datetime import time

from django.db import migrations

EVERY_DAY = range(7)
WEEKDAYS = range(5)

CALENDARS = [
    (
        "operations",
        "Operations, every day 09:00–21:00",
        "Asia/Shanghai",
        "",
        EVERY_DAY,
        (9, 0),
        (21, 0),
        True,
    ),
    ("always", "Round the clock", "UTC", "", EVERY_DAY, (0, 0), (0, 0), False),
    ("cn-office", "China, office hours", "Asia/Shanghai", "CN", WEEKDAYS, (9, 0), (18, 0), False),
    ("gb-office", "United Kingdom, office hours", "Europe/London", "GB", WEEKDAYS, (9, 0), (17, 30), False),
    (
        "us-office",
        "United States (East), office hours",
        "America/New_York",
        "US",
        WEEKDAYS,
        (9, 0),
        (17, 0),
        False,
    ),
    ("de-office", "Germany, office hours", "Europe/Berlin", "DE", WEEKDAYS, (9, 0), (17, 0), False),
]


def add_calendars(apps, schema_editor):
    calendar_model = apps.get_model("calendars", "BusinessCalendar")
    hours_model = apps.get_model("calendars", "BusinessHours")
    for code, name, zone, country, days, opens, closes, is_default in CALENDARS:
        calendar = calendar_model.objects.create(
            code=code, name=name, time_zone=zone, holidays_country=country, is_default=is_default
        )
        hours_model.objects.bulk_create(
            hours_model(calendar=calendar, weekday=day, opens_at=time(*opens), closes_at=time(*closes))
            for day in days
        )


class Migration(migrations.Migration):
    dependencies = [("calendars", "0001_initial")]

    operations = [migrations.RunPython(add_calendars, migrations.RunPython.noop)]
