"""The Kubernetes manifests hold what an SRE checks first. No cluster is needed: these are assertions over the YAML."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic_core import PydanticUndefined

from deploy.contracts import _NOWHERE, SERVICES
from services.contact.settings import ContactSettings
from shared.cli import ServiceDescription
from shared.events.topics import TOPICS
from shared.settings import ServiceSettings

K8S = Path(__file__).resolve().parents[2] / "deploy" / "k8s"
BASE = [
    document
    for name in (*(f"{service.name}.yaml" for service in SERVICES), "network.yaml")
    for document in yaml.safe_load_all((K8S / "base" / name).read_text())
]
WORKLOADS = [document for document in BASE if document["kind"] in {"Deployment", "Job"}]
DEPLOYMENTS = [document for document in BASE if document["kind"] == "Deployment"]
JOBS = [document for document in BASE if document["kind"] == "Job"]
KUSTOMIZATION: dict[str, Any] = yaml.safe_load((K8S / "base" / "kustomization.yaml").read_text())
OVERLAYS = ["dev", "prod"]
_ENV = (K8S / "base" / "config.env").read_text()
CONFIG = dict(re.findall(r"^([A-Z_]+)=(.*)$", _ENV, re.MULTILINE))
OFFERED = set(re.findall(r"^# ([A-Z_]+)=", _ENV, re.MULTILINE))
"""What an installation sets of its own: it stands in a comment."""
SENDER = ("SENDER_COMPANY", "SENDER_PHONE", "SENDER_ADDRESS")


USERS: dict[str, dict[str, Any]] = {
    user["metadata"]["name"]: user for user in yaml.safe_load_all((K8S / "kafka" / "users.yaml").read_text())
}


def _topics(user: str, operation: str) -> set[str]:
    """The topics on which a Kafka user may do something."""
    acls = USERS[user]["spec"]["authorization"]["acls"]
    named = [acl["resource"] for acl in acls if operation in acl["operations"]]
    return {str(resource["name"]) for resource in named if resource["type"] == "topic"}


def _pod(workload: dict[str, Any]) -> dict[str, Any]:
    pod: dict[str, Any] = workload["spec"]["template"]["spec"]
    return pod


def _name(document: dict[str, Any]) -> str:
    return str(document["metadata"]["name"])


def _is_scaler(document: dict[str, Any]) -> bool:
    return bool(document["kind"] == "HorizontalPodAutoscaler")


def _wave(metadata: dict[str, Any]) -> int:
    return int(metadata.get("annotations", {}).get("argocd.argoproj.io/sync-wave", "0"))


def test_every_service_has_an_api_a_worker_and_a_migration() -> None:
    expected = {f"{service.name}-{role}" for service in SERVICES for role in ("api", "migrate", "worker")}
    assert {_name(document) for document in WORKLOADS} == expected
    assert len(WORKLOADS) == len(expected) == 15


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


def test_there_are_two_of_every_process_and_an_apply_does_not_take_back_what_the_autoscaler_has_added() -> None:
    scalers = {
        document["spec"]["scaleTargetRef"]["name"]: document["spec"] for document in BASE if _is_scaler(document)
    }
    for deployment in DEPLOYMENTS:
        if scaler := scalers.pop(_name(deployment), None):
            assert "replicas" not in deployment["spec"], _name(deployment)
            assert scaler["minReplicas"] >= 2
        else:
            assert deployment["spec"]["replicas"] >= 2, _name(deployment)
    assert scalers == {}


@pytest.mark.parametrize("job", JOBS, ids=_name)
def test_a_migration_is_synced_after_what_it_refers_to_and_before_the_processes(job: dict[str, Any]) -> None:
    # A PreSync hook would come before all of them, and its pod would wait for its account and its settings for ever.
    assert job["metadata"]["annotations"]["argocd.argoproj.io/hook"] == "Sync"
    assert job["metadata"]["annotations"]["argocd.argoproj.io/hook-delete-policy"] == "BeforeHookCreation"
    accounts = {_name(document): document for document in BASE if document["kind"] == "ServiceAccount"}
    generators = {each["name"]: each for each in KUSTOMIZATION["configMapGenerator"]}
    pod = _pod(job)
    [settings] = [
        source["configMapRef"]["name"] for source in pod["containers"][0]["envFrom"] if "configMapRef" in source
    ]
    referred_to = [accounts[pod["serviceAccountName"]]["metadata"], generators[settings]["options"]]
    for overlay in OVERLAYS:
        namespace = yaml.safe_load((K8S / "overlays" / overlay / "namespace.yaml").read_text())["metadata"]
        assert _wave(namespace) < min(_wave(each) for each in referred_to)
    assert max(_wave(each) for each in referred_to) < _wave(job["metadata"])
    assert _wave(job["metadata"]) < min(_wave(deployment["metadata"]) for deployment in DEPLOYMENTS)


def test_no_traffic_is_allowed_by_default() -> None:
    deny = next(document for document in BASE if _name(document) == "default-deny")
    assert deny["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in deny["spec"]
    assert "egress" not in deny["spec"]


def test_every_key_of_the_config_is_a_setting_and_none_is_a_secret() -> None:
    known = {
        f"{service.name}_{name}".upper()
        for service in SERVICES
        for name in service.settings(**_NOWHERE).__class__.model_fields
    }
    keys = CONFIG.keys() | OFFERED
    assert keys <= known, keys - known
    assert not any(word in key for key in keys for word in ("DATABASE_URL", "PASSWORD", "SECRET", "AUTH_TOKEN"))


def test_nothing_outside_the_cluster_is_asked_for_the_policies_let_nobody_out() -> None:
    addresses = {key: value for key, value in CONFIG.items() if key.endswith(("_URL", "_ENDPOINT", "_SERVERS"))}
    hosts = {key: value.split("//")[-1].split("/")[0].split(":")[0] for key, value in addresses.items()}
    services = {_name(document) for document in BASE if document["kind"] == "Service"}
    assert len(hosts) > len(SERVICES)
    assert {key: host for key, host in hosts.items() if not host.endswith(".svc") and host not in services} == {}


def test_what_contact_writes_with_and_in_whose_name_is_named() -> None:
    own = {
        f"CONTACT_{name}".upper(): field
        for name, field in ContactSettings.model_fields.items()
        if name not in ServiceSettings.model_fields
    }
    secret = {key for key, field in own.items() if "SecretStr" in str(field.annotation)}
    without_default = {key for key, field in own.items() if field.get_default() in (None, PydanticUndefined)}
    in_its_name = {f"CONTACT_{name}" for name in ("PUBLIC_URL", "MAIL_FROM", *SENDER)}
    assert (without_default | in_its_name) - secret - CONFIG.keys() - OFFERED == set()
    comment = (K8S / "base" / "kustomization.yaml").read_text().partition("apiVersion")[0]
    assert {name for name in secret if name not in comment} == set()


def test_kafka_users_are_as_the_operator_that_serves_this_kafka_takes_them() -> None:
    for user in USERS.values():
        assert user["apiVersion"] == "kafka.strimzi.io/v1"
        assert user["spec"]["authentication"] == {"type": "scram-sha-512"}
        assert user["spec"]["authorization"]["type"] == "simple"
        assert all(acl.keys() == {"resource", "operations"} for acl in user["spec"]["authorization"]["acls"])


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: str(service.name))
def test_a_service_may_write_its_own_topics_and_read_those_that_it_consumes(service: ServiceDescription[Any]) -> None:
    consumed = {topic for part in service.subscriptions(service.settings(**_NOWHERE)) for topic in part.topics}
    assert _topics(service.name, "Write") == {topic.name for topic in TOPICS.values() if topic.owner == service.name}
    assert _topics(service.name, "Read") == consumed
    assert CONFIG[f"{service.name.upper()}_KAFKA_SASL_USERNAME"] == service.name


def test_core_banking_may_write_its_feeds_and_nothing_else() -> None:
    assert _topics("core-banking", "Write") == {topic.name for topic in TOPICS.values() if topic.owner == "core"}
    assert {tuple(acl["operations"]) for acl in USERS["core-banking"]["spec"]["authorization"]["acls"]} == {("Write",)}
    assert USERS.keys() == {*(service.name for service in SERVICES), "core-banking"}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_an_overlay_names_only_what_the_base_has(overlay: str) -> None:
    folder = K8S / "overlays" / overlay
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
    assert all((folder / resource).exists() for resource in kustomization["resources"])
    names = {_name(document) for document in DEPLOYMENTS}
    assert {replica["name"] for replica in kustomization["replicas"]} <= names
    namespace = yaml.safe_load((folder / "namespace.yaml").read_text())
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert namespace["metadata"]["name"] == kustomization["namespace"]


def test_the_page_on_deploying_names_every_label_that_opens_a_way_and_every_key_of_a_secret() -> None:
    page = (K8S / "README.md").read_text()
    labels = set(re.findall(r"arrears\.io/\w+", (K8S / "base" / "network.yaml").read_text()))
    assert len(labels) == 5
    assert {label for label in labels if f'`{label}="true"`' not in page} == set()
    comment = (K8S / "base" / "kustomization.yaml").read_text().partition("apiVersion")[0]
    keys = set(re.findall(r"(?:CONTACT|SKIPTRACE)_[A-Z_]+", comment))
    assert len(keys) == 5
    assert {key for key in keys if f"`{key}`" not in page} == set()
