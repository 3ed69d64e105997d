"""Objects as YAML text, the same bytes from run to run."""

from __future__ import annotations

from typing import Any

import yaml

_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def yaml_text(value: Any) -> str:
    """A value as a YAML document: keys in their own order, a value on one line.

    >>> yaml_text({"b": 1, "a": ["x"]})
    'b: 1\\na:\\n- x\\n'
    """
    return str(yaml.dump(value, Dumper=_DUMPER, sort_keys=False, width=1_000_000, allow_unicode=True))
