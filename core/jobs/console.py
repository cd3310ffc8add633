"""What jobs add to the console's frame."""

from django.utils.translation import gettext_lazy as _

from core.audit.words import register_action_labels
from core.jobs import list_jobs, views  # noqa: F401 - registers the kinds and the list
from core.jobs.selectors import open_count
from core.ui.topbar import TopbarItem, register_topbar

register_action_labels({"jobs.export_started": (_("Export started"), "download", "info")})
register_topbar(
    TopbarItem(
        code="jobs",
        label=_("Jobs in progress"),
        icon="progress",
        url_name="jobs:job_list",
        panel_url_name="jobs:panel",
        count=open_count,
        order=10,
    )
)
