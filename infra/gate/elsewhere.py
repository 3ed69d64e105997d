"""The name by which gates of older commits ask this copy to plan its regions; see `sides.own_code`. Goes with 0.3."""

from __future__ import annotations

import sys

from .sides.own_code import main

if __name__ == "__main__":
    main(*sys.argv[1:])
