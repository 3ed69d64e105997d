"""`aifactory expand` as a user meets it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from ai_factory.infra import catalog, plan_region
from ai_factory.infra.plan.allocation.address_plan import numbers_of, overlaps
from tests.conftest import Outcome

pytestmark = pytest.mark.slow

Run = Callable[..., Outcome]
OSAKA = ("expand", "kr-ulsan", "--to", "jp-osaka", "--country", "JP", "--power-mw", "60")


def files(project: Path) -> list[str]:
    return sorted(str(path.relative_to(project)) for path in project.rglob("*") if path.is_file())


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_it_writes_three_files_that_pass_the_checks(project: Path, aifactory: Run) -> None:
    before = files(project)

    outcome = aifactory(*OSAKA)

    assert (outcome.code, outcome.err) == (0, "")
    written = ["stacks/Pulumi.jp-osaka.yaml", "stacks/regions/jp-osaka.lock.yaml", "stacks/regions/jp-osaka.yaml"]
    assert files(project) == sorted([*before, *written])
    assert "left out: tenant gov-llm: its data may be in KR only (the residency of kr-ulsan)" in outcome.out
    assert aifactory("check", "jp-osaka").code == 0
    assert aifactory("allocate", "jp-osaka").out == "nothing to allocate: the lock is complete\n"
    settings = yaml.safe_load((project / written[0]).read_text(encoding="utf-8"))
    assert settings == {"config": {"ai-factory:region": "jp-osaka"}}


def test_the_region_follows_country_power_and_source(project: Path, aifactory: Run) -> None:
    aifactory(*OSAKA)

    plan = plan_region(project / "stacks/regions/jp-osaka.yaml")
    spec = plan.spec
    assert (spec.region.city, spec.sovereignty.residency, spec.sovereignty.operators) == ("Osaka", ("JP",), ("JP",))
    assert spec.site.power.pue == catalog.load().country("JP").pue.value
    assert {c.name: (len(c.racks), c.max_racks) for c in plan.clusters} == {
        "train-a": (176, 224), "infer-a": (89, 106), "physical-a": (176, 220),
    }  # fmt: skip
    assert plan.power.facility_kw == pytest.approx(60_000, rel=0.02)
    assert plan.power.facility_kw <= 60_000
    text = (project / "stacks/regions/jp-osaka.yaml").read_text(encoding="utf-8")
    assert "kr-ulsan" not in "".join(line.partition("#")[0] for line in text.splitlines())
    assert all(len(line) <= 120 for line in text.splitlines() if line.lstrip().startswith("#"))


@pytest.mark.parametrize("country", catalog.load().country_ids)
def test_every_country_gives_a_region_that_plans(country: str, project: Path, aifactory: Run) -> None:
    name = f"{country.lower()}-new"
    assert aifactory("expand", "kr-ulsan", "--to", name, "--country", country, "--power-mw", 12).code == 0

    for command in ("check", "plan", "preview"):
        outcome = aifactory(command, name)
        assert (command, outcome.code, outcome.err) == (command, 0, "")
    assert aifactory("check", name).out.startswith(f"good: {name} (New, {country})")


@pytest.mark.parametrize("source", ["kr-dsx-1", "kr-haein", "kr-ulsan", "lab"])
@pytest.mark.parametrize("power_mw", [0.6, 7, 250])
def test_every_region_can_be_a_source(source: str, power_mw: float, project: Path, aifactory: Run) -> None:
    outcome = aifactory("expand", source, "--to", "th-east", "--country", "TH", "--power-mw", power_mw)

    assert (outcome.code, outcome.err) == (0, "")
    assert aifactory("check", "th-east").code == 0


def test_a_control_plane_keeps_its_quorum(project: Path, aifactory: Run) -> None:
    aifactory("expand", "lab", "--to", "th-east", "--country", "TH", "--power-mw", 5)

    train = plan_region(project / "stacks/regions/th-east.yaml").cluster("train")
    assert (train.spec.control_plane.replicas, len(train.core_hosts)) == (3, 3)


def test_images_are_served_over_tls(project: Path, aifactory: Run) -> None:
    aifactory("expand", "lab", "--to", "th-east", "--country", "TH", "--power-mw", 5)

    images = plan_region(project / "stacks/regions/th-east.yaml").spec.images
    assert images is not None
    assert images.gpu.url == "https://images.th-east.example/ubuntu-24.04-64k-k8s.qcow2"
    assert images.gpu.checksum == f"{images.gpu.url}.sha256"


def test_a_dry_run_prints_the_file_and_writes_nothing(project: Path, aifactory: Run) -> None:
    before = files(project)

    outcome = aifactory(*OSAKA, "--dry-run")

    assert files(project) == before
    assert yaml.safe_load(outcome.out)["region"] == {"name": "jp-osaka", "country": "JP", "city": "Osaka"}
    assert "would write stacks/regions/jp-osaka.yaml" in outcome.err
    aifactory(*OSAKA)
    assert (project / "stacks/regions/jp-osaka.yaml").read_text(encoding="utf-8") == outcome.out


def test_json_has_the_files_and_what_was_left_out(project: Path, aifactory: Run) -> None:
    made = json.loads(aifactory(*OSAKA, "--json").out)

    assert made["written"] is True
    for name, text in made["files"].items():
        assert (project / name).read_text(encoding="utf-8") == text
    assert {one["what"] for one in made["left_out"]} >= {"tenant acme", "energy.curtailable_mw"}
    assert made["addressing"]["ula_v6"].endswith("/48")
    assert made["decisions"] > 5
    assert made["address_space"]["region"] == "kr-dsx-1"


def test_a_system_of_unknown_power_asks_for_it(project: Path, aifactory: Run) -> None:
    mumbai = ("expand", "kr-ulsan", "--to", "in-mumbai", "--country", "IN", "--power-mw", "100", "--system", "vr-nvl72")

    refused = aifactory(*mumbai)
    assert refused.code == 2
    assert "no planning power is published for a rack of vr-nvl72" in refused.err
    assert "--rack-kw" in refused.err

    assert aifactory(*mumbai, "--rack-kw", 230).code == 0
    spec = plan_region(project / "stacks/regions/in-mumbai.yaml").spec
    assert [(c.system, c.rack_kw) for c in spec.clusters] == [
        ("vr-nvl72", 230), ("vr-nvl72", 230), ("rtx-pro-server", 30),
    ]  # fmt: skip
    assert [c.fabric for c in spec.clusters[:2]] == ["quantum-x800", None]


def test_tenants_come_where_their_data_may_be(project: Path, aifactory: Run) -> None:
    source = project / "stacks/regions/kr-ulsan.yaml"
    change(source, "residency: [KR]", "residency: [KR, JP]")
    change(source, "racks: 16, cluster: train-a,", "racks: 16, cluster: train-a, residency: [KR],")
    change(source, "gpus: 128, cluster: infer-a,", "gpus: 128, cluster: infer-a, residency: [JP, KR],")

    outcome = aifactory(*OSAKA)

    spec = plan_region(project / "stacks/regions/jp-osaka.yaml").spec
    assert {t.name: t.residency for t in spec.tenants} == {"research": None, "acme": ("JP",), "factory-twin": None}
    assert "left out: tenant gov-llm: its data may be in KR only (its residency)" in outcome.out


def test_values_that_yaml_would_misread_are_quoted(project: Path, aifactory: Run) -> None:
    city = 'Đà Nẵng: khu #1, "A" {x}'
    outcome = aifactory("expand", "lab", "--to", "da-nang", "--country", "VN", "--power-mw", 1, "--city", city)

    assert (outcome.code, outcome.err) == (0, "")
    info = plan_region(project / "stacks/regions/da-nang.yaml").spec.region
    assert (info.name, info.city) == ("da-nang", city)
    assert "does not begin with vn-" in outcome.out


WRONG = {
    "unknown source": (["nowhere", "--to", "jp-x", "--country", "JP", "--power-mw", 9], ["there is no region nowhere"]),
    "no profile": (["lab", "--to", "fr-x", "--country", "FR", "--power-mw", 9], ["--country", "known: ID, IN, JP"]),
    "no code": (["lab", "--to", "jp-x", "--country", "jp", "--power-mw", 9], ["--country: not a country code"]),
    "name taken": (["lab", "--to", "kr-haein", "--country", "KR", "--power-mw", 9], ["kr-haein.yaml exists"]),
    "name": (["lab", "--to", "Jp_X", "--country", "JP", "--power-mw", 9], ["--to: not a legal Kubernetes name"]),
    "path": (["lab", "--to", "../x", "--country", "JP", "--power-mw", 9], ["--to: not a legal Kubernetes name"]),
    "yes or no": (["lab", "--to", "no", "--country", "JP", "--power-mw", 9], ["--to: YAML reads no as yes, no"]),
    "long": (["lab", "--to", "j" * 41, "--country", "JP", "--power-mw", 9], ["at most 40 characters"]),
    "city": (["lab", "--to", "jp-x", "--country", "JP", "--power-mw", 9, "--city", ""], ["--city: must not be empty"]),
    "no power": (["lab", "--to", "jp-x", "--country", "JP", "--power-mw", "much"], ["--power-mw: a number above 0"]),
    "not finite": (["lab", "--to", "jp-x", "--country", "JP", "--power-mw", "inf"], ["--power-mw: a number above 0"]),
    "less than a rack": (
        ["kr-haein", "--to", "jp-x", "--country", "JP", "--power-mw", 0.01], ["hold no rack", "one takes 28.6 kW"],
    ),
    "unknown system": (
        ["lab", "--to", "jp-x", "--country", "JP", "--power-mw", 9, "--system", "gb900"], ["there is no system gb900"],
    ),
    "no GPUs": (
        ["lab", "--to", "jp-x", "--country", "JP", "--power-mw", 9, "--system", "cpu-server"], ["has no GPUs"],
    ),
    "unfit system": (
        ["lab", "--to", "jp-x", "--country", "JP", "--power-mw", 9, "--system", "rtx-pro-server", "--rack-kw", 30],
        ["does not serve training, as cluster train", "it serves physical, inference"],
    ),
    "rack power alone": (
        ["lab", "--to", "jp-x", "--country", "JP", "--power-mw", 9, "--rack-kw", 30], ["--rack-kw: needs --system"],
    ),
    "all at once": (
        ["nowhere", "--to", "X", "--country", "FR", "--power-mw", 0, "--system", "gb900", "--rack-kw", "x"],
        ["no region nowhere", "--to", "--country", "--power-mw", "--system", "--rack-kw"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_bad_input_is_refused_with_its_reason(case: str, project: Path, aifactory: Run) -> None:
    arguments, messages = WRONG[case]
    before = files(project)

    outcome = aifactory("expand", *arguments)

    assert (outcome.code, outcome.out) == (2, "")
    errors = outcome.err.casefold()
    assert [message for message in messages if message.casefold() not in errors] == []
    assert files(project) == before


@pytest.mark.parametrize("name", ["stacks/regions/jp-osaka.lock.yaml", "stacks/Pulumi.jp-osaka.yaml"])
def test_no_file_is_overwritten(name: str, project: Path, aifactory: Run) -> None:
    (project / name).write_text("mine\n", encoding="utf-8")
    before = files(project)

    outcome = aifactory(*OSAKA)

    assert outcome.code == 2
    assert f"{name} exists" in outcome.err
    assert files(project) == before
    assert (project / name).read_text(encoding="utf-8") == "mine\n"


def test_a_name_that_another_file_bears_is_refused(project: Path, aifactory: Run) -> None:
    (project / "stacks/regions/kr-haein.lock.yaml").unlink()
    change(project / "stacks/regions/kr-haein.yaml", "name: kr-haein", "name: jp-osaka")

    assert "the name jp-osaka is borne by stacks/regions/kr-haein.yaml" in aifactory(*OSAKA).err


def test_a_region_whose_addresses_are_unknown_stops_it(project: Path, aifactory: Run) -> None:
    change(project / "stacks/regions/kr-haein.yaml", "10.60.0.0/16", "10.60.0.0/99")

    outcome = aifactory(*OSAKA)

    assert outcome.code == 2
    assert (
        "the addresses of a region are not known: stacks/regions/kr-haein.yaml:8: addressing.underlay_v4" in outcome.err
    )


def test_the_next_region_keeps_clear_of_the_first(project: Path, aifactory: Run) -> None:
    aifactory(*OSAKA)
    aifactory("expand", "jp-osaka", "--to", "jp-tokyo", "--country", "JP", "--power-mw", 60)

    known = [plan_region(project / f"stacks/regions/{name}.yaml").spec for name in ("jp-osaka", "jp-tokyo")]
    assert overlaps(numbers_of(one, one.region.name) for one in known) == []
    assert [hall.name for hall in known[1].site.halls] == [hall.name for hall in known[0].site.halls]
    assert known[1].images is not None
    assert "jp-tokyo" in known[1].images.gpu.url


def test_exhausted_pools_are_named(project: Path, aifactory: Run) -> None:
    (project / "stacks/addressing.yaml").write_text(
        "underlay_v4: [10.64.0.0/15]\nula_v6: [fd64:6b72:2::/48]\nvnis: [110000, 119999]\n", encoding="utf-8"
    )

    outcome = aifactory(*OSAKA)

    assert outcome.code == 2
    assert [word for word in ("IPv4 (10.64.0.0/15", "IPv6 (fd64", "VNIs 110000") if word not in outcome.err] == []
    assert "AS numbers" not in outcome.err


def test_scarce_pools_are_warned_about_before_they_run_out(project: Path, aifactory: Run) -> None:
    (project / "stacks/addressing.yaml").write_text("ula_v6: [fd00:aaaa::/46]\n", encoding="utf-8")

    outcome = aifactory(*OSAKA)

    assert outcome.code == 0
    assert "warning: address space: 3 further regions as large as kr-dsx-1 fit (IPv6" in outcome.err
    assert "warning: address space: 3 further regions" in aifactory("regions").out.replace("\n", " ")


def test_malformed_pools_are_refused_with_their_line(project: Path, aifactory: Run) -> None:
    (project / "stacks/addressing.yaml").write_text("warn_below: 3\nunderlay: [10.0.0.0/8]\n", encoding="utf-8")

    outcome = aifactory(*OSAKA)

    assert outcome.code == 2
    assert "stacks/addressing.yaml:2: underlay: no such key here" in outcome.err


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("oob_v4: [11.0.0.0/8]\n", "oob_v4: 11.0.0.0/8 is not private; use 10.0.0.0/8"),
        ("tenants: 0100\n", "stacks/addressing.yaml:1: tenants: a number in base 8"),
        ("tenants: !!int many\n", "stacks/addressing.yaml:1: tenants: the tag '!!int' is not used here"),
    ],
)
def test_pools_that_lie_or_make_no_sense_are_refused(project: Path, aifactory: Run, text: str, fault: str) -> None:
    (project / "stacks/addressing.yaml").write_text(text, encoding="utf-8")

    outcome = aifactory(*OSAKA)

    assert outcome.code == 2
    assert fault in outcome.err


def test_a_management_stack_that_is_there_already_stays_so(project: Path, aifactory: Run) -> None:
    assert aifactory("expand", "lab", "--to", "jp-lab", "--country", "JP", "--power-mw", "0.5").code == 0

    made = (project / "stacks" / "regions" / "jp-lab.yaml").read_text(encoding="utf-8")
    assert "- {name: management, provider: existing, access: {context: jp-lab-management}}" in made


@pytest.mark.slow
@pytest.mark.parametrize(("power_mw", "layout"), [(250, "split"), (1000, "wide"), (1500, "wide")])
def test_a_gigawatt_gets_a_stack_for_each_management_cluster(power_mw: int, layout: str, project: Path) -> None:
    """The management planes of a gigawatt's clusters are more than one stack holds; no stack is over its budget."""
    from ai_factory.infra.expand import Request, expand, write
    from ai_factory.infra.objects.budget import preview

    write(expand(Request(source="kr-ulsan", name="jp-osaka", country="JP", power_mw=power_mw), project))

    plan = plan_region(project / "stacks/regions/jp-osaka.yaml")
    assert plan.spec.layout == layout
    assert [stack.name for stack in preview(plan).stacks if stack.over_budget] == []
