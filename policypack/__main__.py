"""The policy pack: the gate's rules, held by the engine at every preview and update. Serving it never returns.

The rules are those of the installed package, and the waivers those of the project that this folder stands in.
"""

import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
if (PROJECT / "src" / "ai_factory").is_dir():  # the package's own repository
    sys.path.insert(0, str(PROJECT / "src"))

from ai_factory.policypack.policies import serve  # noqa: E402

serve(PROJECT)
