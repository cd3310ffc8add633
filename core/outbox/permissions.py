from core.accounts.roles import grant

grant("outbox", {"view_outboxevent": set(), "view_handlerfailure": set(), "retry_event": set()})
grant("core", {"view_stagerun": set()})
