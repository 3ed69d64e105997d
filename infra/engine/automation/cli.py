"""Where the Pulumi CLI is and what it runs with; apart from the engine, which takes a second to import."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path

from ...errors import UnavailableError
from ...files import state_home


def find_cli() -> str:
    """The Pulumi CLI.

    Raises:
        UnavailableError: it is not on PATH.
    """
    program = shutil.which("pulumi")
    if program is None:
        remedy = "install it (https://www.pulumi.com/docs/iac/download-install), or use `--engine direct`"
        raise UnavailableError("the Pulumi CLI is not on PATH", remedy)
    return program


def environment(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """What the CLI needs beside the user's own environment: where state and passphrase are.

    A folder and a passphrase file (mode 0600) are made for the user where nothing is said.
    """
    given = os.environ if environ is None else environ
    variables = {"PULUMI_SKIP_UPDATE_CHECK": "true"}
    home = state_home() / "pulumi"
    if not given.get("PULUMI_BACKEND_URL"):
        (home / "state").mkdir(parents=True, exist_ok=True, mode=0o700)
        variables["PULUMI_BACKEND_URL"] = (home / "state").as_uri()
    if not (given.get("PULUMI_CONFIG_PASSPHRASE") or given.get("PULUMI_CONFIG_PASSPHRASE_FILE")):
        variables["PULUMI_CONFIG_PASSPHRASE_FILE"] = str(_passphrase(home / "passphrase"))
    return variables


def _passphrase(file: Path) -> Path:
    """A passphrase file of the user's, made once; losing it loses the secrets in the state."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return file
    with os.fdopen(handle, "w") as stream:
        stream.write(secrets.token_urlsafe(32))
    return file
