"""Git repositories, worktrees and commands: what the engine's ``Workspace`` and ``Checks`` do."""
