"""Alerts and dashboards rest on metrics that exist, every alert has a runbook, and what is scraped is what runs."""

import json
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY

from deploy.contracts import _NOWHERE
from deploy.contracts import SERVICES as DESCRIPTIONS
from deploy.local.stack import SERVICES
from shared.clock import SystemClock
from shared.db.engine import create_engine

ROOT = Path(__file__).resolve().parents[2]
HERE = ROOT / "deploy" / "observability"
RUNBOOKS = ROOT / "docs" / "runbooks"
HEADINGS = ["Symptom", "Impact", "Query", "Safe action", "Rollback", "Escalation"]
COMMANDS = {"api", "worker", "migrate", "replay", "dead-letters", "lag", "rebuild"}

RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((HERE / "prometheus" / "rules.yml").read_text())["groups"]
    for rule in group["rules"]
]
ALERTS = [rule for rule in RULES if "alert" in rule]
RECORDED = {rule["record"] for rule in RULES if "record" in rule}
DASHBOARD: dict[str, Any] = json.loads((HERE / "grafana" / "dashboards" / "arrears.json").read_text())
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
BOOKS = sorted(book for book in RUNBOOKS.glob("*.md") if book.stem != "README")


def _registered() -> set[str]:
    """Every sample name that the processes of the services can show, by their registry."""
    for service in SERVICES:
        import_module(f"services.{service}.app")
    names = set()
    for metric in REGISTRY.collect():
        suffixes = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum")}.get(metric.type, ("",))
        names |= {metric.name + suffix for suffix in suffixes}
    return names


def _expressions() -> Iterator[str]:
    yield from (rule["expr"] for rule in RULES)
    for panel in DASHBOARD["panels"]:
        yield from (target["expr"] for target in panel["targets"])
    for book in BOOKS:
        yield from re.findall(r"```\n(.*?)```", book.read_text(), re.DOTALL)


def test_every_metric_that_is_asked_for_exists() -> None:
    asked_for = {name for text in _expressions() for name in re.findall(r"\barrears_\w+", text)}
    assert len(asked_for) > 10
    assert asked_for - _registered() == set()


def test_every_recorded_series_that_is_asked_for_is_recorded() -> None:
    asked_for = {name for text in _expressions() for name in re.findall(r"\barrears:\w+:\w+", text)}
    assert asked_for
    assert asked_for <= RECORDED


def test_every_label_that_is_asked_for_exists() -> None:
    known = {"instance", "job", "le", "role", "service"}
    for metric in REGISTRY._names_to_collectors.values():
        known |= set(getattr(metric, "_labelnames", ()))
    grouped = {
        label.strip()
        for text in _expressions()
        for labels in re.findall(r"\b(?:by|on) \(([^)]*)\)", text)
        for label in labels.split(",")
    }
    assert grouped - known == set()


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: str(alert["alert"]))
def test_every_alert_says_how_urgent_it_is_and_what_to_do(alert: dict[str, Any]) -> None:
    assert alert["labels"]["severity"] in {"page", "ticket"}
    assert alert["for"]
    assert alert["annotations"]["summary"].endswith(".")
    book = ROOT / alert["annotations"]["runbook_url"]
    assert book in BOOKS
    assert f"`{alert['alert']}`" in book.read_text()


@pytest.mark.parametrize("book", BOOKS, ids=lambda book: str(book.stem))
def test_every_runbook_has_the_fixed_headings_and_belongs_to_an_alert(book: Path) -> None:
    text = book.read_text()
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == HEADINGS
    assert all(part.strip() for part in re.split(r"^#+ .+$", text, flags=re.MULTILINE)[1:])
    named = set(re.findall(r"`(\w+)`", text.splitlines()[2]))
    assert named
    assert named <= {alert["alert"] for alert in ALERTS}
    assert all((RUNBOOKS / link).exists() for link in re.findall(r"\]\(([\w-]+\.md)\)", text))


def test_the_runbook_of_failed_jobs_says_of_every_kind_what_is_missing_meanwhile() -> None:
    kinds: set[str] = set()
    for service in DESCRIPTIONS:
        settings = service.settings(**_NOWHERE)
        engine = create_engine(settings, application_name="runbooks")
        kinds |= service.create_worker(settings, engine, SystemClock()).jobs._chunks.keys()
    assert len(kinds) > 5
    explained = re.findall(r"^\| `([\w.]+)` \|", (RUNBOOKS / "job-has-failed.md").read_text(), re.MULTILINE)
    assert set(explained) == kinds


def test_runbooks_use_commands_that_exist() -> None:
    used = {
        name
        for book in RUNBOOKS.glob("*.md")
        for name in re.findall(r"python -m services\.\S+ ([\w-]+)", book.read_text())
    }
    assert used
    assert used <= COMMANDS


def test_no_runbook_scales_what_an_autoscaler_scales() -> None:
    assert [book.stem for book in BOOKS if re.search(r"kubectl scale \S+-api", book.read_text())] == []


def test_every_process_of_the_compose_file_is_scraped() -> None:
    config = yaml.safe_load((HERE / "prometheus" / "prometheus.yml").read_text())
    job = next(job for job in config["scrape_configs"] if job["job_name"] == "arrears")
    scraped = {
        target: (static["labels"]["service"], static["labels"]["role"])
        for static in job["static_configs"]
        for target in static["targets"]
    }
    expected = {f"{name}-{role}:8000": (name, role) for name in SERVICES for role in ("api", "worker")}
    assert scraped == expected
    assert expected.keys() <= {f"{name}:8000" for name in COMPOSE["services"]}


