"""People, roles, limits and API keys in the admin site; every write goes through the services."""

from typing import Any, cast

from django import forms
from django.apps import apps
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import ReadOnlyPasswordHashField, ReadOnlyPasswordHashWidget, UserChangeForm
from django.contrib.auth.hashers import is_password_usable
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.html import format_html_join
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django_otp.plugins.otp_static.admin import StaticDevice

from core.accounts import services
from core.accounts.enums import Role
from core.accounts.forms import ApiKeyForm, TimeZoneField
from core.accounts.models import AccessScope, ApiKey, AuthenticatorApp, FailedSignIn, RoleGroup, RolePolicy, User
from core.accounts.rights import right_in_words
from core.accounts.roles import matrix
from core.accounts.scopes import ScopeKind, scope_kind, scope_kinds
from core.accounts.selectors import api_keys
from core.accounts.services.journal import tell_policy_change, tell_user_change
from core.actor import Actor
from core.admin import ReadOnlyAdmin
from core.exceptions import Conflict, DomainError
from core.words import listed

_SCOPE = "scope_"


class PasswordSet(ReadOnlyPasswordHashWidget):
    """Says that there is a password and offers to set another; what is kept of it is nobody's business."""

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["summary"] = [{"label": _("Set") if is_password_usable(value) else _("Not set")}]
        return context


