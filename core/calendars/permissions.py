from core.accounts.roles import grant

grant("calendars", {"view_businesscalendar": set()})
