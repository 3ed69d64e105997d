"""The inventory: the hosts that exist, as CSV with the columns rack, u, serial, bmc, mac and, if wanted, slot."""

from __future__ import annotations

import csv
import ipaddress
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from . import characters, plain_file
from .problems import InputError, Problem, shorten
from .source import display_name

COLUMNS = ("rack", "u", "serial", "bmc", "mac")
SAMPLE_PREFIX = "SAMPLE-"
"""Serial numbers of a sample inventory begin with this; nothing outside a sandbox is applied from one."""
MAX_U = 60
MAX_LINE = 1000
MAX_BYTES = 64 * 1024 * 1024
"""An inventory of `MAX_ROWS` hosts has about 20 MiB."""
MAX_ROWS = 250_000
"""Twice the hosts of a gigawatt: 7,000 racks of 18 (a rack and its share of the site take about 142 kW)."""
_WHOLE = re.compile(r"0|[1-9][0-9]{0,4}")
_CONTROL = re.compile(r"[^\n\t -~]")
_FOREIGN_LINE = re.compile(r"^(?!#)[ -~\t]*([^ -~\t\r\n])", re.MULTILINE)
"""A line that is no comment and has a letter beyond ASCII, from its start to that letter."""
_SHOWN = 20
"""Lines that are named of those that have the same fault."""
_NULL_MAC = "00:00:00:00:00:00"
_MAC = re.compile(r"^([0-9a-f]{2}:){5}[0-9a-f]{2}$")


@dataclass(frozen=True, slots=True)
class Row:
    """One host of the inventory."""

    line: int
    rack: str
    u: int
    """Lowest rack unit, from 1."""
    serial: str
    bmc: ipaddress.IPv4Address | ipaddress.IPv6Address
    mac: str
    slot: int | None
    """Number in the rack from 0; None where it follows from the order of rack units."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """All hosts, by file line."""

    file: str
    rows: tuple[Row, ...]

    @property
    def is_sample(self) -> bool:
        """Whether any host is a made-up one."""
        return any(row.serial.startswith(SAMPLE_PREFIX) for row in self.rows)


@dataclass(frozen=True, slots=True)
class Sheet:
    """An inventory's lines by rack, of which those of some racks can be read alone."""

    file: str
    header: tuple[str, ...]
    lines: dict[str, list[tuple[int, str]]]
    """Lines with their numbers in the file, by rack."""
    is_sample: bool
    """Whether any host may be a made-up one."""

    def inventory(self, racks: Iterable[str] | None = None) -> Inventory:
        """The hosts of some racks, or of all.

        Raises:
            InputError: every fault of these lines, by line.
        """
        chosen = self.lines if racks is None else [rack for rack in racks if rack in self.lines]
        rows: list[Row] = []
        problems: list[Problem] = []
        for line, raw in sorted(numbered for rack in chosen for numbered in self.lines[rack]):
            result = _row(line, _cells(self, line, raw), self.file)
            if isinstance(result, Row):
                rows.append(result)
            else:
                problems += result
        problems += _duplicates(rows, self.file)
        if problems:
            raise InputError(problems)
        return Inventory(self.file, tuple(rows))


def load(path: Path, within: Path | None = None) -> Inventory:
    """Read the hosts of an inventory file (CSV); see `read`.

    Raises:
        InputError: every fault, by line.
    """
    return read(path, within).inventory()


def read(path: Path, within: Path | None = None) -> Sheet:
    """Read an inventory file's lines, their hosts not yet checked.

    Args:
        path: the file.
        within: folder that it must stand in with all links followed; any if None.

    Raises:
        InputError: no plain file there, it is too large or no text, or its first line names the wrong columns.
    """
    name = display_name(path)
    try:
        raw = content(path, within)
    except FileNotFoundError:
        remedy = "make one with `aifactory inventory sample`, or leave `inventory` out of the region file"
        raise InputError([Problem(file=name, message="no such inventory file", remedy=remedy)]) from None
    return sheet(plain_file.text(raw, name), name)


