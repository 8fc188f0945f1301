"""Replay: wherever one steps, the state is the fold of the records before."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent_tui.domain import events as e
from agent_tui.domain.fold import apply
from agent_tui.domain.state import State
from agent_tui.sessions.replay import Replay, Unit, fold

UNITS: tuple[Unit, ...] = ("record", "stop", "gate", "attempt")

MOVES = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["forward", "back"]), st.sampled_from(UNITS)),
        st.tuples(st.just("seek"), st.integers(-3, 60)),
        st.tuples(st.sampled_from(["start", "end"]), st.none()),
    ),
    max_size=40,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(moves=MOVES, interval=st.integers(1, 12))
def test_stepping_anywhere_equals_folding_from_scratch(
    records: list[e.Record], moves: list[tuple[str, object]], interval: int
) -> None:
    replay = Replay(records, interval=interval)
    for name, argument in moves:
        method = getattr(replay, name)
        state = method() if argument is None else method(argument)
        assert state == fold(records[: replay.position])
        assert replay.state == state
        wanted = records[replay.position - 1] if replay.position else None
        assert replay.record == wanted


def test_any_move_folds_at_most_an_interval(
    records: list[e.Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    from agent_tui.sessions import records as module

    folded = 0

    def counting(state: State, record: e.Record) -> State:
        nonlocal folded
        folded += 1
        return apply(state, record)

    monkeypatch.setattr(module, "apply", counting)
    replay = Replay(records, interval=5)
    replay.end()
    assert folded == len(records)
    for position in (*range(len(records), -1, -1), 17, 3, 30, 0, len(records)):
        folded = 0
        replay.seek(position)
        assert folded <= 5
        folded = 0
        assert replay.state.seq == position - 1
        assert folded == 0
    replay.start()
    for _ in records:
        folded = 0
        replay.forward()
        assert folded <= 1


@pytest.mark.parametrize("unit", UNITS)
def test_back_is_the_way_forward_in_reverse(records: list[e.Record], unit: Unit) -> None:
    replay = Replay(records)
    forward = [0]
    while replay.position < replay.length:
        replay.forward(unit)
        forward.append(replay.position)
    back = [replay.length]
    while replay.position:
        replay.back(unit)
        back.append(replay.position)
    assert back == forward[::-1]
    assert [p for p in replay.places(unit) if p < replay.length] == forward[1:-1]
    assert replay.forward("record").seq == 0


def test_stops_leave_out_what_streams(records: list[e.Record]) -> None:
    replay = Replay(records)
    skipped = set(range(1, len(records) + 1)) - set(replay.places("stop"))
    assert {type(records[p - 1].event) for p in skipped} == {e.StepOutput, e.ModelAnswered}


def test_gates_and_attempts(records: list[e.Record]) -> None:
    replay = Replay(records)
    gates = []
    for _ in replay.places("gate"):
        state = replay.forward("gate")
        assert state.gate is not None
        gates.append(state.gate.id)
    assert gates == ["g1", "d1", "d2"]
    replay.start()
    assert [replay.forward("attempt").attempt for _ in range(2)] == [1, 2]
    assert replay.forward("attempt") == replay.end()
    assert replay.back("attempt").attempt == 2
    revised = [*records, records[-1].model_copy(update={"seq": len(records), "event": _revision()})]
    assert len(Replay(revised).places("attempt")) == 2


def _revision() -> e.AttemptProposed:
    from agent_tui.domain.base import BlobRef

    return e.AttemptProposed(
        attempt=2,
        revision=2,
        tree="3" * 40,
        base_tree="2" * 40,
        patch=BlobRef(digest="5" * 64, size=1),
    )


def test_the_ends() -> None:
    empty = Replay([])
    assert empty.state == empty.forward() == empty.back() == empty.end() == State()
    assert empty.record is None
    with pytest.raises(ValueError, match="there is no position 1"):
        empty.state_at(1)
    with pytest.raises(ValueError, match="interval"):
        Replay([], interval=0)


def test_fold_goes_on_from_a_state(records: list[e.Record]) -> None:
    assert fold(records[7:], fold(records[:7])) == fold(records)
    assert fold([]) == State()
