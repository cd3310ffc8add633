"""Console pages of accounts and audit: they use the kit of core.ui, which those two lie below."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.accounts.enums import Role
from core.audit.words import register_action_labels
from core.console import activity, api_keys, system
from core.ui.changes import register_change_names
from core.ui.create import register_create
from core.ui.setup_links import register_setting

__all__ = ["activity", "api_keys", "system"]

PEOPLE = _("People and access")

register_setting(
    PEOPLE,
    _("People"),
    "admin:accounts_user_changelist",
    "accounts.view_user",
    description=_("Who may sign in, with which roles, limited to which warehouses and channels."),
    icon="users",
    order=10,
)
register_setting(
    PEOPLE,
    _("Two-factor sign-in by role"),
    "admin:accounts_rolepolicy_changelist",
    "accounts.view_rolepolicy",
    description=_("Roles whose people must sign in with an authenticator app."),
    icon="shield-lock",
    order=20,
)
register_setting(
    PEOPLE,
    _("API keys"),
    "console:api_keys",
    "accounts.manage_api_keys",
    description=_("Keys with which other programs send orders and read data."),
    icon="key",
    order=30,
)
register_setting(
    _("System"),
    _("Activity log"),
    "console:activity",
    "audit.view_auditentry",
    description=_("Who did what, when and why."),
    icon="history",
    order=90,
)
register_setting(
    _("System"),
    pgettext_lazy("page", "System"),
    "console:system",
    "accounts.manage_system",
    description=_("Workers, queues, stages, outbox, carriers and jobs: what runs, what waits, what failed."),
    icon="activity-heartbeat",
    order=80,
)
register_create(_("API key"), "console:api_key_create", "accounts.manage_api_keys", icon="key", order=900)
register_change_names(
    "accounts.user",
    {
        "roles": (_("Roles"), dict(Role.choices)),
        "channel": (_("Channels"), {}),
        "warehouse": (_("Warehouses"), {}),
    },
)
register_action_labels(
    {
        "accounts.signed_in": (_("Signed in"), "login", "neutral"),
        "accounts.signed_out": (_("Signed out"), "logout", "neutral"),
        "accounts.user_created": (_("Person added"), "user-plus", "success"),
        "accounts.user_changed": (_("Person changed"), "user-edit", "info"),
        "accounts.user_activated": (_("Person let in again"), "user-check", "success"),
        "accounts.user_deactivated": (_("Person deactivated"), "user-off", "warning"),
        "accounts.profile_changed": (_("Profile changed"), "user-edit", "info"),
        "accounts.roles_set": (_("Roles changed"), "users-group", "info"),
        "accounts.scopes_set": (_("Limits changed"), "lock", "info"),
        "accounts.password_changed": (_("Own password changed"), "password", "info"),
        "accounts.password_set": (_("Password set by an administrator"), "password", "warning"),
        "accounts.sign_in_unlocked": (_("Sign-in unlocked"), "lock-open", "info"),
        "accounts.totp_set_up": (_("Two-factor sign-in switched on"), "shield-check", "success"),
        "accounts.totp_removed": (_("Two-factor sign-in removed"), "shield-off", "warning"),
        "accounts.recovery_codes_renewed": (_("Recovery codes renewed"), "refresh", "info"),
        "accounts.role_policy_set": (_("Role policy changed"), "shield-lock", "warning"),
        "accounts.api_key_created": (_("API key created"), "key", "success"),
        "core.stage_retried": (_("Stage run again"), "refresh", "info"),
        "outbox.delivery_retried": (_("Delivered again"), "refresh", "info"),
        "accounts.api_key_revoked": (_("API key revoked"), "key-off", "warning"),
    }
)
