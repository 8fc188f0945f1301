"""What a command sees of the environment: no secrets, and nothing that steers git."""

import os
import re
from collections.abc import Mapping

from agent_tui.workspace.git import USER_CONFIG
from agent_tui.workspace.keys import model_keys

_SECRET = re.compile(
    r"KEY|TOKEN|SECRET|PASSW|PASSPHRASE|CREDENTIAL|AUTH|COOKIE|SESSION|PRIVATE|SIGNATURE|WEBHOOK"
    r"|CONNECTION_STRING|DATABASE_URL|NETRC|KUBECONFIG|_PAT$|_DSN$|^PGPASS",
    re.I,
)
_OWNERS = re.compile(
    r"(ANTHROPIC|OPENAI|AZURE|AWS|GOOGLE|GCP|GCLOUD|GEMINI|GITHUB|GH|GITLAB|MISTRAL|GROQ|COHERE"
    r"|DEEPSEEK|OPENROUTER|XAI|VAULT|TWINE|GIT|SSH|GPG|AGENT_TUI)_",
    re.I,
)
_PASSWORD_IN_URL = re.compile(r"\w+://[^/\s@]+@")


def scrubbed_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment without what looks like a secret by its name, its owner or its value.

    Args:
        extra: Variables that are added as they are.
    """
    keys = model_keys()
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in USER_CONFIG
        or not (
            name in keys
            or _SECRET.search(name)
            or _OWNERS.match(name)
            or _PASSWORD_IN_URL.search(value)
        )
    }
    return {**kept, "TERM": "dumb", "NO_COLOR": "1", **(extra or {})}


def own_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The person's environment, for their own commands, without what redirects git.

    The keys of models are left out as well: no command of the person's needs ours.
    """
    keys = model_keys()
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in USER_CONFIG or not (name in keys or name.startswith("GIT_"))
    }
    return {**kept, **(extra or {})}
