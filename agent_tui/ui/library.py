"""The list of sessions behind the home screen: read, searched and labelled."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from textual.fuzzy import FuzzySearch

from agent_tui.bootstrap.environment import Environment, Options, load_configuration, open_store
from agent_tui.sessions.catalog import Catalog
from agent_tui.sessions.labels import Labels, read_labels, write_labels
from agent_tui.sessions.query import parse_query
from agent_tui.sessions.summary import SessionSummary


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which sessions to show.

    Attributes:
        text: Words and terms as :func:`agent_tui.sessions.query.parse_query` reads them; "" for
            all sessions of this repository.
        archived: Also those that are archived.
        fresh: After reading what changed since the last time; else what was known, at once.
    """

    text: str = ""
    archived: bool = False
    fresh: bool = True


@dataclass(frozen=True, slots=True)
class Listed:
    """What a question found.

    Attributes:
        sessions: The best first for words, else the latest.
        all_repos: Whether they are of several repositories.
        nearly: Whether none has the words, and these are only called nearly so.
        elsewhere: Where there are none here: how many there are of other repositories.
    """

    sessions: list[SessionSummary]
    all_repos: bool = False
    nearly: bool = False
    elsewhere: int = 0


def read_list(env: Environment, wanted: Wanted) -> Listed:
    """The sessions that are asked for. Blocks.

    Raises:
        LogError: If the sessions' folder cannot be read.
        QueryError: If a term means nothing.
    """
    query = parse_query(wanted.text, env.facts.root)
    now = env.clock.now()
    nearly = False
    catalog = Catalog(env.store)
    try:
        if query.words:
            if wanted.fresh:
                catalog.refresh()
            found = [hit.summary for hit in catalog.search(query.words)]
        else:
            found = catalog.refresh() if wanted.fresh else catalog.known()
        if wanted.archived and not any(key == "archived" for key, _ in query.terms):
            query = replace(query, terms=(*query.terms, ("archived", "yes")))
        sessions = [session for session in found if query.fits(session, now)]
        if query.words and not sessions:
            nearly = True
            sessions = _nearly(query.words, [s for s in catalog.known() if query.fits(s, now)])
    finally:
        catalog.close()
    repos = any(key == "repo" for key, _ in query.terms)
    elsewhere = 0
    if not sessions and not wanted.text:
        everywhere = parse_query("repo:all", env.facts.root)
        elsewhere = sum(everywhere.fits(session, now) for session in found)
    return Listed(sessions, repos, nearly and bool(sessions), elsewhere)


def _nearly(words: str, sessions: list[SessionSummary]) -> list[SessionSummary]:
    """Sessions whose name, request or tags have the letters in that order, the best first."""
    fuzzy = FuzzySearch()
    scored = []
    for number, session in enumerate(sessions):
        told = f"{session.title} {' '.join(session.labels.tags)} {session.id}"[:300]
        score = fuzzy.match(words, told)[0]
        if score > 0:
            scored.append((-score, number, session))
    return [session for _, _, session in sorted(scored)[:50]]


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
