"""Debian's python3-kubernetes against the API server whose kubeconfig is $KUBECONFIG.

Prints one line of JSON per case: {"name": ..., "error": null or a traceback}.
"""

import base64
import datetime
import json
import os
import sys
import tempfile
import threading
import traceback

import yaml

from kubernetes import client, config, utils, watch
from kubernetes.client.rest import ApiException
from kubernetes.leaderelection import electionconfig, leaderelection
from kubernetes.leaderelection.resourcelock.configmaplock import ConfigMapLock

import python_dynamic
import python_models
import python_watches
from python_cases import CASES, NAMESPACE, case, equal, refused


def deployment(name, replicas=1):
    labels = {"app": name}
    container = client.V1Container(
        name="web",
        image="example.com/web:1",
        ports=[client.V1ContainerPort(container_port=80)],
        resources=client.V1ResourceRequirements(requests={"cpu": "0.5", "memory": "64Mi"}),
    )
    return client.V1Deployment(
        metadata=client.V1ObjectMeta(name=name, labels=labels),
        spec=client.V1DeploymentSpec(
            replicas=replicas,
            selector=client.V1LabelSelector(match_labels=labels),
            strategy=client.V1DeploymentStrategy(
                rolling_update=client.V1RollingUpdateDeployment(max_surge="50%", max_unavailable=0)
            ),
            template=client.V1PodTemplateSpec(
                metadata=client.V1ObjectMeta(labels=labels), spec=client.V1PodSpec(containers=[container])
            ),
        ),
    )


@case
def typed_objects_come_back_as_they_were_sent():
    apps = client.AppsV1Api()
    made = apps.create_namespaced_deployment(NAMESPACE, deployment("typed"))
    equal(made.spec.strategy.rolling_update.max_surge, "50%")
    equal(made.spec.strategy.rolling_update.max_unavailable, 0)
    requests = made.spec.template.spec.containers[0].resources.requests
    equal(requests, {"cpu": "500m", "memory": "64Mi"})
    equal(utils.parse_quantity(requests["memory"]), 64 * 1024 * 1024)
    assert isinstance(made.metadata.creation_timestamp, datetime.datetime)
    equal(made.metadata.creation_timestamp.tzinfo.utcoffset(None), datetime.timedelta(0))
    found = apps.read_namespaced_deployment("typed", NAMESPACE)
    found.spec.replicas = 3
    found.metadata.resource_version = None  # A controller may have written its status since.
    equal(apps.replace_namespaced_deployment("typed", NAMESPACE, found).spec.replicas, 3)
    stale = refused(ApiException, lambda: apps.replace_namespaced_deployment("typed", NAMESPACE, made))
    equal((stale.status, json.loads(stale.body)["reason"]), (409, "Conflict"))
    equal(apps.patch_namespaced_deployment_scale("typed", NAMESPACE, {"spec": {"replicas": 2}}).spec.replicas, 2)
    equal(apps.delete_namespaced_deployment("typed", NAMESPACE).status, "Success")


@case
def lists_are_paged_and_chosen_from():
    core = client.CoreV1Api()
    for number in range(5):
        metadata = client.V1ObjectMeta(name=f"page-{number}", labels={"odd": str(number % 2 == 1)})
        core.create_namespaced_config_map(NAMESPACE, client.V1ConfigMap(metadata=metadata, data={"n": str(number)}))
    first = core.list_namespaced_config_map(NAMESPACE, limit=2, label_selector="odd")
    equal((len(first.items), first.metadata.remaining_item_count), (2, None))
    rest = core.list_namespaced_config_map(NAMESPACE, label_selector="odd", _continue=first.metadata._continue)
    equal([one.metadata.name for one in first.items + rest.items], [f"page-{number}" for number in range(5)])
    equal(len(core.list_namespaced_config_map(NAMESPACE, label_selector="odd=True").items), 2)
    chosen = core.list_config_map_for_all_namespaces(field_selector="metadata.name=page-3")
    equal([one.data for one in chosen.items], [{"n": "3"}])
    core.delete_collection_namespaced_config_map(NAMESPACE, label_selector="odd=True")
    equal(len(core.list_namespaced_config_map(NAMESPACE, label_selector="odd").items), 3)


