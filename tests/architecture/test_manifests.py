"""The Kubernetes manifests hold what an SRE checks first. No cluster is needed: these are assertions over the YAML."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from services.accounts.settings import AccountsSettings
from services.payments.settings import PaymentsSettings

K8S = Path(__file__).resolve().parents[2] / "deploy" / "k8s"
BASE = [
    document
    for name in ("accounts.yaml", "payments.yaml", "network.yaml")
    for document in yaml.safe_load_all((K8S / "base" / name).read_text())
]
WORKLOADS = [document for document in BASE if document["kind"] in {"Deployment", "Job"}]
DEPLOYMENTS = [document for document in BASE if document["kind"] == "Deployment"]


def _pod(workload: dict[str, Any]) -> dict[str, Any]:
    pod: dict[str, Any] = workload["spec"]["template"]["spec"]
    return pod


def _name(document: dict[str, Any]) -> str:
    return str(document["metadata"]["name"])


def test_every_service_has_an_api_a_worker_and_a_migration() -> None:
    assert sorted(_name(document) for document in WORKLOADS) == [
        "accounts-api", "accounts-migrate", "accounts-worker", "payments-api", "payments-migrate", "payments-worker",
    ]  # fmt: skip


@pytest.mark.parametrize("workload", WORKLOADS, ids=_name)
def test_every_pod_is_restricted(workload: dict[str, Any]) -> None:
    pod = _pod(workload)
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    for container in pod["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["requests"]["memory"] == container["resources"]["limits"]["memory"]
        assert "cpu" not in container["resources"]["limits"]


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=_name)
def test_liveness_asks_the_process_and_readiness_its_dependencies(deployment: dict[str, Any]) -> None:
    container = _pod(deployment)["containers"][0]
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert container["startupProbe"]["httpGet"]["path"] == "/healthz"
    if container["args"] == ["api"]:
        assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=_name)
def test_every_deployment_survives_a_drain_and_stops_in_time(deployment: dict[str, Any]) -> None:
    budgets = {_name(document): document for document in BASE if document["kind"] == "PodDisruptionBudget"}
    budget = budgets[_name(deployment)]
    assert budget["spec"]["selector"]["matchLabels"] == deployment["spec"]["selector"]["matchLabels"]
    assert _pod(deployment)["terminationGracePeriodSeconds"] > 30
    assert deployment["spec"]["replicas"] >= 2


def test_no_traffic_is_allowed_by_default() -> None:
    deny = next(document for document in BASE if _name(document) == "default-deny")
    assert deny["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in deny["spec"]
    assert "egress" not in deny["spec"]


def test_every_key_of_the_config_is_a_setting_and_none_is_a_secret() -> None:
    known = {
        f"{prefix}{name}".upper()
        for prefix, settings in (("ACCOUNTS_", AccountsSettings), ("PAYMENTS_", PaymentsSettings))
        for name in settings.model_fields
    }
    keys = {line.partition("=")[0] for line in (K8S / "base" / "config.env").read_text().splitlines() if line}
    assert keys <= known, keys - known
    assert not any("DATABASE_URL" in key for key in keys)


@pytest.mark.parametrize("overlay", ["dev", "prod"])
def test_an_overlay_names_only_what_the_base_has(overlay: str) -> None:
    folder = K8S / "overlays" / overlay
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
    assert all((folder / resource).exists() for resource in kustomization["resources"])
    names = {_name(document) for document in DEPLOYMENTS}
    assert {replica["name"] for replica in kustomization["replicas"]} <= names
    namespace = yaml.safe_load((folder / "namespace.yaml").read_text())
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert namespace["metadata"]["name"] == kustomization["namespace"]
