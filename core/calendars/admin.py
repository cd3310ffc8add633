from django.contrib import admin

from core.audit.admin import AuditedAdmin
from core.calendars.models import BusinessCalendar, BusinessHours, CalendarException


class HoursInline(admin.TabularInline[BusinessHours, BusinessCalendar]):
    model = BusinessHours
    extra = 0


class ExceptionInline(admin.TabularInline[CalendarException, BusinessCalendar]):
    model = CalendarException
    extra = 0


@admin.register(BusinessCalendar)
class BusinessCalendarAdmin(AuditedAdmin[BusinessCalendar]):
    list_display = ["name", "code", "time_zone", "holidays_country", "is_default"]
    list_filter = ["is_default", "holidays_country"]
    search_fields = ["name", "code"]
    inlines = [HoursInline, ExceptionInline]
