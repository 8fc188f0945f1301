"""The only wiring: from settings and a repository to a session that can run or be read."""

from agent_tui.bootstrap.documents import write_document
from agent_tui.bootstrap.environment import (
    USER_ERRORS,
    Environment,
    Options,
    UsageError,
    demo_options,
    load_configuration,
    open_environment,
    open_store,
    project_rules,
)
from agent_tui.bootstrap.live import LiveSession, resume_session, run_demo, start_session
from agent_tui.bootstrap.models import preset_settings
from agent_tui.bootstrap.review import ReviewWish, report_of, start_review
from agent_tui.bootstrap.saved import (
    find_saved,
    look_at,
    marks_file,
    saved_path,
    shipped_sessions,
)

__all__ = [
    "USER_ERRORS",
    "Environment",
    "LiveSession",
    "Options",
    "ReviewWish",
    "UsageError",
    "demo_options",
    "find_saved",
    "load_configuration",
    "look_at",
    "marks_file",
    "open_environment",
    "open_store",
    "preset_settings",
    "project_rules",
    "report_of",
    "resume_session",
    "run_demo",
    "saved_path",
    "shipped_sessions",
    "start_review",
    "start_session",
    "write_document",
]
