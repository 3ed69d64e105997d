"""Lines that a pipeline would take for commands: text of a pull request must not steer the job that prints it.

GitHub Actions obeys lines that begin with `::`, Azure Pipelines and GitHub with `##[` and `##vso[`, TeamCity with
`##teamcity[`; blanks before them don't count.
Source: https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

import os
import re
import sys
from typing import Any, TextIO, cast

_JOBS = ("CI", "GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD", "TEAMCITY_VERSION")
"""Variables that pipelines set."""
_COMMAND = re.compile(r"^([^\S\n]*)(?:(::)|(##))", re.M)


def guard() -> None:
    """In a pipeline's job, let no line of stdout or stderr be a command."""
    if any(os.environ.get(name) for name in _JOBS):
        sys.stdout = cast("TextIO", _Guarded(sys.stdout))
        sys.stderr = cast("TextIO", _Guarded(sys.stderr))


class _Guarded:
    """A text stream of whole lines, none of which begins a command."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._held = ""
        """The last line, until its end comes."""
        self._begun = False
        """Whether its beginning is written already."""

    def write(self, text: str) -> int:
        """Take text, and write the lines that are complete."""
        *lines, self._held = (self._held + text).split("\n")
        for line in lines:
            self._stream.write(f"{self._plain(line)}\n")
            self._begun = False
        return len(text)

    def flush(self) -> None:
        """Write what there is of the last line too."""
        if self._held:
            self._stream.write(self._plain(self._held))
            self._held, self._begun = "", True
        self._stream.flush()

    def _plain(self, line: str) -> str:
        return line if self._begun else plain(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def plain(text: str) -> str:
    """Text whose lines are no commands: a blank parts the marks that would begin one.

    >>> plain("a\\n  ::error::b\\n##[group]")
    'a\\n  : :error::b\\n# #[group]'
    """
    return _COMMAND.sub(lambda match: match[1] + (": :" if match[2] else "# #"), text)
