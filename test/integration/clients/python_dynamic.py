"""The dynamic client of the Python client: discovery and its file, every kind of patch, custom resources."""

import json
import os
import tempfile

from kubernetes import client, dynamic
from kubernetes.client.rest import ApiException
from kubernetes.dynamic.exceptions import ConflictError, NotFoundError, ResourceNotFoundError

from python_cases import NAMESPACE, case, equal, refused


def dynamic_client(cache=None):
    """Without a cache file given it finds everything out anew: the default file outlives servers."""
    if cache is not None:
        return dynamic.DynamicClient(client.ApiClient(), cache_file=cache)
    with tempfile.TemporaryDirectory() as directory:
        return dynamic.DynamicClient(client.ApiClient(), cache_file=os.path.join(directory, "discovery"))


@case
def the_dynamic_client_finds_kinds_and_short_names():
    api = dynamic_client()
    for group_version, kind, plural in (
        ("v1", "Pod", "pods"),
        ("apps/v1", "Deployment", "deployments"),
        ("rbac.authorization.k8s.io/v1", "ClusterRole", "clusterroles"),
        ("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers"),
    ):
        equal(api.resources.get(api_version=group_version, kind=kind).name, plural)
    equal(api.resources.get(short_names=["deploy"]).kind, "Deployment")
    assert "all" in api.resources.get(kind="StatefulSet", api_version="apps/v1").categories
    refused(ResourceNotFoundError, lambda: api.resources.get(api_version="v1", kind="Nothing"))


@case
def the_dynamic_client_makes_changes_applies_and_deletes():
    api = dynamic_client()
    resource = api.resources.get(api_version="v1", kind="ConfigMap")
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "dyn"}, "data": {"a": "1"}}
    equal(resource.create(body=body, namespace=NAMESPACE).data.a, "1")
    error = refused(ConflictError, lambda: resource.create(body=body, namespace=NAMESPACE))
    equal(json.loads(error.body)["reason"], "AlreadyExists")
    for content_type, patch in (
        ("application/strategic-merge-patch+json", {"data": {"b": "2"}}),
        ("application/merge-patch+json", {"data": {"c": "3", "a": None}}),
        ("application/json-patch+json", [{"op": "add", "path": "/data/d", "value": "4"}]),
    ):
        resource.patch(body=patch, name="dyn", namespace=NAMESPACE, content_type=content_type)
    equal(resource.get(name="dyn", namespace=NAMESPACE).to_dict()["data"], {"b": "2", "c": "3", "d": "4"})
    mine = {**body, "data": {"b": "mine"}}
    apply = lambda **more: api.request(
        "patch",
        f"/api/v1/namespaces/{NAMESPACE}/configmaps/dyn",
        body=json.dumps(mine),
        content_type="application/apply-patch+yaml",
        query_params=[("fieldManager", "python"), *more.items()],
    )
    conflict = refused(ConflictError, apply)
    assert "conflict with" in json.loads(conflict.body)["message"], conflict.body
    equal(apply(force="true").data.b, "mine")
    equal(resource.delete(name="dyn", namespace=NAMESPACE).status, "Success")
    refused(NotFoundError, lambda: resource.get(name="dyn", namespace=NAMESPACE))


DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "snakes.python.example.com"},
    "spec": {
        "group": "python.example.com",
        "scope": "Namespaced",
        "names": {"plural": "snakes", "singular": "snake", "kind": "Snake", "shortNames": ["sn"]},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {
                                "type": "object",
                                "required": ["length"],
                                "properties": {"length": {"type": "integer", "minimum": 1}},
                            },
                            "status": {"type": "object", "properties": {"fed": {"type": "boolean"}}},
                        },
                    }
                },
            }
        ],
    },
}


@case
def a_new_kind_is_found_with_an_old_cache():
    with tempfile.TemporaryDirectory() as directory:
        cache = os.path.join(directory, "discovery")
        dynamic_client(cache)
        definitions = dynamic_client(cache).resources.get(
            kind="CustomResourceDefinition", api_version="apiextensions.k8s.io/v1"
        )
        definitions.create(body=DEFINITION)
        for event in definitions.watch(field_selector="metadata.name=snakes.python.example.com", timeout=10):
            conditions = event["object"].to_dict().get("status", {}).get("conditions", [])
            if ("Established", "True") in [(one["type"], one["status"]) for one in conditions]:
                break
        snakes = dynamic_client(cache).resources.get(api_version="python.example.com/v1", kind="Snake")
        snake = {"apiVersion": "python.example.com/v1", "kind": "Snake", "metadata": {"name": "kaa"}}
        made = snakes.create(body={**snake, "spec": {"length": 9}}, namespace=NAMESPACE)
        equal(made.spec.length, 9)
        bad = refused(
            ApiException,
            lambda: client.CustomObjectsApi().create_namespaced_custom_object(
                "python.example.com", "v1", NAMESPACE, "snakes", {**snake, "spec": {"length": 0}}
            ),
        )
        equal(
            json.loads(bad.body)["message"],
            'Snake.python.example.com "kaa" is invalid: spec.length: Invalid value: 0: spec.length in body should be greater than or equal to 1',
        )
        custom = client.CustomObjectsApi()
        where = ("python.example.com", "v1", NAMESPACE, "snakes", "kaa")
        equal(custom.patch_namespaced_custom_object(*where, {"spec": {"length": 10}})["spec"], {"length": 10})
        fed = custom.patch_namespaced_custom_object_status(*where, {"status": {"fed": True}})
        equal((fed["status"], fed["metadata"]["generation"]), ({"fed": True}, 2))
        equal(len(custom.list_namespaced_custom_object(*where[:4])["items"]), 1)
        snakes.status.get(name="kaa", namespace=NAMESPACE)
        custom.delete_namespaced_custom_object(*where)
        definitions.delete(name="snakes.python.example.com")
