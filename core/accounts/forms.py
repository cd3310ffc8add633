"""Forms of sign-in, profile and API keys."""

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm, SetPasswordMixin
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.accounts.enums import Density, Theme
from core.accounts.models import User
from core.accounts.scopes import scope_kinds
from core.accounts.selectors import is_limited, scope_ids, totp_device
from core.accounts.services import prove_identity
from core.exceptions import DomainError
from core.zones import zone_choices


class SignInForm(AuthenticationForm):
    """User name and password; the error never says which of the two was wrong."""

    error_messages = {
        "invalid_login": _("User name and password don't match. Upper and lower case matter."),
        "inactive": _("User name and password don't match. Upper and lower case matter."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = _("User name")
        self.fields["username"].widget.attrs.update(autocomplete="username", autocapitalize="none")


def _code_field(*, autofocus: bool, help_text: Any = "") -> forms.CharField:
    attrs = {
        "autocomplete": "one-time-code",
        "inputmode": "text",
        "spellcheck": "false",
        "autocapitalize": "none",
    }
    widget = forms.TextInput(attrs=attrs | ({"autofocus": True} if autofocus else {}))
    return forms.CharField(label=pgettext_lazy("sign-in", "Code"), max_length=20, widget=widget, help_text=help_text)


class CodeForm(forms.Form):
    """A code of the authenticator app, or a recovery code."""

    code = _code_field(autofocus=True)


class ProofForm(forms.Form):
    """The person's password and, where two-factor sign-in is on, a code: asked before what protects the account is
    changed, so that an unattended screen or a stolen session isn't enough for that.

    The proof is checked last: a code counts once, and would be lost to a mistake in another field.
    """

    current_password = forms.CharField(
        label=_("Your password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    field_order = ["current_password", "code"]

    def __init__(self, *args: Any, user: User, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person, self.request = user, request
        if totp_device(user) is not None:
            help_text = _("Of your authenticator app, or a recovery code.")
            self.fields["code"] = _code_field(autofocus=False, help_text=help_text)
        self.order_fields(self.field_order)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                prove_identity(
                    user=self.person,
                    password=values["current_password"],
                    code=values.get("code", ""),
                    request=self.request,
                )
            except DomainError as error:
                self.add_error(error.field if error.field in self.fields else None, str(error))
        return values


class FirstCodeForm(ProofForm):
    """Taking an authenticator app into use: the password, and a code of the new app."""

    code = _code_field(autofocus=False)


class EmailForm(ProofForm):
    """The address that messages and alerts go to."""

    email = forms.EmailField(label=_("E-mail"), required=False, max_length=254)
    field_order = ["email", "current_password", "code"]


class PasswordForm(SetPasswordMixin, ProofForm):  # type: ignore[type-arg]  # not generic when it runs
    """A new password, typed twice, and the proof."""

    new_password1, new_password2 = SetPasswordMixin.create_password_fields(_("New password"), _("New password again"))
    field_order = ["current_password", "code", "new_password1", "new_password2"]

    def clean(self) -> dict[str, Any]:
        self.validate_passwords("new_password1", "new_password2")
        self.validate_password_for_user(self.person, "new_password2")
        return super().clean()


def time_zones() -> list[tuple[str, str]]:
    """Every zone of the IANA database, the installation's own first."""
    default = _("As the installation (%(zone)s)") % {"zone": settings.DISPLAY_TIME_ZONE}
    return [("", default), *zone_choices()]


class TimeZoneField(forms.ChoiceField):
    """A time zone to choose; empty means the installation's."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"label": _("Time zone"), "choices": time_zones, "required": False, **kwargs})


class ProfileForm(forms.ModelForm[User]):
    """What people may say about themselves."""

    show_optional = False  # nearly every field is, and says so by its first choice

    time_zone = TimeZoneField()

    class Meta:
        model = User
        fields = ["display_name", "language", "time_zone", "theme", "density"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["language"] = forms.ChoiceField(
            label=_("Language"), choices=[("", _("As the browser")), *settings.LANGUAGES], required=False
        )


class PreferenceForm(forms.Form):
    """One switch of the top bar: theme or row height."""

    theme = forms.ChoiceField(choices=Theme.choices, required=False)
    density = forms.ChoiceField(choices=Density.choices, required=False)


class LanguageForm(forms.Form):
    language = forms.ChoiceField(choices=settings.LANGUAGES)


class ApiKeyForm(forms.Form):
    """A new key: what it is for, what it is limited to, when it ends."""

    name = forms.CharField(
        label=_("Name"), max_length=100, help_text=_("Say which program uses it, for example “Web shop”.")
    )
    scope = forms.ChoiceField(label=_("Limited to"), required=False)
    expires_at = forms.DateField(
        label=_("Expires on"),
        required=False,
        help_text=_("Empty: it is valid until it is revoked."),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, *args: Any, user: User | AnonymousUser, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["scope"].choices = scope_choices(user)  # type: ignore[attr-defined]
        self.fields["scope"].required = is_limited(user)

    def clean_scope(self) -> tuple[str, int | None]:
        kind, _colon, object_id = self.cleaned_data["scope"].partition(":")
        return kind, int(object_id) if object_id else None

    def clean_expires_at(self) -> datetime | None:
        """The end of that day in the person's time zone."""
        day = self.cleaned_data["expires_at"]
        if day is None:
            return None
        return timezone.make_aware(datetime.combine(day, time.min)) + timedelta(days=1)


def scope_choices(user: User | AnonymousUser) -> list[Any]:
    """("", nothing) and, by kind, ("kind:id", name) of everything that a person may limit a key to.

    Who is limited makes no key that reaches further.
    """
    groups = []
    for kind in scope_kinds():
        allowed = scope_ids(user, kind.code)
        names = [(object_id, name) for object_id, name in kind.choices() if allowed is None or object_id in allowed]
        groups.append((kind.label, [(f"{kind.code}:{object_id}", name) for object_id, name in names]))
    return groups if is_limited(user) else [("", _("Not limited")), *groups]
