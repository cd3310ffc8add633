"""The form page: create or change one thing; works as a page and in a dialog."""

from typing import Any, ClassVar, Generic, TypeVar, cast
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from django import forms
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _

from core.accounts.models import User
from core.drafts import forget_draft
from core.exceptions import Conflict, DomainError
from core.ui import lists
from core.ui.content import Text
from core.ui.models import ScanReceipt
from core.ui.views.base import ConsoleView, back_url, go, is_fragment, say

M = TypeVar("M", bound=Model)

# Of what the browser sends beside the fields: the button that asks for the current state, and by field what the form
# had before that.
RELOAD = "reload"
HAD = "had-"


class FormPage(ConsoleView, Generic[M]):
    """A page with one form.

    Attributes:
        form_class: a Form or ModelForm. A ModelForm gets the object as `instance`.
        submit_label: the verb on the button.
        message: said afterwards; "" for nothing.
        list_key: whose rows the object is looked up in when the route has an id.
        intro: a sentence above the form.
        danger: the button is red (for what can't be undone).
        fieldsets: (heading, names of fields) in order; empty: all fields in one.
    """

    form_class: ClassVar[Any]
    submit_label: ClassVar[Text] = _("Save")
    message: ClassVar[Text] = ""
    list_key: ClassVar[str] = ""
    intro: ClassVar[Text] = ""
    danger: ClassVar[bool] = False
    fieldsets: ClassVar[tuple[tuple[Text, tuple[str, ...]], ...]] = ()
    pk_url_kwarg: ClassVar[str] = "pk"
    template_name = "generic/form.html"
    object: M | None = None

    def get_queryset(self, user: Any) -> QuerySet[M]:
        """The objects that the user may change."""
        return lists.get(self.list_key).get_queryset(user)

    def get_object(self) -> M | None:
        """The object named by the route's id; None where the route has none (create)."""
        if self.pk_url_kwarg not in self.kwargs:
            return None
        return get_object_or_404(self.get_queryset(self.request.user), pk=self.kwargs[self.pk_url_kwarg])

    def get_title(self) -> Text:
        """The page's heading."""
        return self.title

    def get_intro(self) -> Text:
        """The sentence above the form."""
        return self.intro

    def get_initial(self) -> dict[str, Any]:
        """Sensible defaults; query parameters of the same name by default."""
        return {name: value for name, value in self.request.GET.items() if name in self.form_class.base_fields}

    def form_kwargs(self) -> dict[str, Any]:
        """Arguments for the form; add {"user": self.request.user} where the form wants it."""
        kwargs: dict[str, Any] = {"initial": self.get_initial()}
        if issubclass(self.form_class, forms.BaseModelForm):
            kwargs["instance"] = self.object
        return kwargs

    def perform(self, form: Any) -> Any:
        """Call one service with form.cleaned_data; returns what success_url() gets (usually the object)."""
        raise TypeError(f"{type(self).__name__} defines no perform()")

    def success_url(self, result: Any) -> str:
        """Where to go afterwards; the result's get_absolute_url(), else back where one came from."""
        if hasattr(result, "get_absolute_url"):
            return str(result.get_absolute_url())
        return back_url(self.request)

    def cancel_url(self) -> str:
        """Where "Back" leads."""
        return back_url(self.request)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.object = self.get_object()
        return self._show(self.form_class(**self.form_kwargs()))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.object = self.get_object()
        form = self.form_class(request.POST, request.FILES, **self.form_kwargs())
        if RELOAD in request.POST:
            return self._show_current(form)
        if not form.is_valid():
            return self._show(form, status=422)
        try:
            url, is_new = self._perform_once(form)
        except DomainError as error:
            for one in (error, *error.others):
                form.add_error(one.field if one.field in form.fields else None, str(one.message))
            return self._show(form, status=422, is_stale=_is_stale(error, form))
        if not is_new:
            say(
                request,
                _("The same was sent before, so nothing was done again. Open the form anew to do it twice."),
                "warning",
            )
        elif self.message:
            say(request, self.message)
        return forget_draft(request, go(request, url))

    def _perform_once(self, form: forms.BaseForm) -> tuple[str, bool]:
        """perform(), unless this very form did it with the same values; returns where to go and if it was done now.

        The receipt and what perform() wrote are committed together: a form sent again, be it by going back or because
        the first answer was lost, makes one order and one adjustment of stock.
        """
        key, user = self._receipt_key(), cast("User", self.request.user)
        if key is None:
            return self.success_url(self.perform(form)), True
        with transaction.atomic():
            receipt, is_new = ScanReceipt.objects.get_or_create(key=key, defaults={"user": user})
            if not is_new:
                return receipt.answer["url"], False
            receipt.answer = {"url": self.success_url(self.perform(form))}
            receipt.save(update_fields=["answer"])
        return receipt.answer["url"], True

    @property
    def _makes_new(self) -> bool:
        """Whether repeating the form would do the same again; what changes a thing shows by its state that it did."""
        return self.pk_url_kwarg not in self.kwargs

    def _receipt_key(self) -> UUID | None:
        """The form's own key, its person and values as one; files aren't compared, so forms with one have none."""
        if not self._makes_new or self.request.FILES or not self.request.POST.get("once"):
            return None
        values = sorted((name, found) for name, found in self.request.POST.lists() if name != "csrfmiddlewaretoken")
        return uuid5(NAMESPACE_URL, repr((self.request.path, self.request.user.pk, values)))

    def _show_current(self, typed: forms.BaseForm) -> HttpResponse:
        """The thing as it is now, after somebody else changed it; what differs in the form that was sent stands beside
        it, and what is no part of the thing, such as a reason, stays."""
        form = self.form_class(**self.form_kwargs())
        for name in [name for name in typed.changed_data if not form[name].is_hidden]:
            if name in form.initial:
                form.fields[name].had = self.request.POST.get(name, "")
            else:
                form.fields[name].initial = typed[name].value()
        return self._show(form, is_current=True)

    def _keep_beside(self, form: forms.BaseForm) -> None:
        """Keep what stood beside the fields when the form was sent, and put all of it into words."""
        for name, field in form.fields.items():
            had = getattr(field, "had", self.request.POST.get(f"{HAD}{name}"))
            if had is not None:
                field.had = had  # type: ignore[attr-defined]
                field.had_words = dict(getattr(field, "choices", ())).get(had, had)  # type: ignore[attr-defined]

    def _show(
        self, form: forms.BaseForm, status: int = 200, *, is_stale: bool = False, is_current: bool = False
    ) -> HttpResponse:
        self._keep_beside(form)
        context = {
            "form": form,
            "is_stale": is_stale,
            "is_current": is_current,
            "title": self.get_title(),
            "object": self.object,
            "groups": self._groups(form),
            "cancel_url": self.cancel_url(),
            "next": back_url(self.request, ""),
            "once": self._makes_new and (self.request.POST.get("once") or uuid4()),
        }
        return self.page("generic/_form_dialog.html" if is_fragment(self.request) else "", context, status)

    def _groups(self, form: forms.BaseForm) -> list[tuple[Text, list[forms.BoundField]]]:
        if not self.fieldsets:
            return [("", form.visible_fields())]
        groups = [(heading, [form[name] for name in names if name in form.fields]) for heading, names in self.fieldsets]
        return [(heading, fields) for heading, fields in groups if fields]


def _is_stale(error: DomainError, form: forms.BaseForm) -> bool:
    """Whether the form shows a version of the thing that is no more."""
    return isinstance(error, Conflict) and error.code == Conflict.default_code and "version" in form.fields
