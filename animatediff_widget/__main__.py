"""``python -m animatediff_widget`` is ``animatediff-widget``."""

import sys

from .cli import main

sys.exit(main())
