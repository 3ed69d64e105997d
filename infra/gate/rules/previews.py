"""What keeps an engine's preview, or a change, from being judged.

`gate.preview` finds the first in the preview itself; `gate.run` and `gate.judge` find the others in a change.
"""

from __future__ import annotations

from .. import rule

FAILED, PARTIAL = "preview-failed", "preview-partial"

rule.found_by_planning(
    id=FAILED,
    area="stacks",
    severity="error",
    reason="a preview that failed shows a part of what would be done",
    remedy="mend what the preview says, then run it again",
    source="pulumi/pulumi, pkg/display/json.go (PreviewDigest.diagnostics)",
    waivable=False,
)(None)

rule.found_by_planning(
    id=PARTIAL,
    area="stacks",
    severity="error",
    reason="rules on sets of objects, such as what isolates a tenant, would judge a part as if it were the whole",
    remedy="write the preview with `--show-sames`",
    source="pulumi/pulumi, pkg/backend/display/display.go (shouldShow)",
)(None)

APPROVE = "approvals: [{action: unjudged, subject: region/<name>, by: .., reason: .., until: ..}]"

UNPLANNED = "base-unplanned"
rule.found_by_planning(
    id=UNPLANNED, area="destruction", severity="error", waivable=False,
    reason="what a change loses can't be told where what stands can't be planned",
    remedy="mend the base first, or let the region file approve it: " + APPROVE,
    source="docs/adr/0008-gate.md",
)(None)  # fmt: skip

PROJECT_LOST = "project-lost"
rule.found_by_planning(
    id=PROJECT_LOST, area="destruction", severity="error", waivable=False,
    reason="without it no command works on the regions any more, and the gate would look for another project to judge",
    remedy="put the file back; a project ends region by region, each approved on the base",
    source="docs/adr/0008-gate.md",
)(None)  # fmt: skip

OTHER_CODE = "code-unjudged"
rule.found_by_planning(
    id=OTHER_CODE, area="destruction", severity="error", waivable=False,
    reason="code decides names, versions and protection of all objects: one planned by the code of the change on both "
    "sides differs in nothing that this code changes",
    remedy="let the base's own code be asked (merge the base, split the change), or approve it in the region file: "
    + APPROVE,
    source="docs/adr/0008-gate.md",
)(None)  # fmt: skip
