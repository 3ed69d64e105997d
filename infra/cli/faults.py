"""Says on stderr what a user can mend: the one place where an error becomes lines and an exit code."""

from __future__ import annotations

import click

from ..errors import FactoryError


def tell(error: FactoryError) -> int:
    """Say on stderr what went wrong, a line for each fault; gives the exit code."""
    for text in error.lines:
        click.echo(text if text.startswith(" ") else f"error: {text}", err=True)
    return error.exit_code
