"""The transcript of claude-replay: one turn a line, as ``{index, user_text, blocks[]}``."""

from agent_tui.sessions.importers.reading import Reading
from agent_tui.sessions.importers.sniff import Head
from agent_tui.sessions.importers.tools import edit_by_arguments, is_edit
from agent_tui.sessions.importers.values import Object, joined, obj, objects, text, time_of

NAME = "claude-replay"
AGENT = "claude-replay"
UNKNOWN = (
    "The model, its tokens and what they cost: the transcript leaves them out.",
    "The folder and the branch that the agent worked in.",
)


def matches(head: Head) -> bool:
    """Lines with ``user_text`` and ``blocks``."""
    return head.any_line("user_text", "blocks")


def read(reading: Reading) -> None:
    """Tell the builder each turn."""
    account = reading.account()
    calls = 0
    for line, size, record in reading.json_lines(account):
        if "blocks" not in record:
            reading.out.raw("record", record, size, line, None)
            account.add(line, "record", "kept raw", "a kind that is not known")
            continue
        reading.out.request(text(record.get("user_text")), time_of(record.get("timestamp")))
        for block in objects(record.get("blocks")):
            calls += 1
            _block(reading, block, f"call-{calls}")
        account.add(line, "turn", "imported")


def _block(reading: Reading, block: Object, call: str) -> None:
    out = reading.out
    at = time_of(block.get("timestamp"))
    if block.get("kind") == "thinking":
        out.thinks(text(block.get("text")), at)
    elif block.get("kind") == "tool_use":
        tool = obj(block.get("tool_call"))
        name, arguments = text(tool.get("name")), obj(tool.get("input"))
        ok = tool.get("is_error") is not True
        out.called(call, name, arguments, at)
        out.returned(call, ok, joined(tool.get("result")), time_of(tool.get("resultTimestamp")))
        if ok and is_edit(name):
            edit_by_arguments(out.files, name, arguments)
    else:
        out.says(text(block.get("text")), at)
