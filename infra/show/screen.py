"""Lines on a screen, without the library of tables: to import it takes a tenth of a `check`."""

from __future__ import annotations

import os
import shutil
import sys

import click

from ..errors import without_passwords

PIPE_WIDTH = 120


def say(text: str, style: str = "", *, err: bool = False) -> None:
    """Print text, of several lines too, in a style such as `bold red`; plain where there is no terminal or NO_COLOR.

    Args:
        text: what to print.
        style: `bold` or `dim`, a colour, both or none.
        err: whether on stderr.
    """
    words = style.split()
    colour = next((word for word in words if word not in ("bold", "dim")), None)
    styled = click.style(without_passwords(text), fg=colour, bold="bold" in words or None, dim="dim" in words or None)
    click.echo(styled, err=err, color=False if "NO_COLOR" in os.environ else None)


def width() -> int:
    """Columns of the terminal; wide enough to read in a pipe."""
    if sys.stdout.isatty() or "COLUMNS" in os.environ:
        return shutil.get_terminal_size().columns
    return PIPE_WIDTH
