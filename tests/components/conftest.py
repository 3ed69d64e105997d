"""Keeps failing programs readable: a line for each pending future would bury the cause, as in the language host."""

from __future__ import annotations

import logging

logging.getLogger("asyncio").setLevel(logging.CRITICAL)