def _discovered(workload: dict[str, Any], phase: str) -> Iterator[dict[str, str]]:
    """The targets that Prometheus finds in a pod of a workload, with their labels before any relabelling."""
    metadata, pod = (workload["spec"]["template"][part] for part in ("metadata", "spec"))
    known = {"__meta_kubernetes_pod_name": f"{workload['metadata']['name']}-x", "__meta_kubernetes_pod_phase": phase}
    for kind in ("label", "annotation"):
        for name, value in metadata.get(f"{kind}s", {}).items():
            known[f"__meta_kubernetes_pod_{kind}_{re.sub(r'[^a-zA-Z0-9_]', '_', name)}"] = value
    for container in pod["containers"]:
        for port in container.get("ports", [{"name": ""}]):
            yield known | {"__meta_kubernetes_pod_container_port_name": port["name"]}


def _relabelled(target: dict[str, str], rules: list[dict[str, Any]]) -> dict[str, str] | None:
    """The labels with which a target is scraped; None: it is not."""
    for rule in rules:
        value = ";".join(target.get(name, "") for name in rule["source_labels"])
        is_matched = re.fullmatch(rule.get("regex", ".*"), value) is not None
        action = rule.get("action", "replace")
        assert action in {"keep", "drop", "replace"}
        if (action == "keep" and not is_matched) or (action == "drop" and is_matched):
            return None
        if is_matched and action == "replace":
            target = target | {rule["target_label"]: value}
    return {name: value for name, value in target.items() if not name.startswith("__")}


@pytest.mark.parametrize(("phase", "roles"), [("Pending", ["api", "worker"]), ("Failed", [])])
def test_every_process_on_kubernetes_is_scraped_with_the_labels_of_the_rules(phase: str, roles: list[str]) -> None:
    config = yaml.safe_load((HERE / "prometheus" / "kubernetes.yml").read_text())
    [job] = config["scrape_configs"]
    assert job["job_name"] == "arrears"
    assert [discovery["role"] for discovery in job["kubernetes_sd_configs"]] == ["pod"]
    workloads = [
        document
        for service in SERVICES
        for document in yaml.safe_load_all((ROOT / "deploy" / "k8s" / "base" / f"{service}.yaml").read_text())
        if document["kind"] in {"Deployment", "Job"}
    ]
    scraped = [
        labels
        for workload in workloads
        for target in _discovered(workload, phase)
        if (labels := _relabelled(target, job["relabel_configs"])) is not None
    ]
    assert sorted(scraped, key=lambda labels: labels["instance"]) == [
        {"instance": f"{name}-{role}-x", "service": name, "role": role} for name in sorted(SERVICES) for role in roles
    ]


@pytest.mark.parametrize("name", ["prometheus.yml", "kubernetes.yml"])
def test_the_rules_that_are_loaded_are_there(name: str) -> None:
    config = yaml.safe_load((HERE / "prometheus" / name).read_text())
    assert [(HERE / "prometheus" / rules).exists() for rules in config["rule_files"]] == [True]


def test_every_file_that_the_obs_profile_mounts_is_there() -> None:
    parts = {name: part for name, part in COMPOSE["services"].items() if part.get("profiles") == ["obs"]}
    assert parts.keys() == {"grafana", "otel-collector", "prometheus"}
    mounted = [
        ROOT / volume.split(":")[0] for part in parts.values() for volume in part["volumes"] if volume.startswith("./")
    ]
    assert len(mounted) == 4
    assert all(path.exists() for path in mounted)


def test_the_collector_keeps_errors_and_uses_only_what_it_declares() -> None:
    config = yaml.safe_load((HERE / "otel-collector.yaml").read_text())
    policies = {policy["type"]: policy for policy in config["processors"]["tail_sampling"]["policies"]}
    assert policies["status_code"]["status_code"]["status_codes"] == ["ERROR"]
    for pipeline in config["service"]["pipelines"].values():
        for kind in ("receivers", "processors"):
            assert set(pipeline[kind]) <= config[kind].keys()
        for exporter in pipeline["exporters"]:
            assert re.fullmatch(r"\$\{env:\w+:-debug\}", exporter)
    environment = COMPOSE["services"]["otel-collector"]["environment"]
    chosen = {re.sub(r"\$\{\w+:-(\w+)\}", r"\1", environment[f"{kind}_EXPORTER"]) for kind in ("METRICS", "TRACES")}
    assert chosen <= config["exporters"].keys()


def test_grafana_finds_its_source_and_its_dashboards() -> None:
    provisioning = HERE / "grafana" / "provisioning"
    source = yaml.safe_load((provisioning / "datasources" / "prometheus.yaml").read_text())["datasources"][0]
    assert source["url"] == "http://prometheus:9090"
    assert {panel["datasource"]["uid"] for panel in DASHBOARD["panels"]} == {source["uid"]}
    provider = yaml.safe_load((provisioning / "dashboards" / "arrears.yaml").read_text())["providers"][0]
    volumes = COMPOSE["services"]["grafana"]["volumes"]
    assert f"./deploy/observability/grafana/dashboards:{provider['options']['path']}:ro" in volumes


def test_the_panels_of_the_dashboard_do_not_cover_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
