"""The rules that a person gave at gates, by project. They are in the person's own state."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from agent_tui.config.files import ConfigError, path_key, read_config, write_state
from agent_tui.domain.rules import Rule


class GivenRules:
    """Implements :class:`agent_tui.ports.RuleStore` for one project.

    A store that cannot be read holds no rules; it is not overwritten then.

    Args:
        file: Where the rules of all projects are kept, readable by their owner only.
        root: Top of the project's working tree.
    """

    def __init__(self, file: Path, root: Path) -> None:
        self.file = file
        self._project = path_key(root)

    def rules(self) -> tuple[Rule, ...]:
        """The project's rules; those that cannot be understood are left out."""
        try:
            return self._rules(self._read())
        except OSError:
            return ()

    def add(self, rules: Sequence[Rule]) -> None:
        """Keep more of them; one that is there already is not kept twice.

        Raises:
            OSError: If they cannot be kept.
        """
        projects = self._read()
        kept = list(self._rules(projects))
        self._write(projects, [*kept, *(rule for rule in rules if rule not in kept)])

    def remove(self, number: int) -> Rule | None:
        """Forget the rule with that number, counted from 1.

        Returns:
            The rule, or None when there is none with that number.

        Raises:
            OSError: If that cannot be kept.
        """
        projects = self._read()
        kept = list(self._rules(projects))
        if not 1 <= number <= len(kept):
            return None
        gone = kept.pop(number - 1)
        self._write(projects, kept)
        return gone

    def _rules(self, projects: Mapping[str, Any]) -> tuple[Rule, ...]:
        entries = projects.get(self._project)
        rules = []
        for entry in entries if isinstance(entries, list) else ():
            try:
                rules.append(Rule.model_validate(entry))
            except ValidationError:
                continue  # of another version, perhaps: it allows nothing
        return tuple(rules)

    def _read(self) -> dict[str, Any]:
        try:
            projects = json.loads(read_config(self.file) or b"{}")
        except (ConfigError, ValueError, RecursionError) as error:
            raise OSError(0, f"{self.file} cannot be read; move it away") from error
        if not isinstance(projects, dict):
            raise OSError(0, f"{self.file} holds no rules; move it away")
        return projects

    def _write(self, projects: dict[str, Any], rules: Sequence[Rule]) -> None:
        projects[self._project] = [
            rule.model_dump(mode="json", exclude_defaults=True) for rule in rules
        ]
        write_state(self.file, projects)
