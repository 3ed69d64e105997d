"""A verdict as plain JSON data: what `aifactory gate --json` prints.

The shape is stable; keys are only ever added:

    verdict     "good", "refused" or "bad input"
    exit_code   0, 1 or 2
    base, head  what was compared, in words; base is null if nothing was
    untouched   names of regions that the change does not touch
    notes       what a reader should know of how the verdict was made
    findings    of all regions together: {rule, severity, region, subject, message, remedy, path, file, line,
                waived, until}; waived is the reason of the waiver or null, path a list of names and numbers
    regions     {region, file, state, verdict, exit_code, stacks, blast, totals, pools, settings, changes, findings,
                faults, decisions, notes}, where
      stacks    {name, create, update, replace, delete, resources}, in the order of a first `up`
      blast     {clusters_lost, racks_lost, hosts_lost, gpus_lost, racks_drained, clusters_drained, gpus_drained,
                tenants_lost, tenants_affected, storage_lost, serving_lost}; serving_lost has ids of objects
      totals    {before, after}, each null or {it_kw, facility_kw, utility_kw, racks, nodes, gpus, tenants, currency,
                hardware, energy_per_year}
      pools     {before, after}, each a list of {name, total, used}
      settings  {subject, name, old, new}: values of the region file that no object shows, such as how a cluster is
                reached
      changes   {action, id, kind, region, stack, component, owner, protect, fields, because}; a field is
                {path, old, new}, and has no `old` or `new` where the object has no such field
      faults    {region, file, line, path, message, given, remedy}
      decisions {kind, what, subject, by, reason, until, brought}: approvals (what: the action) and waivers (what: the
                rule) of the region file; brought ones come with the change that is judged
"""

from __future__ import annotations

from typing import Any

import msgspec

from ...gate.judge.verdict import WORDS, RegionVerdict, Verdict


def verdict_data(verdict: Verdict) -> dict[str, Any]:
    """The gate's verdict as JSON data, of the shape that this module describes (`gate --json`)."""
    return {
        "verdict": verdict.word,
        "exit_code": verdict.exit_code,
        "base": verdict.base,
        "head": verdict.head,
        "untouched": list(verdict.untouched),
        "notes": list(verdict.notes),
        "findings": _plain(verdict.findings),
        "regions": [_region(region) for region in verdict.regions],
    }


def _region(region: RegionVerdict) -> dict[str, Any]:
    return {
        "region": region.region,
        "file": region.file,
        "state": region.state,
        "verdict": WORDS[region.exit_code],
        "exit_code": region.exit_code,
        "stacks": _plain(region.stacks),
        "blast": _plain(region.blast),
        "totals": {"before": _plain(region.before), "after": _plain(region.after)},
        "pools": {"before": _plain(region.pools_before), "after": _plain(region.pools_after)},
        "settings": _plain(region.settings),
        "changes": _plain(region.changes),
        "findings": _plain(region.findings),
        "faults": _plain(region.faults),
        "decisions": _plain(region.decisions),
        "notes": list(region.notes),
    }


def _plain(given: Any) -> Any:
    """Records as dicts, tuples as lists; what is UNSET is left out."""
    if isinstance(given, tuple | list):
        return [_plain(item) for item in given]
    if isinstance(given, msgspec.Struct):
        given = {
            name: value for name in given.__struct_fields__ if (value := getattr(given, name)) is not msgspec.UNSET
        }
    if isinstance(given, dict):
        return {name: _plain(value) for name, value in given.items()}
    return given
