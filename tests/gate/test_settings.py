"""Values of the region file that no object shows, and drains over all regions, through the whole gate."""

from __future__ import annotations

from pathlib import Path

from ai_factory.infra.gate import run
from ai_factory.infra.gate.judge.verdict import Verdict
from ai_factory.infra.plan import regions
from ai_factory.infra.plan.allocation import ledger

from .project import Project


def judged(project: Project) -> Verdict:
    return run.gate(run.Request(root=project.folder, base="main"))


def test_another_way_to_a_cluster_is_shown_and_refused(tmp_path: Path) -> None:
    project = Project(tmp_path, ("kr-haein",))
    project.branch("change")
    data = project.data("kr-haein")
    project.write("kr-haein", {**data, "management": [{"name": "management", "access": {"context": "elsewhere"}}]})

    (region,) = judged(project).regions

    assert region.changes == ()
    assert [(change.subject, change.name) for change in region.settings] == [("management/management", "access")]
    assert [finding.rule for finding in region.findings if finding.severity == "error"] == ["access-changed"]


def test_drivers_of_two_clusters_are_refused_over_all_regions(tmp_path: Path) -> None:
    project = Project(tmp_path, ("kr-ulsan",))
    project.branch("change")
    project.replace("kr-ulsan", "fabric: quantum-x800", "fabric: spectrum-x")
    project.replace("kr-ulsan", "purpose: inference, fabric: spectrum-x", "purpose: inference, fabric: quantum-x800")
    (project.regions / "kr-ulsan.lock.yaml").unlink()
    ledger.update(regions.open_region(project.regions / "kr-ulsan.yaml"), (), write=True)

    verdict = judged(project)

    assert verdict.regions[0].blast.clusters_drained == ("infer-a", "train-a")
    assert [(finding.rule, finding.file) for finding in verdict.findings] == [
        ("drivers-together", "stacks/regions/kr-ulsan.yaml")
    ]