def content(path: Path, within: Path | None = None) -> bytes:
    """Bytes of an inventory file; see `read`.

    Raises:
        FileNotFoundError: there is no such file.
        InputError: it is no plain file inside the folder, or too large.
    """
    return plain_file.read(path, display_name(path), most_bytes=MAX_BYTES, within=within)


def parse(text: str, name: str) -> Inventory:
    """The hosts of an inventory's text; lines that begin with # are comments."""
    return sheet(text, name).inventory()


def of_rows(rows: Iterable[Mapping[str, object]], name: str) -> Inventory:
    """Hosts given in memory: a mapping with the columns of the file for each, counted from 1 in messages.

    >>> host = {"rack": "r1", "u": 1, "serial": "S1", "bmc": "10.0.0.1", "mac": "02:00:00:00:00:01"}
    >>> of_rows([host], "mine").rows[0].mac
    '02:00:00:00:00:01'

    Raises:
        InputError: every fault, by row.
    """
    taken: list[Row] = []
    problems: list[Problem] = []
    for number, row in enumerate(rows, 1):
        if wrong := sorted(set(COLUMNS) - row.keys()) + sorted(map(str, row.keys() - {*COLUMNS, "slot"})):
            message = f"the columns are {', '.join(COLUMNS)} and slot; missing or unknown: {', '.join(wrong)}"
            problems.append(Problem(file=name, line=number, message=message))
            continue
        cells = {key: "" if value is None else str(value).strip() for key, value in row.items()}
        result = _row(number, cells, name)
        if isinstance(result, Row):
            taken.append(result)
        else:
            problems += result
    problems += _duplicates(taken, name)
    if problems:
        raise InputError(problems)
    return Inventory(name, tuple(taken))


def sheet(text: str, name: str) -> Sheet:
    """Split an inventory's text by rack."""
    if text.count("\n") > MAX_ROWS + 1:
        message = f"the inventory has more than {MAX_ROWS:,} lines"
        raise InputError([Problem(file=name, message=message, remedy="is it the right file?")])
    _visible(text, name)
    raws = text.split("\n")
    numbered = [(n, raw) for n, raw in enumerate(raws, 1) if raw.strip() and not raw.startswith("#")]
    if not numbered:
        raise InputError(
            [Problem(file=name, message="the inventory is empty", remedy=f"first line: {','.join(COLUMNS)}")]
        )
    header = _header(*numbered[0], name)
    place = header.index("rack")
    lines: dict[str, list[tuple[int, str]]] = {}
    for line, raw in numbered[1:]:
        cells = raw.split(",", place + 1) if '"' not in raw else next(csv.reader([raw[: MAX_LINE + 1]]))
        rack = cells[place].strip() if place < len(cells) else ""
        lines.setdefault(rack, []).append((line, raw))
    return Sheet(name, header, lines, SAMPLE_PREFIX in text)


def _visible(text: str, name: str) -> None:
    """Refuse what can't be seen, which may end a comment unseen, and letters that pass for others in cells."""
    if text.isascii() and not _CONTROL.search(text):
        return
    faults = [(line, f"the character {what} can't be seen", "remove it") for line, what in characters.hidden(text)]
    if not faults:
        for match in itertools.islice(_FOREIGN_LINE.finditer(text), _SHOWN):
            line, what = text.count("\n", 0, match.start()) + 1, characters.beyond_ascii(match[1])
            faults.append((line, f"the line has the character {what}", "cells are written in ASCII"))
    if faults:
        raise InputError(Problem(file=name, line=line, message=what, remedy=mend) for line, what, mend in faults)


def _header(line: int, raw: str, name: str) -> tuple[str, ...]:
    header = [cell.strip().lower() for cell in next(csv.reader([raw[:MAX_LINE]]))]
    missing = [column for column in COLUMNS if column not in header]
    unknown = sum(column not in (*COLUMNS, "slot") for column in header)
    faults = [f"column {column} is missing" for column in missing]
    if unknown:  # not quoted: it may be the first line of a file that is no inventory at all
        faults.append(
            f"{unknown} {'column is' if unknown == 1 else 'columns are'} none of {', '.join(COLUMNS)} and slot"
        )
    if len(set(header)) < len(header) and not unknown:
        faults.append("a column is named twice")
    if faults:
        message, remedy = "; ".join(faults), f"first line: {','.join(COLUMNS)}"
        raise InputError([Problem(file=name, line=line, message=message, remedy=remedy)])
    return tuple(header)


