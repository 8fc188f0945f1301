"""The HTML file in a real browser: steps, keys, no network, no script but its own, accessible."""

import re
from pathlib import Path

import pytest

from agent_tui.sessions.exporters.html import PANES
from tests.exporters.browser import Page, axe, browser
from tests.exporters.exporting import SHIPPED, hostile, made, shipped

SIZES = {"desktop": (1280, 800), "phone": (390, 800)}


def saved(folder: Path, data: bytes) -> Path:
    file = folder / "session.html"
    file.write_bytes(data)
    return file


def place(page: Page) -> str:
    return page.text("#place").split(" ")[0]


def test_the_same_session_gives_the_same_bytes() -> None:
    assert made(shipped(SHIPPED[0]), "html") == made(shipped(SHIPPED[0]), "html")


def test_only_differences_are_stored() -> None:
    page = made(shipped(SHIPPED[1]), "html").decode()
    templates = re.findall(r'<template id="p\d+">(.*?)</template>', page, re.DOTALL)
    assert len(templates) == len(set(templates))
    steps = page.count('"w":')
    assert steps > 20
    assert len(templates) < steps * len(PANES) / 2


def test_it_steps_by_keys_as_the_replay_does(tmp_path: Path) -> None:
    prepared = shipped("second-attempt-passes")
    file = saved(tmp_path, made(prepared, "html"))
    total = len(prepared.replay().places("stop"))
    with browser(tmp_path) as page:
        page.open(file)
        assert place(page) == f"{total}/{total}"
        assert "pass" in page.text("#verdict_title")
        page.key("Home")
        assert place(page) == f"1/{total}"
        assert "cope with what people" in page.text("#spec")
        page.key(".")
        assert "spec gate" in page.text("#caption")
        assert "Acceptance criteria" in page.text("#spec")
        page.key("ArrowRight", shift=True)
        assert "attempt 1" in page.text("#diff_title")
        page.key("ArrowRight", shift=True)
        assert "attempt 2" in page.text("#diff_title")
        before = place(page)
        page.key("ArrowLeft")
        page.key("ArrowRight")
        assert place(page) == before
        page.key("End")
        assert "committed" in page.text("#verdict")
        page.key("3")
        assert page.run("document.activeElement.id") == "verdict"
        page.key("?")
        assert page.run("document.getElementById('help').open") is True
        assert page.complaints == []
        assert set(page.requests) == {file.resolve().as_uri()}


def test_the_scrubber_goes_anywhere(tmp_path: Path) -> None:
    file = saved(tmp_path, made(shipped("person-steps-in"), "html"))
    with browser(tmp_path) as page:
        page.open(file)
        for wanted in (3, 30, 7, 1):
            page.run(
                f"(() => {{ const s = document.getElementById('scrub'); s.value = {wanted - 1};"
                "s.dispatchEvent(new Event('input')); })()"
            )
            assert place(page).startswith(f"{wanted}/")
            said = page.run("document.getElementById('scrub').getAttribute('aria-valuetext')")
            assert said.startswith(f"{wanted} of ")


def test_nothing_in_a_session_is_run_loaded_or_taken_for_markup(tmp_path: Path) -> None:
    file = saved(tmp_path, made(hostile(tmp_path), "html"))
    with browser(tmp_path) as page:
        page.open(file)
        for key in ("Home", *["ArrowRight"] * 12):
            page.key(key)
            assert page.run("document.querySelectorAll('img, script[src], iframe, a').length") == 0
            assert page.run("document.querySelectorAll('script').length") == 2
        assert page.run("document.title") != "owned"
        assert page.complaints == []
        assert set(page.requests) == {file.resolve().as_uri()}
        assert "<img src=x onerror=alert(1)>" in page.text("#spec")
        assert "\x1b" not in page.run("document.documentElement.outerHTML")


def test_what_is_put_into_it_later_does_not_run(tmp_path: Path) -> None:
    """The content security policy holds even if escaping failed somewhere."""
    data = made(shipped(SHIPPED[0]), "html")
    evil = b"<script>document.title='owned'</script><img src='http://127.0.0.1:9/x.png'></body>"
    file = saved(tmp_path, data.replace(b"</body>", evil))
    with browser(tmp_path) as page:
        page.open(file)
        assert page.run("document.title") != "owned"
        assert len(page.complaints) >= 2


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_it_passes_an_accessibility_check(size: str, dark: bool, tmp_path: Path) -> None:
    source = axe()
    width, height = SIZES[size]
    checked = 0
    with browser(tmp_path) as page:
        page.send("Page.setBypassCSP", enabled=True)  # for axe, which is put into the page
        for name, prepared, keys in (
            ("own", shipped("person-steps-in"), ("", "Home", ".")),
            ("foreign", hostile(tmp_path), ("",)),
        ):
            file = saved(tmp_path, made(prepared, "html"))
            page.open(file, width, height, dark=dark)
            page.run(source)
            for key in keys:
                if key:
                    page.key(key)
                found = page.run(
                    "axe.run().then(r => r.violations.map(v => v.id + ': '"
                    " + v.nodes.map(n => n.html.slice(0, 200)).join(' | ')))"
                )
                assert found == [], (name, key)
                checked += 1
    print(f"{checked} states checked, {size}, {'dark' if dark else 'light'}")
