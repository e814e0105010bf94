"""Watches of the Python client that go on where they were, and what they say when that is no more; and apply."""

import json

from kubernetes import client, watch
from kubernetes.client.rest import ApiException
from kubernetes.dynamic.exceptions import ApiException as DynamicApiException
from kubernetes.dynamic.exceptions import ConflictError

from python_cases import case, equal, refused
from python_dynamic import dynamic_client

NAMESPACE = "watches"


def config_map(name, **data):
    body = {"metadata": {"name": name}, "data": data}
    return client.CoreV1Api().create_namespaced_config_map(NAMESPACE, body)


@case
def a_watch_goes_on_where_it_was():
    core = client.CoreV1Api()
    core.create_namespace({"metadata": {"name": NAMESPACE}})
    start = core.list_namespaced_config_map(NAMESPACE).metadata.resource_version
    for number in range(4):
        config_map(f"one-{number}")
    stream = watch.Watch()
    where = {"resource_version": start, "timeout_seconds": 10, "field_selector": "metadata.name!=kube-root-ca.crt"}
    seen = []
    for event in stream.stream(core.list_namespaced_config_map, NAMESPACE, **where):
        seen.append(event["object"].metadata.name)
        if len(seen) == 2:
            stream.stop()
    equal(seen, ["one-0", "one-1"])
    core.delete_namespaced_config_map("one-0", NAMESPACE)
    where["resource_version"] = stream.resource_version
    for event in stream.stream(core.list_namespaced_config_map, NAMESPACE, **where):
        seen.append(f'{event["type"]} {event["object"].metadata.name}')
        if event["type"] == "DELETED":
            stream.stop()
    equal(seen[2:], ["ADDED one-2", "ADDED one-3", "DELETED one-0"])


@case
def bookmarks_are_no_errors_to_a_client_that_has_no_use_for_them():
    core = client.CoreV1Api()
    events = watch.Watch().stream(
        core.list_namespaced_config_map, NAMESPACE, timeout_seconds=3, allow_watch_bookmarks=True
    )
    types = [event["type"] for event in events]
    equal((types[0], types[-1]), ("ADDED", "BOOKMARK"))


@case
def a_version_that_is_forgotten_is_told_as_such():
    core = client.CoreV1Api()
    old = core.list_namespaced_config_map(NAMESPACE).metadata.resource_version
    for number in range(4):
        config_map(f"large-{number}", filler="x" * 700_000)
    # Without a timeout the client tries once more by itself, and then says so.
    for more in ({"timeout_seconds": 5}, {}):
        stream = watch.Watch().stream(core.list_namespaced_config_map, NAMESPACE, resource_version=old, **more)
        error = refused(ApiException, lambda: list(stream))
        equal(error.status, 410)
        assert error.reason.startswith(f"Expired: too old resource version: {old} ("), error.reason
    resource = dynamic_client().resources.get(api_version="v1", kind="ConfigMap")
    error = refused(
        (ApiException, DynamicApiException),
        lambda: list(resource.watch(namespace=NAMESPACE, resource_version=old, timeout=5)),
    )
    equal(error.status, 410)
    # What its documentation says to do then.
    now = core.list_namespaced_config_map(NAMESPACE).metadata.resource_version
    core.delete_namespaced_config_map("large-0", NAMESPACE)
    stream = watch.Watch()
    for event in stream.stream(core.list_namespaced_config_map, NAMESPACE, resource_version=now, timeout_seconds=10):
        equal((event["type"], event["object"].metadata.name), ("DELETED", "large-0"))
        stream.stop()


@case
def a_list_in_pages_is_of_one_moment():
    core = client.CoreV1Api()
    for number in range(3):
        config_map(f"page-{number}")
    first = core.list_namespaced_config_map(NAMESPACE, limit=2)
    config_map("a-latecomer")
    core.delete_namespaced_config_map("page-2", NAMESPACE)
    rest = core.list_namespaced_config_map(NAMESPACE, limit=50, _continue=first.metadata._continue)
    equal(rest.metadata.resource_version, first.metadata.resource_version)
    names = [item.metadata.name for item in first.items + rest.items]
    assert "page-2" in names and "a-latecomer" not in names, names
    error = refused(ApiException, lambda: core.list_namespaced_config_map(NAMESPACE, _continue="none"))
    equal(error.status, 400)


@case
def the_dynamic_client_applies_on_the_side_of_the_server():
    resource = dynamic_client().resources.get(api_version="apps/v1", kind="Deployment")

    def apply(manager, replicas=None, force=None):
        spec = {
            "selector": {"matchLabels": {"app": "applied"}},
            "template": {
                "metadata": {"labels": {"app": "applied"}},
                "spec": {"containers": [{"name": "web", "image": "example.com/web:1"}]},
            },
        }
        body = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "applied"},
            "spec": spec if replicas is None else {**spec, "replicas": replicas},
        }
        # Of bytes: this version of the client has no other way to send this type.
        return resource.server_side_apply(
            body=json.dumps(body).encode(),
            name="applied",
            namespace=NAMESPACE,
            field_manager=manager,
            force_conflicts=force,
        )

    made = apply("one", 0)
    equal((made.spec.replicas, made.metadata.managedFields[0].manager), (0, "one"))
    again = apply("one", 0)
    equal(again.metadata.managedFields[0].operation, "Apply")
    equal(apply("two").spec.replicas, 0)
    conflict = json.loads(refused(ConflictError, lambda: apply("two", 1)).body)
    equal([cause["field"] for cause in conflict["details"]["causes"]], [".spec.replicas"])
    equal(apply("two", 1, force=True).spec.replicas, 1)
    equal(apply("one").spec.replicas, 1)
    # Who was last to want it wants it no more: it goes back to its default, which is the same.
    equal(apply("two").spec.replicas, 1)
