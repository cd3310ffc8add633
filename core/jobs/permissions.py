from core.accounts.roles import grant

VIEW_ALL = "jobs.view_all_jobs"

# Everybody sees and minds their own jobs; managers those of everybody.
grant("jobs", {"view_all_jobs": set()})
