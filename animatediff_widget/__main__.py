"""``python -m animatediff_widget`` is ``animatediff-widget``."""

import sys

from animatediff_widget.cli.main import main

sys.exit(main())