class UserAdminForm(UserChangeForm[User]):
    """A person with roles; UserAdmin.get_form adds a field for every kind of limit that the apps have registered."""

    roles = forms.MultipleChoiceField(
        label=_("Roles"), choices=Role.choices, required=False, widget=forms.CheckboxSelectMultiple
    )

    time_zone = TimeZoneField()
    password = ReadOnlyPasswordHashField(label=_("Password"), widget=PasswordSet)

    class Meta:
        model = User
        fields = ["username", "display_name", "email", "language", "time_zone", "theme", "density"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        user = self.instance
        self.initial["roles"] = list(user.groups.filter(name__in=Role.values).values_list("name", flat=True))
        held = list(AccessScope.objects.filter(user=user).values_list("kind", "object_id"))
        for kind in scope_kinds():
            self.initial[_SCOPE + kind.code] = [object_id for code, object_id in held if code == kind.code]


@admin.register(User)
class UserAdmin(DjangoUserAdmin[User]):
    form = UserAdminForm
    list_display = ["username", "display_name", "email", "role_names", "is_active", "last_login"]
    list_filter = ["is_active", "groups", "is_superuser"]
    search_fields = ["username", "display_name", "email"]
    ordering = ["username"]
    filter_horizontal = []
    readonly_fields = ["last_login", "date_joined"]
    actions = ["unlock", "remove_two_factor", "deactivate"]

    def get_form(  # type: ignore[override]  # as Django's own UserAdmin
        self, request: HttpRequest, obj: User | None = None, **kwargs: Any
    ) -> Any:
        """The form with one field for every kind of limit; the add form asks for name and password only."""
        if obj is not None:
            scopes = {_SCOPE + kind.code: _scope_field(kind) for kind in scope_kinds()}
            kwargs["form"] = type("UserForm", (UserAdminForm,), scopes)
        return super().get_form(request, obj, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj is None:
            return super().get_fieldsets(request, obj)
        status = ["is_active", "is_superuser"] if _is_superuser(request) else ["is_active"]
        return [
            (None, {"fields": ["username", "password", *status]}),
            (_("Person"), {"fields": ["display_name", "email", "language", "time_zone", "theme", "density"]}),
            (_("Roles"), {"fields": ["roles"]}),
            (_("Limited to"), {"fields": [_SCOPE + kind.code for kind in scope_kinds()]}),
            (_("Times"), {"fields": ["last_login", "date_joined"]}),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups")

    @admin.display(description=_("roles"))
    def role_names(self, user: User) -> str:
        held = {group.name for group in user.groups.all()}
        return listed(role.label for role in Role if role.value in held)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """A superuser is changed by superusers alone: an administrator can't take over a greater account."""
        if obj is not None and obj.is_superuser and not _is_superuser(request):
            return False
        return super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """People are deactivated, never deleted: their work keeps its author."""
        return False

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        fields = {field.name for field in User._meta.concrete_fields} - {"password"}
        changes = {
            name: [form.initial.get(name), form.cleaned_data.get(name)]
            for name in form.changed_data
            if change and name in fields
        }
        if changes or not change:
            tell_user_change("user_changed" if change else "user_created", obj, _actor(request), changes)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if not change:
            return
        user, actor = form.instance, _actor(request)
        services.set_roles(user=user, roles=form.cleaned_data["roles"], actor=actor)
        for kind in scope_kinds():
            ids = form.cleaned_data[_SCOPE + kind.code]
            services.set_scopes(user=user, kind=kind.code, object_ids=ids, actor=actor)

    def log_change(self, request: HttpRequest, obj: User, message: Any) -> Any:
        if request.resolver_match is not None and request.resolver_match.url_name == "auth_user_password_change":
            tell_user_change("password_set", obj, _actor(request))
        return super().log_change(request, obj, message)

    @admin.action(description=_("Unlock sign-in"), permissions=["change"])
    def unlock(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user in queryset:
            services.unlock_sign_in(user=user, actor=_actor(request))
        self._say(request, ngettext("%d person unlocked.", "%d people unlocked.", len(queryset)) % len(queryset))

    @admin.action(description=_("Remove two-factor sign-in (device lost)"), permissions=["change"])
    def remove_two_factor(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        people = [user for user in queryset if self.has_change_permission(request, user)]
        for user in people:
            services.disable_totp(user=user, actor=_actor(request))
        text = ngettext("Removed from %d person.", "Removed from %d people.", len(people))
        self._say(request, text % len(people))

    @admin.action(description=_("Deactivate"), permissions=["change"])
    def deactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        people = [user for user in queryset if user != request.user and self.has_change_permission(request, user)]
        for user in people:
            services.set_active(user=user, is_active=False, actor=_actor(request))
        self._say(request, ngettext("%d person deactivated.", "%d people deactivated.", len(people)) % len(people))

    def _say(self, request: HttpRequest, text: str) -> None:
        self.message_user(request, text, messages.SUCCESS)


@admin.register(RolePolicy)
class RolePolicyAdmin(admin.ModelAdmin[RolePolicy]):
    list_display = ["role", "require_totp"]
    list_filter = ["require_totp"]
    search_fields = ["role"]

    def save_model(self, request: HttpRequest, obj: RolePolicy, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        tell_policy_change(obj, _actor(request))

    def delete_model(self, request: HttpRequest, obj: RolePolicy) -> None:
        obj.require_totp = False
        tell_policy_change(obj, _actor(request))
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[RolePolicy]) -> None:
        for policy in queryset:
            self.delete_model(request, policy)


@admin.register(AccessScope)
class AccessScopeAdmin(ReadOnlyAdmin[AccessScope]):
    """All limits at a glance; they are set on the person."""

    list_display = ["user", "kind", "object_name"]
    list_filter = ["kind"]
    search_fields = ["user__username", "user__display_name"]
    list_select_related = ["user"]

    @admin.display(description=_("object"))
    def object_name(self, scope: AccessScope) -> str:
        kind = scope_kind(scope.kind)
        names = dict(kind.choices()) if kind else {}
        return names.get(scope.object_id, str(scope.object_id))


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin[ApiKey]):
    list_display = ["name", "prefix", "scope_kind", "scope_object_id", "last_used_at", "expires_at", "revoked_at"]
    list_filter = ["scope_kind", "revoked_at"]
    search_fields = ["name", "prefix"]
    fields = [
        "name",
        "prefix",
        "scope_kind",
        "scope_object_id",
        "created_by",
        "created_at",
        "last_used_at",
        "expires_at",
        "revoked_at",
    ]
    actions = ["revoke"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiKey]:
        return api_keys(request.user)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.manage_api_keys")

    def has_view_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return request.user.has_perm("accounts.manage_api_keys")

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.manage_api_keys")

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Make a key and show it once; it is never kept, not even in a message."""
        if not self.has_add_permission(request):
            raise PermissionDenied("accounts.manage_api_keys")
        form = ApiKeyForm(request.POST or None, user=cast("User", request.user))
        context = {**self.admin_site.each_context(request), "opts": self.opts, "title": _("New API key")}
        if request.method == "POST" and form.is_valid():
            try:
                context |= _make_key(form, request)
            except DomainError as error:
                form.add_error(error.field if error.field in form.fields else None, str(error))
            else:
                return TemplateResponse(request, "admin/accounts/apikey/created.html", context)
        return TemplateResponse(request, "admin/accounts/apikey/new.html", {**context, "form": form})

    @admin.action(description=_("Revoke"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        revoked = 0
        for key in queryset:
            try:
                services.revoke_api_key(key_id=key.pk, actor=_actor(request))
            except Conflict:
                continue  # revoked before: the wish is fulfilled already
            revoked += 1
        text = ngettext("%d key revoked.", "%d keys revoked.", revoked) % revoked
        self.message_user(request, text, messages.SUCCESS)


@admin.register(RoleGroup)
class RoleGroupAdmin(ReadOnlyAdmin[RoleGroup]):
    """The roles with their rights, to look at: the matrix lives in code and migrate writes it here."""

    search_fields = ["name"]
    list_display = ["__str__", "people"]
    fields = ["role", "people", "rights"]
    readonly_fields = ["role", "people", "rights"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[RoleGroup]:
        return super().get_queryset(request).annotate(people_count=Count("user", filter=Q(user__is_active=True)))

    @admin.display(description=_("role"))
    def role(self, group: RoleGroup) -> str:
        return str(group)

    @admin.display(description=_("people"))
    def people(self, group: RoleGroup) -> int:
        return int(group.people_count)  # type: ignore[attr-defined]  # annotated above

    @admin.display(description=_("rights"))
    def rights(self, group: RoleGroup) -> str:
        held = group.permissions.order_by("content_type__app_label", "codename")
        domains: dict[str, list[str]] = {}
        for label, codename, name in held.values_list("content_type__app_label", "codename", "name"):
            domains.setdefault(_domain(label), []).append(capfirst(right_in_words(f"{label}.{codename}") or name))
        lists = (
            (domain, format_html_join("", "<li>{}</li>", ((text,) for text in texts)))
            for domain, texts in domains.items()
        )
        return format_html_join("", "<h3>{}</h3><ul>{}</ul>", lists)


@admin.register(FailedSignIn)
class FailedSignInAdmin(ReadOnlyAdmin[FailedSignIn]):
    """Failed sign-ins that still count; an administrator unlocks on the person."""

    list_display = ["attempt_time", "username", "ip_address", "failures_since_start"]
    list_filter = ["attempt_time"]
    search_fields = ["username", "ip_address"]
    fields = ["attempt_time", "username", "ip_address", "user_agent", "failures_since_start"]


@admin.register(AuthenticatorApp)
class AuthenticatorAppAdmin(ReadOnlyAdmin[AuthenticatorApp]):
    """Who has one; its secret is shown to nobody."""

    list_display = ["user", "confirmed", "created_at", "last_used_at"]
    list_filter = ["confirmed"]
    list_select_related = ["user"]
    search_fields = ["user__username", "user__display_name"]
    fields = ["user", "confirmed", "created_at", "last_used_at"]


# Roles stand in for groups. The devices' own pages would show secrets and recovery codes to administrators;
# a lost device is removed by an action on the person.
for hidden in (Group, StaticDevice):
    admin.site.unregister(hidden)


def _domain(app_label: str) -> str:
    """The heading of an app's rights. What sign-in, sessions and roles are made of stands with the accounts."""
    ours = app_label if app_label in matrix() else "accounts"
    return str(apps.get_app_config(ours).verbose_name)


def _make_key(form: ApiKeyForm, request: HttpRequest) -> dict[str, Any]:
    kind, object_id = form.cleaned_data["scope"]
    key, token = services.create_api_key(
        name=form.cleaned_data["name"],
        actor=_actor(request),
        scope_kind=kind,
        scope_object_id=object_id,
        expires_at=form.cleaned_data["expires_at"],
    )
    return {"key": key, "token": token}


def _scope_field(kind: ScopeKind) -> forms.Field:
    return forms.TypedMultipleChoiceField(
        label=kind.label,
        choices=lambda: list(kind.choices()),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None ticked: not limited."),
    )


def _actor(request: HttpRequest) -> Actor:
    return Actor.for_user(request.user)


def _is_superuser(request: HttpRequest) -> bool:
    return bool(request.user.is_superuser)
