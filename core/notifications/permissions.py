from core.accounts.roles import grant

VIEW_LOG = "notifications.view_outgoingmessage"
RESEND = "notifications.resend_message"

# Everybody sees their own notifications; the texts and the send log are the managers'.
grant(
    "notifications",
    {"change_messagetemplate": set(), "view_outgoingmessage": set(), "resend_message": set()},
)
