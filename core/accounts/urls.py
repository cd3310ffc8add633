from django.urls import path

from core.accounts.views import profile, session, two_factor

app_name = "accounts"

urlpatterns = [
    path("login/", session.SignIn.as_view(), name="sign_in"),
    path("logout/", session.sign_out, name="sign_out"),
    path("login/verify/", two_factor.verify, name="two_factor_verify"),
    path("language/", session.set_language, name="set_language"),
    path("profile/", profile.profile, name="profile"),
    path("profile/password/", profile.password, name="password"),
    path("profile/email/", profile.email, name="email"),
    path("profile/preferences/", profile.preferences, name="preferences"),
    path("profile/two-factor/", two_factor.set_up, name="two_factor_set_up"),
    path("profile/two-factor/codes/", two_factor.recovery_codes, name="recovery_codes"),
    path("profile/two-factor/disable/", two_factor.disable, name="two_factor_disable"),
]
