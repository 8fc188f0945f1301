"""SWE-agent: one ``.traj`` file, ``{trajectory[], history[], info{submission, model_stats}}``."""

from agent_tui.domain.usage import Usage
from agent_tui.sessions.importers.reading import Reading
from agent_tui.sessions.importers.sniff import Head
from agent_tui.sessions.importers.source import parse
from agent_tui.sessions.importers.tools import git_patch
from agent_tui.sessions.importers.values import (
    Object,
    items,
    joined,
    money,
    number,
    obj,
    objects,
    text,
)

NAME = "swe-agent"
AGENT = "SWE-agent"
UNKNOWN = (
    "The edits one by one: the source has the final patch alone, and it stands at the end.",
    "Whether a command succeeded: the source has its output, and no exit code.",
    "Tokens and cost by call: the source has those of the whole run.",
)


def matches(head: Head) -> bool:
    """A value with a ``trajectory`` of actions and observations."""
    steps = items(obj(head.value).get("trajectory"))
    return bool(steps) and "action" in obj(steps[0]) and "observation" in obj(steps[0])


def read(reading: Reading) -> None:
    """Tell the builder the task, each action with what came of it, and the submission."""
    out = reading.out
    account = reading.account("record")
    value = obj(parse(reading.source.whole()))
    info = obj(value.get("info"))
    steps = items(value.get("trajectory"))
    folder = next((found for step in steps if (found := _folder(obj(step)))), "")
    out.where(folder=folder)
    out.about(version=text(info.get("swe_agent_version")))
    history = list(objects(value.get("history")))
    out.request(_task(history), None)
    for position, step in enumerate(steps, 1):
        if not isinstance(step, dict):
            account.add(position, "step", "kept raw", "no object")
            continue
        out.says(text(step.get("thought")) or text(step.get("response")), None)
        action = text(step.get("action"))
        if action.strip():
            call = f"action-{position}"
            out.called(call, "shell", {"command": action.rstrip("\n")}, None)
            out.returned(call, True, text(step.get("observation")), None)
        account.add(position, "step", "imported")
    _submission(reading, info)
    if history:
        out.note(
            f"The {len(history)} messages of `history` repeat the trajectory; the task is taken "
            "from them."
        )


def _submission(reading: Reading, info: Object) -> None:
    out = reading.out
    stats = obj(info.get("model_stats"))
    if number(stats.get("api_calls")) or number(stats.get("tokens_sent")):
        usage = Usage(
            input_tokens=number(stats.get("tokens_sent")),
            output_tokens=number(stats.get("tokens_received")),
        )
        out.answered("the whole run", usage, None, dollars=money(stats.get("instance_cost")))
    submission = text(info.get("submission"))
    try:
        if submission.strip() and not git_patch(out.files, submission):
            out.notice(f"Submitted: {submission}", None)
    except ValueError:
        out.note("The final patch is cut short; it is left out.")
    status = text(info.get("exit_status"))
    if status and not status.startswith("submitted"):
        out.failed(None, f"The run ended with: {status}")


def _folder(step: Object) -> str:
    state = step.get("state")
    if isinstance(state, str):
        try:
            state = parse(state.encode())
        except ValueError:
            return ""
    return text(obj(state).get("working_dir"))


def _task(history: list[Object]) -> str:
    users = [m for m in history if m.get("role") == "user" and not m.get("is_demo")]
    said = joined(users[0].get("content")) if users else ""
    return said.strip() or "(the source does not say what was asked)"
