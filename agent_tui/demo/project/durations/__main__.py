import sys

from durations.cli import main

sys.exit(main())