def _cells(sheet: Sheet, line: int, raw: str) -> dict[str, str]:
    if len(raw) > MAX_LINE:
        message = f"the line has more than {MAX_LINE} characters"
        raise InputError([Problem(file=sheet.file, line=line, message=message, remedy="check quotes and line ends")])
    cells = [cell.strip() for cell in next(csv.reader([raw]))]
    named = dict(zip(sheet.header, cells + [""] * len(sheet.header), strict=False))
    return named | ({"": "more"} if len(cells) > len(sheet.header) else {})


def _row(line: int, cells: dict[str, str], name: str) -> Row | list[Problem]:
    problems: list[Problem] = []

    def fault(column: str, message: str, remedy: str) -> None:
        problems.append(
            Problem(file=name, line=line, path=column, message=message, given=shorten(cells[column]), remedy=remedy)
        )

    if "" in cells:
        problems.append(Problem(file=name, line=line, message="more cells than columns", remedy="check the commas"))
    for column in ("rack", "serial"):
        if not cells[column]:
            fault(column, "is empty", "fill it in")
    u = _whole(cells["u"])
    if u is None or not 1 <= u <= MAX_U:
        fault(
            "u",
            f"a rack unit from 1 to {MAX_U} is expected",
            "give its lowest unit, like 7",
        )
    slot = _whole(cells["slot"]) if cells.get("slot") else None
    if cells.get("slot") and slot is None:
        fault(
            "slot",
            "a whole number from 0 is expected",
            "give it without leading zeros, or leave it empty to number by rack unit",
        )
    mac = cells["mac"].lower().replace("-", ":")
    if not _MAC.match(mac) or int(mac[:2], 16) & 1 or mac == _NULL_MAC:  # the group bit: broadcast and multicast
        fault("mac", "not the MAC address of an interface", "write it like 02:00:00:00:00:01")
    try:
        bmc = ipaddress.ip_address(cells["bmc"])
    except ValueError:
        fault("bmc", "not an IP address", "give the address of the host's BMC")
        bmc = ipaddress.IPv4Address(0)
    else:
        if bmc.is_multicast or bmc.is_unspecified or bmc.is_loopback or bmc.is_link_local or bmc.is_reserved:
            fault("bmc", "not the address of one host in a routed network", "give the address of the host's BMC")
    return problems or Row(line, cells["rack"], u or 0, cells["serial"], bmc, mac, slot)


def _whole(text: str) -> int | None:
    """A number in decimal digits; None for another text, `010` too, which is eight for some and ten for others."""
    return int(text) if _WHOLE.fullmatch(text) else None


def _duplicates(rows: Iterable[Row], name: str) -> Iterator[Problem]:
    seen: dict[tuple[str, object], Row] = {}
    for row in rows:
        keys = (("u", (row.rack, row.u)), ("serial", row.serial.casefold()), ("bmc", row.bmc), ("mac", row.mac))
        for column, key in keys:
            first = seen.setdefault((column, key), row)
            if first is not row:
                what = f"{row.rack} unit {row.u}" if column == "u" else str(getattr(row, column))
                as_what = "" if first.serial == row.serial or column != "serial" else f" as {first.serial}"
                yield Problem(
                    file=name,
                    line=row.line,
                    path=column,
                    message=f"{what} stands in line {first.line} already{as_what}",
                    remedy="each host has its own; mend one of the two lines",
                )


def write(rows: Iterable[Row], note: str) -> str:
    """An inventory's text with a comment line before the header."""
    lines = [f"# {note}", ",".join(COLUMNS)]
    lines += [f"{row.rack},{row.u},{row.serial},{row.bmc},{row.mac}" for row in rows]
    return "\n".join(lines) + "\n"
