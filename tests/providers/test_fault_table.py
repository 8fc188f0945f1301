"""Every fault that a provider can make has a test on a real connection, and here is which."""

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
WIRE = "providers/test_provider_faults.py"
LIVE = "live/test_live_faults.py"
FAULTS: dict[str, tuple[str, ...]] = {
    "401": (f"{WIRE}::test_a_status_has_its_kind", f"{LIVE}::LASTING[401]"),
    "403": (f"{WIRE}::test_a_status_has_its_kind", f"{LIVE}::LASTING[403]"),
    "404 model": (f"{WIRE}::test_a_status_has_its_kind", f"{LIVE}::LASTING[404]"),
    "400": (f"{WIRE}::test_a_status_has_its_kind", f"{LIVE}::LASTING[400]"),
    "413": (f"{WIRE}::test_a_status_has_its_kind", f"{LIVE}::LASTING[413]"),
    "429 without Retry-After": (f"{LIVE}::PASSING[429]",),
    "429, short": (f"{WIRE}::test_retry_after_is_told", f"{LIVE}::PASSING[429 for some seconds]"),
    "429, 300 s": (f"{LIVE}::LASTING[429 for 300 seconds]",),
    "429, a date": (f"{WIRE}::test_retry_after_is_told", f"{LIVE}::LASTING[429 until a date]"),
    "500": (f"{WIRE}::test_a_status_has_its_kind", f"{LIVE}::PASSING[500]"),
    "529": (f"{WIRE}::test_a_status_has_its_kind", f"{LIVE}::PASSING[529]"),
    "error in mid-stream with status 200": (
        f"{WIRE}::test_an_error_in_mid_stream_has_status_200",
        f"{LIVE}::PASSING[error in mid-stream]",
    ),
    "dropped stream": (f"{WIRE}::test_a_dropped_stream", f"{LIVE}::PASSING[dropped]"),
    "stalled stream": (
        f"{WIRE}::test_a_stalled_stream",
        f"{LIVE}::test_a_stalled_stream_is_tried_again_and_ends_at_a_gate",
        f"{LIVE}::test_without_a_screen_a_stalled_stream_leaves_a_session_to_resume",
    ),
    "end without a terminal event": (
        f"{WIRE}::test_an_end_without_a_terminal_event",
        f"{LIVE}::PASSING[no terminal event]",
    ),
    "HTML with status 200": (f"{WIRE}::test_a_200_that_is_no_stream", f"{LIVE}::PASSING[HTML]"),
    "malformed frames": (f"{WIRE}::test_a_malformed_frame", f"{LIVE}::PASSING[malformed]"),
    "unknown events": (f"{WIRE}::test_unknown_events_are_passed_over",),
    "refusal": (f"{WIRE}::test_a_refusal", f"{LIVE}::LASTING[refusal]"),
    "max_tokens": (f"{WIRE}::test_the_token_limit", f"{LIVE}::LASTING[max_tokens]"),
    "pause_turn": (f"{LIVE}::test_a_turn_that_pauses_is_sent_back",),
    "context window exceeded": (
        "providers/test_anthropic_model.py::test_a_full_context_window_is_named",
        f"{LIVE}::LASTING[too long]",
        "engine/test_window_and_forecast.py::test_a_window_that_nobody_knew_is_found_out_once",
    ),
    "structured output that is truncated": (f"{LIVE}::LASTING[truncated JSON]",),
    "structured output that breaks the schema": (f"{LIVE}::LASTING[another schema]",),
    "tool call with broken arguments": (
        f"{WIRE}::test_broken_arguments_reach_the_tool_as_they_are",
        f"{LIVE}::test_a_bad_tool_call_is_answered_and_the_coder_goes_on",
    ),
    "unknown tool": (f"{LIVE}::test_a_bad_tool_call_is_answered_and_the_coder_goes_on",),
    "empty answer": (
        f"{WIRE}::test_an_empty_answer_is_an_answer",
        f"{LIVE}::LASTING[empty]",
    ),
    "server vanishing between turns": (
        f"{WIRE}::test_a_server_that_vanishes_between_turns",
        f"{LIVE}::test_a_server_that_vanishes_between_turns",
    ),
    "all attempts used up": (f"{LIVE}::test_after_the_last_attempt_there_is_a_gate",),
    "cancelled by the person": (
        f"{WIRE}::test_cancelling_closes_the_connection",
        f"{LIVE}::test_stopping_closes_the_connection_and_keeps_what_came",
    ),
}


def cases(tree: ast.Module) -> set[str]:
    """The tests of a module, and the cases of its tables."""
    found: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
        if isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Dict):
            table = ast.unparse(node.target)
            keys = [key.value for key in node.value.keys if isinstance(key, ast.Constant)]
            found |= {f"{table}[{key}]" for key in keys}
    return found


@pytest.mark.parametrize("fault", FAULTS)
def test_it_has_a_test(fault: str) -> None:
    for place in FAULTS[fault]:
        file, _, name = place.partition("::")
        assert name in cases(ast.parse((TESTS / file).read_text("utf-8"))), place


def test_every_case_of_the_tables_is_for_a_fault() -> None:
    here = {place for places in FAULTS.values() for place in places}
    tables = {f"{LIVE}::{case}" for case in cases(ast.parse((TESTS / LIVE).read_text("utf-8")))}
    assert {case for case in tables if "[" in case} <= here
