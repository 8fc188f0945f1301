from agent_tui.ui.grace import MAX_DEAF_S, Grace


def test_who_goes_on_typing_is_waited_for_but_not_for_ever() -> None:
    now = 10.0
    waits: list[float] = []
    grace = Grace(0.5, waits.append, lambda: now)
    assert grace.deaf("gate-1")
    while grace.deaf("gate-1"):
        grace.typed()
        now += 0.25
    assert MAX_DEAF_S <= now - 10.0 < MAX_DEAF_S + 0.25
    assert max(waits) == 0.5
    assert grace.deaf("gate-2")
    now += 0.5
    assert not grace.deaf("gate-2")
