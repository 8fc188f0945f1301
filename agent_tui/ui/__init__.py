"""The terminal front end. Modules outside ``render/`` are light: they are imported before the first
paint, so they know no domain values; ``render/`` turns values into rows and is imported behind it.
"""

import os

# Textual writes what changed to the terminal at the next of so many moments in a second: with its
# own 60 a key waits up to 17 ms for its turn. It does not write more often than something changes.
os.environ.setdefault("TEXTUAL_FPS", "240")
