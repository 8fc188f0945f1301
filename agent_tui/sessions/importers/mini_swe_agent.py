"""mini-swe-agent: ``.traj.json``, ``{info, messages}`` or, of old, the bare list of messages."""

import re
from collections.abc import Iterator
from decimal import Decimal

from agent_tui.domain.base import ModelRef
from agent_tui.domain.usage import Usage
from agent_tui.sessions.importers.builder import Builder
from agent_tui.sessions.importers.reading import Reading
from agent_tui.sessions.importers.sniff import Head
from agent_tui.sessions.importers.source import parse
from agent_tui.sessions.importers.tools import git_patch, json_arguments
from agent_tui.sessions.importers.values import (
    Object,
    items,
    joined,
    model_ref,
    money,
    number,
    obj,
    objects,
    text,
    time_of,
)

NAME = "mini-swe-agent"
AGENT = "mini-swe-agent"
UNKNOWN = ("The edits one by one: the agent works by shell, and the source has the final patch.",)
_BLOCK = re.compile(r"```(?:mswea_bash_command|bash|sh)\s*\n(.*?)\n?```", re.DOTALL)
_RESULT = re.compile(
    r"\s*<returncode>\s*(-?\d{1,6})\s*</returncode>\s*(?:<output>\n?)?(.*?)(?:</output>\s*)?",
    re.DOTALL,
)


def matches(head: Head) -> bool:
    """A value with ``trajectory_format: mini-swe-agent…``, or a bare list of messages."""
    value = head.value
    if isinstance(value, dict):
        if text(value.get("trajectory_format")).startswith("mini-swe-agent"):
            return True
        return "messages" in value and "mini_version" in obj(value.get("info"))
    first = obj(items(value)[0]) if items(value) else {}
    return first.get("role") == "system" and "content" in first


def read(reading: Reading) -> None:
    """Tell the builder the task, each command with its result, and the submission."""
    account = reading.account("record")
    value = parse(reading.source.whole())
    info = obj(obj(value).get("info"))
    messages = items(value) or items(obj(value).get("messages"))
    reader = _Reader(reading.out, info)
    for position, message in enumerate(messages, 1):
        if not isinstance(message, dict):
            account.add(position, "message", "kept raw", "no object")
            continue
        role = text(message.get("role")) or text(message.get("type")) or "no role"
        reason = reader.message(message, role, position)
        account.add(position, role, "dropped" if reason else "imported", reason)
    reader.end()


class _Reader:
    def __init__(self, out: Builder, info: Object) -> None:
        self.out = out
        self.info = info
        config = obj(info.get("config"))
        out.about(version=text(info.get("mini_version")))
        out.where(folder=text(obj(config.get("environment")).get("cwd")))
        name = text(obj(config.get("model")).get("model_name"))
        self.model: ModelRef | None = model_ref("unknown", name)
        self._asked = False
        self._waiting: list[str] = []
        self._priced = Decimal(0)
        self._calls = 0
        self._counted = False

    def message(self, message: Object, role: str, position: int) -> str:
        """Tell a message; why it is left out, or nothing."""
        out = self.out
        extra = obj(message.get("extra"))
        at = time_of(extra.get("timestamp"))
        said = joined(message.get("content"))
        if role == "system":
            return "instructions of the agent's program"
        if role in ("user", "tool") and (self._waiting or role == "tool"):
            self._result(message, said)
        elif role == "user":
            if self._asked:
                out.notice(said, at)
            else:
                out.request(said, at)
            self._asked = True
        elif role == "assistant":
            self._assistant(message, extra, said, position)
        elif role == "exit":
            return "the submission, which is taken from the end of the file"
        else:
            out.notice(said, at)
        return ""

    def _assistant(self, message: Object, extra: Object, said: str, position: int) -> None:
        response = obj(extra.get("response"))
        at = time_of(extra.get("timestamp")) or time_of(response.get("created"))
        choice = obj(next(objects(response.get("choices")), {}).get("message"))
        self.out.thinks(text(choice.get("reasoning")), at, self.model)
        self.out.says(said, at, self.model)
        self._waiting = []
        for call, command in _commands(message, extra, said, position):
            self._waiting.append(call)
            self.out.called(call, "bash", {"command": command}, at, self.model)
        usage = obj(response.get("usage"))
        if usage:
            dollars = money(extra.get("cost")) if "cost" in extra else money(usage.get("cost"))
            self._counted = True
            self._priced += dollars or 0
            answer = text(response.get("id")) or f"message-{position}"
            self.out.answered(answer, _usage(usage), at, dollars=dollars, model=self.model)

    def _result(self, message: Object, said: str) -> None:
        extra = obj(message.get("extra"))
        named = text(message.get("tool_call_id"))
        call = named if named in self._waiting else (self._waiting or [named or "result"])[0]
        if call in self._waiting:
            self._waiting.remove(call)
        code = extra.get("returncode")
        output = text(extra.get("raw_output")) if "raw_output" in extra else said
        stated = _RESULT.fullmatch(said)
        if code is None and stated:
            code, output = int(stated[1]), stated[2]
        ok = code == 0 or (code is None and not stated)
        head = f"exit code {code}\n" if isinstance(code, int) and code else ""
        self.out.returned(call, ok, head + output, time_of(extra.get("timestamp")))

    def end(self) -> None:
        stats = obj(self.info.get("model_stats"))
        total = money(stats.get("instance_cost"))
        if not self._counted and number(stats.get("api_calls")):
            self.out.note("Tokens by call: this version records the cost of the run alone.")
            self.out.answered("the whole run", Usage(), None, dollars=total, model=self.model)
        elif total is not None and abs(total - self._priced) > Decimal("0.000001"):
            self.out.note(f"The calls cost ${self._priced}; the source's own sum is ${total}.")
        submission = text(self.info.get("submission"))
        try:
            if submission.strip():
                git_patch(self.out.files, submission)
        except ValueError:
            self.out.note("The final patch is cut short; it is left out.")
        status = text(self.info.get("exit_status"))
        if status and status != "Submitted":
            self.out.failed(None, f"The run ended with: {status}")


def _commands(
    message: Object, extra: Object, said: str, position: int
) -> Iterator[tuple[str, str]]:
    told = False
    for order, action in enumerate(objects(extra.get("actions"))):
        told = True
        call = text(action.get("tool_call_id")) or f"message-{position}-{order}"
        yield call, text(action.get("command")) or text(action.get("action"))
    if told:
        return
    for order, asked in enumerate(objects(message.get("tool_calls"))):
        told = True
        arguments = obj(json_arguments(obj(asked.get("function")).get("arguments")))
        name = text(asked.get("id")) or f"message-{position}-{order}"
        yield name, text(arguments.get("command"))
    found = _BLOCK.search(said)
    if not told and found:
        yield f"message-{position}", found[1]


def _usage(usage: Object) -> Usage:
    read = number(obj(usage.get("prompt_tokens_details")).get("cached_tokens"))
    details = obj(usage.get("completion_tokens_details"))
    return Usage(
        input_tokens=number(usage.get("prompt_tokens")),
        cache_read_tokens=read,
        output_tokens=number(usage.get("completion_tokens")),
        reasoning_tokens=number(details.get("reasoning_tokens")),
    )