@case
def other_groups_have_their_types():
    job = client.V1Job(
        metadata=client.V1ObjectMeta(name="once"),
        spec=client.V1JobSpec(
            suspend=True,
            template=client.V1PodTemplateSpec(
                spec=client.V1PodSpec(
                    restart_policy="Never", containers=[client.V1Container(name="main", image="x")]
                )
            ),
        ),
    )
    equal(client.BatchV1Api().create_namespaced_job(NAMESPACE, job).spec.backoff_limit, 6)
    rbac = client.RbacAuthorizationV1Api()
    role = client.V1Role(
        metadata=client.V1ObjectMeta(name="reader"),
        rules=[client.V1PolicyRule(api_groups=[""], resources=["pods"], verbs=["get"])],
    )
    equal(rbac.create_namespaced_role(NAMESPACE, role).rules[0].resources, ["pods"])
    review = client.AuthorizationV1Api().create_self_subject_access_review(
        client.V1SelfSubjectAccessReview(
            spec=client.V1SelfSubjectAccessReviewSpec(
                resource_attributes=client.V1ResourceAttributes(verb="get", resource="pods")
            )
        )
    )
    equal(review.status.allowed, True)
    secret = client.V1Secret(metadata=client.V1ObjectMeta(name="s"), string_data={"key": "välue"})
    data = client.CoreV1Api().create_namespaced_secret(NAMESPACE, secret).data
    equal(base64.b64decode(data["key"]).decode(), "välue")
    equal(client.VersionApi().get_code().major, "1")
    assert "apps" in [group.name for group in client.ApisApi().get_api_versions().groups]


@case
def a_watch_tells_what_happens_from_a_version_on():
    core = client.CoreV1Api()
    start = core.list_namespaced_config_map(NAMESPACE).metadata.resource_version
    seen = []
    stream = watch.Watch()

    def change():
        for name in ("w-1", "w-2"):
            core.create_namespaced_config_map(NAMESPACE, {"metadata": {"name": name}})
        core.patch_namespaced_config_map("w-1", NAMESPACE, {"data": {"a": "b"}})
        core.delete_namespaced_config_map("w-2", NAMESPACE)

    changing = threading.Timer(0.1, change)
    changing.start()
    for event in stream.stream(
        core.list_namespaced_config_map, NAMESPACE, resource_version=start, timeout_seconds=10
    ):
        if not event["object"].metadata.name.startswith("w-"):
            continue
        seen.append((event["type"], event["object"].metadata.name))
        if event["type"] == "DELETED":
            stream.stop()
    changing.join()
    equal(seen, [("ADDED", "w-1"), ("ADDED", "w-2"), ("MODIFIED", "w-1"), ("DELETED", "w-2")])


@case
def a_watch_ends_at_its_timeout_and_refuses_versions_to_come():
    core = client.CoreV1Api()
    before = datetime.datetime.now()
    list(watch.Watch().stream(core.list_namespaced_secret, NAMESPACE, timeout_seconds=1))
    took = (datetime.datetime.now() - before).total_seconds()
    assert 0.8 < took < 5, took
    gone = refused(
        ApiException,
        lambda: list(
            watch.Watch().stream(
                core.list_namespaced_secret, NAMESPACE, resource_version="no-number", timeout_seconds=1
            )
        ),
    )
    equal(gone.status, 422)


