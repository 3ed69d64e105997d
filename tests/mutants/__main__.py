"""`python -m tests.mutants`: change each literal, or drop each option, and see that a test turns red."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from fnmatch import fnmatchcase

from . import children, survivors
from .children import Outcome
from .sites import FOLDERS, Mode, Site, files, sites

SHARE = 0.95
"""Least share of killed mutants."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the mutants that were asked for; 0 where enough of them died, and every survivor has its reason."""
    args = _parser().parse_args(arguments)
    mode: Mode = "options" if args.options else "literals"
    chosen = chosen_sites(mode, args.only, args.every)
    if not chosen:
        print("no mutant fits", file=sys.stderr)
        return 2
    children.warm()
    for folder in () if args.goldens_alone else FOLDERS:
        if red := children.killer_of_nothing(folder):
            print(f"red without any change: {red}", file=sys.stderr)
            return 3
    runner = children.Runner(mode=mode, jobs=args.jobs, goldens_alone=args.goldens_alone)
    outcomes = _run(runner, chosen, verbose=args.verbose)
    whole = args.only == ["*"] and args.every == 1 and not args.goldens_alone
    return report(outcomes, survivors.read(), whole=whole and mode == "literals")


def chosen_sites(mode: Mode, patterns: Sequence[str], every: int) -> list[Site]:
    """Mutants whose key or file fits a pattern, and every n-th of them."""
    fitting = [
        site
        for file in files()
        for site in sites(file, mode)
        if any(fnmatchcase(site.key, pattern) or fnmatchcase(site.file, pattern) for pattern in patterns)
    ]
    return fitting[::every]


def report(outcomes: Sequence[Outcome], allowed: survivors.Survivors, *, whole: bool) -> int:
    """Print what survived and how many died; returns the exit code.

    Args:
        outcomes: what was run.
        allowed: survivors with their reason.
        whole: whether these are all mutants: only then can a reason be needless.
    """
    unlisted = allowed.unlisted(outcomes)
    for outcome in sorted(outcomes, key=lambda outcome: (outcome.site.file, outcome.site.number)):
        if not outcome.killer:
            reason = allowed.reasons.get(outcome.site.key, "NOT LISTED")
            print(f"survived {_where(outcome.site)}: {reason}")
    needless = allowed.needless(outcomes) if whole else []
    for key in needless:
        print(f"needless in {survivors.FILE.name}: {key}")
    shares = [_share(name, members) for name, members in _classes(outcomes) if members]
    return 1 if unlisted or needless or any(share < SHARE for share in shares) else 0


def _classes(outcomes: Sequence[Outcome]) -> list[tuple[str, list[Outcome]]]:
    values = [outcome for outcome in outcomes if not outcome.site.message]
    return [("values", values), ("words of errors", [outcome for outcome in outcomes if outcome.site.message])]


def _share(name: str, outcomes: Sequence[Outcome]) -> float:
    killed = sum(bool(outcome.killer) for outcome in outcomes)
    share = killed / len(outcomes)
    print(f"{name}: {len(outcomes)} mutants, {killed} killed, {len(outcomes) - killed} survived: {share:.1%}")
    return share


def _run(runner: children.Runner, chosen: Sequence[Site], *, verbose: bool) -> list[Outcome]:
    outcomes, start = [], time.monotonic()
    for outcome in runner.run(chosen):
        outcomes.append(outcome)
        if verbose or not outcome.killer:
            verdict = f"killed by {outcome.killer}" if outcome.killer else "survived"
            print(f"{verdict}: {_where(outcome.site)}", file=sys.stderr, flush=True)
        if len(outcomes) % 100 == 0:
            seconds = time.monotonic() - start
            print(f"{len(outcomes)} of {len(chosen)} in {seconds:.0f} s", file=sys.stderr, flush=True)
    return outcomes


def _where(site: Site) -> str:
    return f"{site.file}:{site.line} {site.scope} {site.text}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--options", action="store_true", help="drop options, in place of changing literals")
    parser.add_argument("--only", nargs="+", default=["*"], metavar="PATTERN", help="file, or file:scope:literal")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="every n-th mutant only")
    parser.add_argument("--goldens-alone", action="store_true", help="run the golden files, no unit tests")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="mutants at a time")
    parser.add_argument("--verbose", action="store_true", help="say what killed each")
    return parser


if __name__ == "__main__":
    sys.exit(main())
