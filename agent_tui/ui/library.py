"""The list of sessions behind the home screen: read, searched and labelled."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace

from agent_tui.bootstrap import Environment, Options, load_configuration, open_store
from agent_tui.sessions.catalog import Catalog
from agent_tui.sessions.labels import Labels, read_labels, write_labels
from agent_tui.sessions.summary import SessionSummary


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which sessions to show.

    Attributes:
        words: Only those in which these words were said, the best first; "" for all.
        archived: Also those that are archived.
        fresh: After reading what changed since the last time; else what was known, at once.
    """

    words: str = ""
    archived: bool = False
    fresh: bool = True


def read_list(env: Environment, wanted: Wanted) -> list[SessionSummary]:
    """The sessions of this repository. Blocks.

    Raises:
        LogError: If the sessions' folder cannot be read.
    """
    catalog = Catalog(env.store)
    try:
        if wanted.words:
            if wanted.fresh:
                catalog.refresh()
            found = [hit.summary for hit in catalog.search(wanted.words)]
        else:
            found = catalog.refresh() if wanted.fresh else catalog.known()
    finally:
        catalog.close()
    roots: dict[str, bool] = {"": False}
    root = os.path.realpath(env.facts.root)

    def here(summary: SessionSummary) -> bool:
        if summary.root not in roots:
            roots[summary.root] = os.path.realpath(summary.root) == root
        return roots[summary.root]

    return [s for s in found if here(s) and (wanted.archived or not s.labels.archived)]


def change_labels(env: Environment, session_id: str, change: Callable[[Labels], Labels]) -> Labels:
    """Change what a person calls a session. Blocks.

    Raises:
        LogError: If there is no such session, or its labels cannot be written.
    """
    folder = env.store.path(session_id)
    labels = change(read_labels(folder))
    write_labels(folder, labels)
    return labels


def toggled(labels: Labels) -> Labels:
    """Archived, or not archived any more."""
    return replace(labels, archived=not labels.archived)


def renamed(name: str) -> Callable[[Labels], Labels]:
    """Gives that name."""
    return lambda labels: replace(labels, name=name.strip()[:200])


def tagged(words: str) -> Callable[[Labels], Labels]:
    """Gives exactly those tags, separated by spaces."""
    return lambda labels: replace(labels, tags=tuple(dict.fromkeys(words.replace("#", "").split())))


def newest_sessions(options: Options, most: int = 200) -> list[SessionSummary]:
    """The sessions of all repositories that are not archived, the latest first. Blocks.

    Raises:
        ConfigError: If a settings file is wrong.
        LogError: If the sessions' folder cannot be read.
    """
    catalog = Catalog(open_store(options, load_configuration(options, None)))
    try:
        found = [row for row in catalog.refresh() if not row.labels.archived]
    finally:
        catalog.close()
    return found[:most]
