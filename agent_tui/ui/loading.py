"""Modules that are imported when they are first needed."""

from __future__ import annotations

import asyncio
import importlib
from typing import Any


async def imported(name: str) -> Any:
    """A module, imported in a thread: the event loop goes on meanwhile."""
    return await asyncio.to_thread(importlib.import_module, name)