@case
def a_file_of_several_objects_is_created():
    text = """
apiVersion: v1
kind: ConfigMap
metadata: {name: from-yaml}
data: {octal: "0755", yes: "no"}
---
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Service
  metadata: {name: from-yaml}
  spec: {ports: [{port: 80, targetPort: web}]}
- apiVersion: apps/v1
  kind: Deployment
  metadata: {name: from-yaml}
  spec:
    selector: {matchLabels: {app: y}}
    template:
      metadata: {labels: {app: y}}
      spec: {containers: [{name: web, image: x}]}
"""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(text)
        file.flush()
        made = utils.create_from_yaml(client.ApiClient(), file.name, namespace=NAMESPACE)
        equal([one.kind for group in made for one in group], ["ConfigMap", "Service", "Deployment"])
        again = refused(
            utils.FailToCreateError,
            lambda: utils.create_from_yaml(client.ApiClient(), file.name, namespace=NAMESPACE),
        )
        equal([error.status for error in again.api_exceptions], [409] * len(again.api_exceptions))
    service = client.CoreV1Api().read_namespaced_service("from-yaml", NAMESPACE)
    equal(service.spec.ports[0].target_port, "web")


@case
def configurations_are_loaded_from_certificates_tokens_and_programs():
    core = client.CoreV1Api()
    core.create_namespaced_service_account(NAMESPACE, {"metadata": {"name": "robot"}})
    token = (
        core.create_namespaced_service_account_token(
            "robot", NAMESPACE, {"spec": {"expirationSeconds": 3600}}
        ).status.token
        if hasattr(core, "create_namespaced_service_account_token")
        else core.api_client.call_api(
            f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/robot/token",
            "POST",
            body={"spec": {"expirationSeconds": 3600}},
            response_type="object",
            auth_settings=["BearerToken"],
            _return_http_data_only=True,
        )["status"]["token"]
    )
    contexts, current = config.list_kube_config_contexts()
    equal(current, contexts[0])
    with open(os.environ["KUBECONFIG"]) as file:
        admin = yaml.safe_load(file)
    program = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": sys.executable,
        "args": [
            "-c",
            "import json; print(json.dumps({'apiVersion': 'client.authentication.k8s.io/v1', "
            f"'kind': 'ExecCredential', 'status': {{'token': '{token}'}}}}))",
        ],
        "interactiveMode": "Never",
    }
    for user in ({"token": token}, {"exec": program}):
        robot = {**admin, "users": [{"name": admin["users"][0]["name"], "user": user}]}
        with tempfile.NamedTemporaryFile("w") as file:
            json.dump(robot, file)
            file.flush()
            api = client.CoreV1Api(config.new_client_from_config(file.name))
        error = refused(ApiException, lambda: api.list_namespaced_pod(NAMESPACE))
        equal(
            (error.status, json.loads(error.body)["message"]),
            (
                403,
                f'pods is forbidden: User "system:serviceaccount:{NAMESPACE}:robot" cannot list resource "pods" '
                f'in API group "" in the namespace "{NAMESPACE}"',
            ),
        )


@case
def one_of_two_is_elected():
    def candidate(name):
        settings = electionconfig.Config(
            ConfigMapLock("leader", NAMESPACE, name),
            lease_duration=3,
            renew_deadline=2,
            retry_period=1,
            onstarted_leading=lambda: None,
            onstopped_leading=None,
        )
        return leaderelection.LeaderElection(settings)

    first = candidate("one")
    equal(first.try_acquire_or_renew(), True)
    equal(first.try_acquire_or_renew(), True)
    equal(candidate("two").try_acquire_or_renew(), False)


@case
def errors_of_what_is_not_there():
    core = client.CoreV1Api()
    error = refused(ApiException, lambda: core.read_namespaced_pod("none", NAMESPACE))
    body = json.loads(error.body)
    equal((error.status, body["kind"], body["message"]), (404, "Status", 'pods "none" not found'))
    equal(body["details"], {"name": "none", "kind": "pods"})
    metrics = refused(
        ApiException,
        lambda: client.CustomObjectsApi().list_cluster_custom_object("metrics.k8s.io", "v1beta1", "nodes"),
    )
    equal(metrics.status, 404)


def main():
    config.load_kube_config()
    client.CoreV1Api().create_namespace({"metadata": {"name": NAMESPACE}})
    for function in CASES:
        error = None
        try:
            function()
        except BaseException:
            error = traceback.format_exc()
        print(json.dumps({"name": function.__name__.replace("_", " "), "error": error}), flush=True)


main()
