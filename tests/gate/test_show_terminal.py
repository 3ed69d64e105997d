"""A verdict on a terminal: whole screens of small ones, and properties of any."""

from __future__ import annotations

import contextlib
import io
import os
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_factory.infra.gate.impact.settings import Altered
from ai_factory.infra.gate.judge.verdict import Verdict
from ai_factory.infra.gate.records import Blast, Change, FieldChange
from ai_factory.infra.show.gate import terminal

from . import made

SMALL = """\
good: no findings (origin/main 38faea6 -> the working tree)

kr-ulsan (changed): 64 to update
  stacks              replace  delete  update  create  resources after
  kr-ulsan.train-a.0        -       -      32       -              737
  kr-ulsan.train-a.1        -       -      32       -              737

  RackGroup train-a-0, train-a-1 in kr-ulsan.train-a.0, kr-ulsan.train-a.1
    update 64 MachineDeployments: train-a/train-a-r0001 .. train-a/train-a-r0064
        spec.template.spec.version: v1.35.1 -> v1.36.1

not touched: kr-haein, lab
"""


def shown(verdict: Verdict, width: int = 100, *, details: bool = False) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out), mock.patch.dict(os.environ, COLUMNS=str(width)):
        terminal.show(verdict, details=details)
    return out.getvalue()


def one_change(**fields: object) -> str:
    return shown(made.verdict(made.region(changes=(made.change(fields=(FieldChange(path="spec.x", **fields),)),))))


def test_a_small_change_takes_a_few_lines() -> None:
    assert shown(made.small()) == SMALL


def test_what_no_object_shows_stands_among_the_numbers() -> None:
    access = Altered(subject="cluster/train-a", name="access", old={"context": "a"}, new={"context": "b"})
    region = made.region(settings=(access,), blast=Blast(clusters_drained=("train-a",), gpus_drained=4608))
    out = shown(made.verdict(region))
    assert "    access of cluster/train-a  context a  ->  context b" in out
    assert "    clusters drained  train-a" in out
    assert "    GPUs drained      4,608, every node for its new driver" in out


def test_what_blocks_comes_first_then_losses_then_numbers_then_objects_then_warnings() -> None:
    out = shown(made.rich())
    order = [
        "refused: 2 errors, 1 warning, 1 waived",
        "error: hall-power [cluster/train-a] at stacks/regions/kr-ulsan.yaml:41, clusters.train-a.racks",
        "  A hall feeds no more than it has: 64 x 142 kW = 9,088 kW exceeds hall h1 (8,000 kW).",
        "  Lower it to 56 or move racks to h2.",
        "error: no-loss",
        "    racks drained  64 (train-a-r0001 .. train-a-r0064)",
        "    IT power                30.10 MW  ->         31.00 MW  +0.90 MW",
        "    tenants                        2  ->                1  -1",
        "    pool host links   1,200 of 4,096  ->   1,280 of 4,096  +80\n",
        "  stacks ",
        "    delete 1 Namespace, protected: train-a/Namespace//gov-llm\n        belongs to tenant/gov-llm",
        "        because of spec.template.spec.image, which can't be changed in place",
        "    create 2 BareMetalHosts: train-a/u5, train-a/u6",
        "warning: image-digest",
        "  image-digest [cluster/train-a] until 2026-12-31: vendor has no digests yet",
        "not touched: lab",
        "note: the cache was written by another version: not used",
    ]
    places = [out.find(part) for part in order]
    assert -1 not in places, order[places.index(-1)]
    assert places == sorted(places)
    assert " GPUs  " not in out, "what does not change is not told"


def test_long_texts_are_compared_line_by_line() -> None:
    assert (
        '        data["config.toml"]:\n          ...\n          a = 1\n        - b = 2\n        + b = 4\n'
        "          c = 3\n        + d = 5\n      - spec.paused: true\n"
        '      + spec.rules[2]: {"verbs": ["get", "list"]}\n'
    ) in shown(made.rich())


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"old": 3, "new": "3"}, 'spec.x: 3 -> "3"'),
        ({"old": True, "new": "true"}, 'spec.x: true -> "true"'),
        ({"old": "", "new": " a"}, 'spec.x: "" -> " a"'),
        ({"old": None, "new": []}, "spec.x: null -> []"),
        ({"new": "[red]x[/red]"}, '+ spec.x: "[red]x[/red]"'),
        ({"old": "\x1b[2J", "new": "\u202eevil"}, "spec.x: \\x1b[2J -> \\u202eevil"),
        ({"old": "\ud800", "new": "b"}, "spec.x: \\ud800 -> b"),
        ({"old": "a" * 100, "new": "b"}, f"spec.x: {'a' * 28}... {'a' * 28} -> b"),
    ],
)
def test_values_show_as_they_are(fields: dict[str, object], expected: str) -> None:
    assert expected in one_change(**fields)


