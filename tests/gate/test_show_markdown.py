"""The comment on a pull request: what it says, what can't act in it, and that it always fits."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ai_factory.infra.gate.judge.verdict import Verdict
from ai_factory.infra.gate.records import FieldChange
from ai_factory.infra.show.gate import escape, markdown

from . import made
from .test_show_terminal import verdicts

pytestmark = pytest.mark.slow

GITHUB = MarkdownIt("gfm-like", {"linkify": False, "html": True})
SMALL = """\
<!-- ai-factory-gate -->
## ✅ AI factory gate: good

**no findings**, `origin/main 38faea6` → `the working tree`

### `kr-ulsan` (changed): 64 to update

| stack | replace | delete | update | create | resources after |
| :--- | ---: | ---: | ---: | ---: | ---: |
| `kr-ulsan.train-a.0` | - | - | 32 | - | 737 |
| `kr-ulsan.train-a.1` | - | - | 32 | - | 737 |

<details><summary>kr-ulsan.train-a.0, kr-ulsan.train-a.1 (2 stacks): 64 update</summary>

```diff
@@ RackGroup train-a-0, train-a-1 @@
  update 64 MachineDeployments: train-a/train-a-r0001 .. train-a/train-a-r0064
        spec.template.spec.version: v1.35.1 -> v1.36.1
```

</details>

Not touched: kr-haein, lab
"""


def sound(text: str) -> None:
    """Folds, fences and tables are whole, and nothing but our own tags is HTML."""
    tokens = GITHUB.parse(text)
    fences = [token for token in tokens if token.type == "fence"]
    assert sum(token.content.startswith("@@") for token in fences) == len(fences)
    outside = "\n".join(token.content for token in tokens if token.type == "html_block")
    assert len(re.findall(r"^<details", outside, re.M)) == len(re.findall(r"^</details>", outside, re.M))
    for token in tokens:
        in_code = False
        for child in token.children or []:
            assert child.type != "image"
            if child.type == "html_inline":
                assert child.content in ("<br>", "<code>", "</code>", "<span>", "</span>")
                in_code = child.content == "<code>" or (in_code and child.content != "</code>")
            if child.type == "text" and not in_code:  # GitHub finds no mentions in code
                assert not re.search(r"@[\w-]|#\d", child.content), child.content
        assert not in_code


def test_a_small_change() -> None:
    assert markdown.render(made.small()) == SMALL


def test_something_of_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    made.rules(monkeypatch)
    text = markdown.render(made.rich())
    sound(text)
    assert text.startswith("<!-- ai-factory-gate -->\n## ❌ AI factory gate: refused\n")
    for part in (
        "| `hall-power` | `stacks/regions/kr-ulsan.yaml:41`<br>`clusters.train-a.racks`<br>`cluster/train-a` | a hall",
        "> [!CAUTION]\n> **Blast radius**\n>\n> - racks drained: 64 (train-a-r0001 .. train-a-r0064)\n",
        "| IT power | 30.10 MW | 31.00 MW | +0.90 MW |\n",
        "- delete 1 Namespace, protected: train-a/Namespace//gov-llm\n#   belongs to tenant/gov-llm\n",
        "! replace 2 Metal3MachineTemplates: train-a/r1, train-a/r2\n",
        "+ create 2 BareMetalHosts: train-a/u5, train-a/u6\n",
        "-         b = 2\n+         b = 4\n",
        "| [`image-digest`](https://kubernetes.io/docs/concepts/containers/images/) |",
        "found tag &lt;v1&gt;\\|latest",
        "| images are named by digest: found tag v1 | vendor has no digests yet | 2026-12-31 |",
        "- note: the cache was written by another version: not used\n",
    ):
        assert part in text, part
    assert "Left out" not in text


def test_tables_have_as_many_cells_as_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    made.rules(monkeypatch)
    verdict = made.verdict(made.region(findings=(made.finding(message="a|b `c|d` \\| e", subject="x|y"),)))
    tokens = GITHUB.parse(markdown.render(verdict))
    kinds = [token.type for token in tokens]
    errors = tokens[kinds.index("table_open") : kinds.index("table_close")]
    assert sum(token.type == "td_open" for token in errors) == 4
    assert "a|b c|d \\| e" in GITHUB.render(markdown.render(verdict)).replace("<code>", "").replace("</code>", "")


@pytest.mark.parametrize(
    "text",
    ["@someone", "#12", "<img src=x>", "[a](http://b)", "![a](http://b)", "**b**", "a_b_c", "$x$", "&lt;", "`", "~~a~~",
     "https://evil.example", "<!-- c -->", "a\\", "| a |", "# h", "</details>"],
)  # fmt: skip
def test_prose_shows_what_was_written(text: str) -> None:
    shown = GITHUB.renderInline(escape.prose(text))
    bare = re.sub(r"</?span>|</?code>", "", shown).replace(escape.NOTHING, "")
    assert bare.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") == text


def test_a_fence_in_a_value_does_not_end_the_block() -> None:
    fields = (FieldChange(path="data.x", old="a\nb\n", new="a\n````\n@team\n</details>\n"),)
    text = markdown.render(made.verdict(made.region(changes=(made.change(fields=fields),))))
    sound(text)
    assert "`````diff\n" in text


def test_a_huge_verdict_is_quick_and_fits() -> None:
    verdict = made.huge()
    start = time.process_time()
    text = markdown.render(verdict)
    assert time.process_time() - start < 2
    assert len(text) <= markdown.LIMIT
    assert "(1 of 150,000, and 149,999 more like it): r1 -> r2" in text


def test_what_does_not_fit_is_named() -> None:
    changes = tuple(
        made.change(n, kind=f"Kind{n}", component=f"Part{n} p", fields=(FieldChange(path=f"f{n}", new="v" * 99),))
        for n in range(1, 3000)
    )
    findings = tuple(made.finding(message=f"{'m' * 300} {n}") for n in range(3000))
    regions = [made.region(region=f"region-{n}", changes=changes, findings=findings) for n in range(30)]
    text = markdown.render(made.verdict(*regions))
    sound(text)
    assert len(text.encode()) <= markdown.LIMIT
    assert "**Left out here for length:** " in text
    assert "`aifactory gate --details`" in text.splitlines()[-1]


@given(verdicts(), st.sampled_from([markdown.LEAST, markdown.LIMIT]))
def test_any_text_keeps_the_form_and_the_limit(verdict: Verdict, limit: int) -> None:
    text = markdown.render(verdict, limit)
    sound(text)
    assert len(text.encode()) <= limit
    assert text.startswith("<!-- ai-factory-gate -->\n")


def test_a_limit_that_nothing_fits_in_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 4000"):
        markdown.render(made.small(), 3999)
