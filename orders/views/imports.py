"""Importing a file of orders: upload, choose what the columns mean, follow the job."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.core import signing
from django.core.files import File
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.exceptions import DomainError
from core.storage import room_needed
from core.ui.views import ConsoleView, say
from inventory.services.imports.template import template_file
from orders.importing.example import EXAMPLE_HEADER, EXAMPLE_ROWS
from orders.importing.mapping import FileMapping
from orders.importing.presets import PRESETS, Preset
from orders.intake_forms import MappingForm, UploadForm, preset_choices
from orders.models import Channel
from orders.selectors.orders import channels_for
from orders.services.import_start import join_files, look_at, start_import, suggest_mapping
from orders.services.import_uploads import drop_upload, find_upload, keep_upload

_SALT = "orders.import"
_MAX_AGE = 24 * 3600


class ImportNew(ConsoleView):
    """The first step: which file, and of which channel."""

    permission = "orders.import_order"
    title = _("Import orders")
    template_name = "orders/import_new.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        initial = {"channel": request.GET.get("channel", "")}
        return self._show(UploadForm(initial=initial, channels=channels_for(request.user)))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = UploadForm(request.POST, request.FILES, channels=channels_for(request.user))
        if not form.is_valid():
            return self._show(form, status=422)
        try:
            return redirect(self._keep(form))
        except DomainError as error:
            form.add_error(error.field if error.field in form.fields else "file", str(error))
            return self._show(form, status=422)

    def _keep(self, form: UploadForm) -> str:
        """Keep the upload and return the address of the next step. Raises DomainError for unreadable files."""
        data = form.cleaned_data
        name = keep_upload(data["file"])
        lines = data["lines_file"]
        try:
            if lines:
                name = _joined(name, keep_upload(lines))
            look_at(find_upload(name))
        except DomainError:
            drop_upload(name)
            raise
        token = signing.dumps(
            {"file": name, "name": data["file"].name[:255], "channel": data["channel"].pk}, salt=_SALT
        )
        return reverse("orders:import_map", args=[token])

    def _show(self, form: UploadForm, status: int = 200) -> HttpResponse:
        return self.page(context={"form": form, "presets": preset_choices()}, status=status)


class ImportTemplate(ConsoleView):
    """A file with our own columns and an example, as CSV or XLSX."""

    http_method_names = ("get", "head", "options")
    permission = "orders.import_order"

    def get(self, request: HttpRequest, suffix: str) -> HttpResponse:
        if suffix not in {"csv", "xlsx"}:
            raise Http404
        content, content_type = template_file(EXAMPLE_HEADER, EXAMPLE_ROWS, suffix)
        response = HttpResponse(content, content_type=content_type)
        response["Content-Disposition"] = f'attachment; filename="orders.{suffix}"'
        return response


def _joined(orders: str, lines: str) -> str:
    """The name of one upload made of two: a file of orders and one of their lines."""
    by = PRESETS["taobao"].lines_file
    if by is None:
        raise LookupError("taobao")
    try:
        with room_needed(), TemporaryDirectory() as folder:
            joined = join_files(find_upload(orders), find_upload(lines), by, Path(folder))
            with joined.open("rb") as content:
                name = keep_upload(File(content, joined.name))
            drop_upload(orders)
            return name
    finally:
        drop_upload(lines)


@dataclass(frozen=True, slots=True)
class _Upload:
    """What the token of the second step says."""

    file: str
    name: str
    channel: Channel

    @property
    def path(self) -> Path:
        return find_upload(self.file)


class ImportMap(ConsoleView):
    """The second step: the file's first rows, and a select for every field of an order."""

    permission = "orders.import_order"
    title = _("What the columns mean")
    template_name = "orders/import_map.html"

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        try:
            upload = self._upload(token)
            return self._show(upload, self._form(upload, None, request.GET.get("preset", "")))
        except DomainError as error:
            return self._start_over(error)

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        try:
            upload = self._upload(token)
            form = self._form(upload, request.POST, request.POST.get("preset", ""))
            if not form.is_valid():
                return self._show(upload, form, status=422)
            return self._begin(upload, form)
        except DomainError as error:
            return self._start_over(error)

    def _upload(self, token: str) -> _Upload:
        try:
            values = signing.loads(token, salt=_SALT, max_age=_MAX_AGE)
        except signing.BadSignature:
            raise Http404 from None
        channel = get_object_or_404(channels_for(self.request.user), pk=values["channel"])
        return _Upload(values["file"], values["name"], channel)

    def _form(self, upload: _Upload, data: Any, preset: str) -> MappingForm:
        header, rows = look_at(upload.path)
        mapping, found = _suggestion(upload.channel, header, preset)
        self.preset = found.code if found else ""
        may_create = self.request.user.has_perm("inventory.import_products")
        return MappingForm(data, header=header, rows=rows, mapping=mapping, may_create=may_create)

    def _show(self, upload: _Upload, form: MappingForm, status: int = 200) -> HttpResponse:
        context = {
            "form": form,
            "upload": upload,
            "presets": preset_choices(),
            "preset": self.preset,
        }
        return self.page(context=context, status=status)

    def _begin(self, upload: _Upload, form: MappingForm) -> HttpResponse:
        job = start_import(
            channel=upload.channel,
            path=upload.path,
            name=upload.name,
            mapping=form.mapping(),
            actor=Actor.for_user(self.request.user),
            catalogue={} if form.cleaned_data.get("create_catalogue") else None,
            save_as=form.cleaned_data["save_as"],
        )
        drop_upload(upload.file)
        return redirect("jobs:job_detail", pk=job.pk)

    def _start_over(self, error: DomainError) -> HttpResponse:
        say(self.request, error.message, "error")
        return redirect("orders:import_new")


def _suggestion(channel: Channel, header: list[str], preset: str) -> tuple[FileMapping, Preset | None]:
    chosen = PRESETS.get(preset)
    if chosen is None:
        return suggest_mapping(channel, header)
    present = {path: name for path, name in chosen.mapping.columns.items() if name in header}
    return FileMapping(present, chosen.mapping.options), chosen