def test_like_changes_with_other_values_are_one() -> None:
    out = shown(made.huge(500))
    assert "update 500 MachineDeployments: train-a/train-a-r0001 .. train-a/train-a-r0500" in out
    assert "spec.template.spec.version: v1.35.1 -> v1.36.1\n" in out
    assert "metadata.labels.rack (1 of 500, and 499 more like it): r1 -> r2\n" in out
    assert "error: hall-power [cluster/train-a and 1,999 more]" in out


def test_unlike_changes_are_counted_beyond_some_and_all_told_with_details() -> None:
    changes = tuple(
        made.change(1, id=f"management/K/ns/n{n}", kind=f"Kind{n}", fields=(FieldChange(path=f"spec.f{n}", new=n),))
        for n in range(140)
    )
    verdict = made.verdict(made.region(changes=changes))
    assert "    and 132 update more (all with --details)\n" in shown(verdict)
    assert all(f"+ spec.f{n}: {n}\n" in shown(verdict, details=True) for n in range(140))


def test_details_cut_nothing() -> None:
    fields = (FieldChange(path="spec.x", old="x" * 5000, new="y"), FieldChange(path="spec.y", new="l\n" * 300))
    verdict = made.verdict(made.region(changes=tuple(made.change(n, fields=fields) for n in range(1, 5))))
    out = shown(verdict, details=True)
    assert out.count("x" * 5000) == 4
    assert out.count("+ l\n") == 1200
    assert "+ l\n" * 13 not in shown(verdict).replace(" ", "").replace("+l", "+ l")


def test_bad_input_names_file_line_place_and_remedy() -> None:
    out = shown(made.verdict(made.region(changes=(), stacks=(), faults=(made.fault(),))))
    assert out.startswith(
        "bad input: 1 fault in the input (origin/main 38faea6 -> the working tree)\n\n"
        "error: bad input at stacks/regions/kr-ulsan.yaml:7\n"
        "  Clusters[0].racks: must be a whole number (given: 'many').\n  Write a number.\n"
    )


@pytest.mark.parametrize("width", [80, 100, 120])
def test_no_line_of_ours_is_wider_than_the_terminal(width: int) -> None:
    assert max(map(len, shown(made.rich(), width).splitlines())) <= width


TEXT = st.text(max_size=40)
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)


@st.composite
def verdicts(draw: st.DrawFn) -> Verdict:
    """Verdicts with any text anywhere."""
    words = [draw(TEXT) for _ in range(12)]
    field = FieldChange(path=words[0], old=draw(VALUE), new=draw(VALUE))
    change = Change(
        action=draw(st.sampled_from(["replace", "delete", "move", "create", "update"])), id=words[1], kind=words[2],
        region=words[3], stack=words[4], component=words[5], owner=words[6], protect=draw(st.booleans()),
        fields=(field, FieldChange(path="p", new=words[7])), because=(words[0],),
    )  # fmt: skip
    about = {"message": words[9], "remedy": words[11], "file": words[5], "region": words[3]}
    severity = draw(st.sampled_from(["error", "warning", "note"]))
    finding = made.finding(words[8], severity, subject=words[10], path=(words[0], 3), **about)
    region = made.region(
        region=words[3], changes=(change, change), findings=(finding, made.waived(waived=words[7], until=words[6])),
        faults=(made.fault(given=words[10], path=words[0], **about),) if draw(st.booleans()) else (), notes=(words[8],),
    )  # fmt: skip
    return made.verdict(region, base=words[1], head=words[2], untouched=(words[4],), notes=(words[9],))


@given(verdicts(), st.booleans())
def test_any_text_is_shown_without_control_over_the_terminal(verdict: Verdict, details: bool) -> None:
    out = shown(verdict, details=details)
    assert out.replace("\n", "").isprintable()
    out.encode()


def test_a_component_that_goes_whole_is_one_event_and_its_owner_is_named_once() -> None:
    kinds = ("Namespace", "LocalQueue", "LocalQueue", "NetworkPolicy")
    gone = tuple(made.lost(kind=kind, id=f"t/{kind}/n/{n}", protect=not n) for n, kind in enumerate(kinds))
    assert (
        "  TenantEnclave gov-llm in kr-ulsan.train-a\n"
        "    delete 1 Namespace, protected: t/Namespace/n/0\n"
        "        belongs to tenant/gov-llm\n"
        "    delete 3 objects: 2 LocalQueues, 1 NetworkPolicy\n"
    ) in shown(made.verdict(made.region(changes=gone)))


def test_a_region_that_is_refused_before_it_is_planned_does_not_say_that_nothing_changes() -> None:
    out = shown(made.verdict(made.region(stacks=(), changes=(), after=None)))

    assert "kr-ulsan (changed): not planned, so nothing of it was compared" in out
    assert "no object changes" not in out
