"""Pages over the audit trail that use every part of the kit. They register only inside the fixture `pages`."""

import django_filters
from django import forms
from django.urls import include, path, reverse

from core.actor import Actor
from core.audit.models import ActorKind, AuditEntry
from core.audit.services import record
from core.exceptions import DomainError
from core.ui.actions import BulkAction, RowOutcome
from core.ui.columns import Column
from core.ui.content import Badge, Banner, Header, PageAction
from core.ui.filters import ConsoleFilterSet
from core.ui.lists import PresetView
from core.ui.scanning import ScanResult
from core.ui.views import ActionPage, DetailPage, FormPage, ListPage, QueuePage

KEY = "test.entry"


class EntryFilters(ConsoleFilterSet):
    q = django_filters.CharFilter(field_name="subject_label", lookup_expr="istartswith")
    actor_kind = django_filters.MultipleChoiceFilter(label="Kind", choices=ActorKind.choices)
    at = django_filters.DateFromToRangeFilter(label="Date")

    class Meta:
        model = AuditEntry
        fields: list[str] = []


def touch(ids, actor, params):
    for pk in ids:
        yield RowOutcome(pk)


class EntryList(ListPage[AuditEntry]):
    title = "Entries"
    model = AuditEntry
    permission = "audit.view_auditentry"
    url_name = "entry_list"
    filterset_class = EntryFilters
    page_size = 3
    columns = (
        Column("subject_label", "Subject", link=True),
        Column("action", "Action", sort="action"),
        Column("actor_id", "Actor", cell="number", sort="actor_id"),
        Column("kind", "Kind", accessor="actor_kind", cell="status", enum=None),
        Column("reason", "Reason", default=False),
        Column("request_id", "Request", cell="mono", permission="accounts.manage_api_keys"),
    )
    views = (PresetView("system", "By the system", "actor_kind=system"),)
    actions = (
        BulkAction(
            code="touch",
            label="Touch",
            permission="accounts.manage_api_keys",
            run=touch,
            confirm="%(count)s entries are touched.",
            fields={"why": forms.CharField(label="Why")},
        ),
    )

    def get_queryset(self, user):
        rows = AuditEntry.objects.filter(subject_type="test")
        return rows if user.is_superuser else rows.filter(subject_id=user.pk)

    def row_url(self, row):
        return reverse("entry", args=[row.pk])


class EntryPage(DetailPage[AuditEntry]):
    key = KEY
    list_key = KEY
    permission = "audit.view_auditentry"
    audit_subject = "test.note"

    def header(self, obj):
        return Header(
            title=obj.subject_label,
            line="One line of state",
            status=Badge(label="Held", colour="warning", icon="lock"),
            primary=PageAction(label="Release", url="/x/", method="post", permission="accounts.manage_api_keys"),
        )

    def banners(self, obj):
        return (Banner(level="warning", title="Something is <wrong>"),)

    def add_note(self, obj, text, user):
        record(
            action="test.noted",
            actor=Actor.for_user(user),
            subject_type="test.note",
            subject_id=obj.pk,
            reason=text,
        )


class EntryAct(ActionPage[AuditEntry]):
    list_key = KEY
    permission = "audit.view_auditentry"
    message = "Done."

    def perform(self, obj):
        if obj.reason == "locked":
            raise DomainError("This entry is locked.")
        record(
            action="test.acted",
            actor=Actor.for_user(self.request.user),
            subject_type="test.act",
            subject_id=obj.pk,
        )


class NameForm(forms.Form):
    name = forms.CharField(label="Name")
    country = forms.ChoiceField(label="Country", choices=[(str(n), f"Country {n}") for n in range(30)])


class EntryForm(FormPage[AuditEntry]):
    list_key = KEY
    permission = "audit.view_auditentry"
    form_class = NameForm
    title = "Rename"
    submit_label = "Save name"
    message = "Name saved."

    def perform(self, form):
        if form.cleaned_data["name"] == "taken":
            raise DomainError("This name is taken.", field="name")

    def success_url(self, result):
        return reverse("entry_list")


class EntryQueue(QueuePage[AuditEntry]):
    permission = "audit.view_auditentry"
    title = "Work"

    def get_item(self, user):
        return EntryList().get_queryset(user).order_by("id").first()

    def progress(self, item):
        return AuditEntry.objects.filter(subject_type="test.scan").count(), 2

    def scan(self, item, code, user):
        record(
            action="test.scanned",
            actor=Actor.for_user(user),
            subject_type="test.scan",
            subject_id=item.pk,
            reason=code,
        )
        if code == "BAD":
            raise DomainError("Wrong item")
        return ScanResult(outcome="ok", title="1 of 2")


EntryList.key = KEY

urlpatterns = [
    path("entries/", EntryList.as_view(), name="entry_list"),
    path("entries/<int:pk>/", EntryPage.as_view(), name="entry"),
    path("entries/<int:pk>/act/", EntryAct.as_view(), name="entry_act"),
    path("entries/<int:pk>/rename/", EntryForm.as_view(), name="entry_rename"),
    path("entries/work/", EntryQueue.as_view(), name="entry_work"),
    path("", include("ecom_admin.urls")),
]
