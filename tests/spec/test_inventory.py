"""The inventory: every fault by its line, all at once; and which host takes which slot of its rack."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest

from ai_factory.infra.plan import hosts
from ai_factory.infra.plan.hosts import RackSpace
from ai_factory.infra.spec import inventory
from ai_factory.infra.spec.inventory import Inventory, Row
from ai_factory.infra.spec.problems import InputError

HEADER = "rack,u,serial,bmc,mac\n"
OOB = ipaddress.ip_network("10.0.0.0/24")
GOOD = "r1,1,S1,10.0.0.1,02:00:00:00:00:01\n"


def faults(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        inventory.parse(text, "h.csv")
    return [str(problem) for problem in caught.value.problems]


def test_a_good_inventory_is_read_with_its_lines() -> None:
    text = "# delivered 2026-03-01\n\n" + HEADER + GOOD + "# second half\nr1, 3 ,S2,fd00::2,02-00-00-00-00-0A\n"

    found = inventory.parse(text, "h.csv")

    assert found.rows == (
        Row(4, "r1", 1, "S1", ipaddress.ip_address("10.0.0.1"), "02:00:00:00:00:01", None),
        Row(6, "r1", 3, "S2", ipaddress.ip_address("fd00::2"), "02:00:00:00:00:0a", None),
    )
    assert not found.is_sample


def test_columns_may_stand_in_any_order_and_with_slots() -> None:
    found = inventory.parse("MAC,bmc,slot,serial,u,rack\n02:00:00:00:00:01,10.0.0.1,3,S1,9,r1\n", "h.csv")

    assert (found.rows[0].slot, found.rows[0].u, found.rows[0].rack) == (3, 9, "r1")


def test_one_sample_host_makes_it_a_sample() -> None:
    assert inventory.parse(HEADER + GOOD + "r1,2,SAMPLE-2,10.0.0.2,02:00:00:00:00:02\n", "h.csv").is_sample


def test_every_fault_is_told_with_its_line() -> None:
    text = HEADER + (
        ",0,,10.0.0.1,02:00:00:00:00:01\n"
        "r1,61,S2,10.0.0.300,02:00:00:00:00\n"
        "r1,one,S3,10.0.0.3,01:00:00:00:00:03\n"
        "r1,4,S4,10.0.0.4,02:00:00:00:00:04,left,over\n"
    )

    assert faults(text) == [
        "h.csv:2: rack: is empty (given: ''). Fill it in.",
        "h.csv:2: serial: is empty (given: ''). Fill it in.",
        "h.csv:2: u: a rack unit from 1 to 60 is expected (given: '0'). Give its lowest unit, like 7.",
        "h.csv:3: bmc: not an IP address (given: '10.0.0.300'). Give the address of the host's BMC.",
        "h.csv:3: mac: not the MAC address of an interface (given: '02:00:00:00:00'). Write it like 02:00:00:00:00:01.",
        "h.csv:3: u: a rack unit from 1 to 60 is expected (given: '61'). Give its lowest unit, like 7.",
        "h.csv:4: mac: not the MAC address of an interface (given: '01:00:00:00:00:03'). "
        "Write it like 02:00:00:00:00:01.",
        "h.csv:4: u: a rack unit from 1 to 60 is expected (given: 'one'). Give its lowest unit, like 7.",
        "h.csv:5: more cells than columns. Check the commas.",
    ]


def test_what_stands_twice_names_the_first_line() -> None:
    text = HEADER + GOOD + "r1,1,S1,10.0.0.1,02:00:00:00:00:01\n"

    assert [fault.partition(".csv:3: ")[2].partition(". ")[0] for fault in faults(text)] == [
        "bmc: 10.0.0.1 stands in line 2 already",
        "mac: 02:00:00:00:00:01 stands in line 2 already",
        "serial: S1 stands in line 2 already",
        "u: r1 unit 1 stands in line 2 already",
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "h.csv: the inventory is empty. First line: rack,u,serial,bmc,mac."),
        ("# nothing yet\n", "h.csv: the inventory is empty. First line: rack,u,serial,bmc,mac."),
        ("rack,u,serial,bmc\n", "h.csv:1: column mac is missing. First line: rack,u,serial,bmc,mac."),
        (
            "rack,u,serial,bmc,mac,hight\n",
            "h.csv:1: 1 column is none of rack, u, serial, bmc, mac and slot. First line: rack,u,serial,bmc,mac.",
        ),
        (HEADER + GOOD.replace("S1", "S\x1b[31m"), "h.csv:2: the character U+001B can't be seen. Remove it."),
        (HEADER + GOOD.replace("S1", '"S' + "x" * 200_000), "h.csv:2: the line has more than 1000 characters."),
        (HEADER + GOOD.replace(",1,", "," + "9" * 900 + ","), "h.csv:2: u: a rack unit from 1 to 60 is expected"),
        ("rack,u,serial,bmc,mac,slot\n" + GOOD.strip() + ",x\n", "h.csv:2: slot: a whole number from 0 is expected"),
    ],
)
def test_a_file_of_another_shape_is_refused(text: str, fault: str) -> None:
    assert faults(text)[0].startswith(fault)


def test_a_spreadsheet_may_save_a_mark_in_front(tmp_path: Path) -> None:
    (tmp_path / "h.csv").write_bytes(b"\xef\xbb\xbf" + (HEADER + GOOD).encode())

    assert len(inventory.load(tmp_path / "h.csv").rows) == 1


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "h.csv").write_bytes(HEADER.encode() + b"\xb0\xa1")

    with pytest.raises(InputError, match="byte 22 is not UTF-8"):
        inventory.load(tmp_path / "h.csv")


def test_what_is_written_reads_back() -> None:
    rows = inventory.parse(HEADER + GOOD, "h.csv").rows

    assert inventory.parse(inventory.write(rows, "a note"), "h.csv").rows == (
        Row(3, *(getattr(rows[0], name) for name in ("rack", "u", "serial", "bmc", "mac", "slot"))),
    )


# Slots -------------------------------------------------------------------------------------------------------


def rack(nodes: int) -> RackSpace:
    return RackSpace("r1", nodes, OOB, int(OOB.network_address) + 1, 0)


def row(u: int, slot: int | None = None, *, bmc: str | None = None) -> Row:
    address = ipaddress.ip_address(bmc or f"10.0.0.{u}")
    return Row(u + 1, "r1", u, f"S{u}", address, f"02:00:00:00:00:{u:02x}", slot)


def place(nodes: int, *rows: Row) -> dict[int, int]:
    """Rack unit by slot."""
    placed = hosts.place(Inventory("h.csv", rows), [rack(nodes)], [OOB])
    return {host.slot: host.u for host in placed.get("r1", ())}


def place_faults(nodes: int, *rows: Row) -> list[str]:
    with pytest.raises(InputError) as caught:
        place(nodes, *rows)
    return [str(problem) for problem in caught.value.problems]


def test_a_complete_rack_is_numbered_from_the_bottom() -> None:
    assert place(3, row(21), row(5), row(13)) == {0: 5, 1: 13, 2: 21}


def test_a_part_of_a_rack_needs_slots_so_that_later_hosts_renumber_nothing() -> None:
    assert place_faults(3, row(5), row(13))[0].startswith(
        "h.csv:6: rack: rack r1 lists 2 of 3 hosts without a slot number. List all of them, or give every host"
    )
    assert place(3, row(5, 2), row(13, 0)) == {0: 13, 2: 5}


def test_some_slots_given_and_some_not_are_refused() -> None:
    assert len(place_faults(3, row(5, 0), row(13), row(21))) == 1


def test_slots_are_inside_the_rack_and_taken_once() -> None:
    assert [fault.partition(": slot: ")[2] for fault in place_faults(3, row(5, 0), row(13, 0), row(21, 3))] == [
        "slot 0 of rack r1 is taken. Give a free one.",
        "slot 3 of rack r1 is beyond the rack's 3 hosts. Give a free one.",
    ]


def test_a_rack_holds_no_more_than_planned() -> None:
    assert place_faults(1, row(5), row(13)) == [
        "h.csv:14: rack: rack r1 holds 1 hosts, 2 are listed. Check the rack names."
    ]


def test_hosts_of_unplanned_racks_and_foreign_bmcs_are_refused_together() -> None:
    stray = Row(9, "r7", 1, "S9", ipaddress.ip_address("192.0.2.1"), "02:00:00:00:00:99", None)

    assert [fault.partition(". ")[0] for fault in place_faults(1, row(5), stray)] == [
        "h.csv:9: bmc: 192.0.2.1 is outside 10.0.0.0/24",
        "h.csv:9: rack: there is no rack r7 in the plan",
    ]
