"""Each kind that the Python client has a model for: made from a file, read as typed objects, written back as read."""

import json
import os
import re
import time

from kubernetes import client, utils
from kubernetes.client.rest import ApiException

from python_cases import case, equal

NAMESPACE = "models"
FILE = os.path.join(os.path.dirname(__file__), "every-kind.yaml")

# Written all the time by those who hold them, or by the server alone.
NOT_REPLACED = {"V1ComponentStatus", "V1ControllerRevision"}


def every_list():
    """Functions of the client that list a kind in all namespaces: (API, "pod", function)."""
    for name in sorted(dir(client)):
        if not re.fullmatch(r"[A-Z]\w*V\d\w*Api", name):
            continue
        api = getattr(client, name)()
        for method in dir(api):
            found = re.fullmatch(r"list_(?!namespaced_)(?:(\w+)_for_all_namespaces|(\w+))", method)
            if found and not method.endswith("_with_http_info"):
                yield api, found.group(1) or found.group(2), getattr(api, method)


def served_lists():
    for api, kind, list_all in every_list():
        try:
            # Events that are older than their group say null for a time that its model insists on.
            recent = {"field_selector": "reason=Tested"} if isinstance(api, client.EventsV1Api) else {}
            yield api, kind, list_all(**recent).items
        except ApiException as error:
            equal((error.status, type(api).__name__, kind), (404, type(api).__name__, kind))


@case
def every_kind_is_made_from_a_file_and_read_as_its_type():
    client.CoreV1Api().create_namespace({"metadata": {"name": NAMESPACE}})
    utils.create_from_yaml(client.ApiClient(), FILE, namespace=NAMESPACE)
    # Controllers make some of them.
    for _ in range(20):
        found = {f"{type(api).__name__} {kind}": len(items) for api, kind, items in served_lists()}
        empty = [kind for kind, count in found.items() if count == 0]
        if not empty:
            break
        time.sleep(0.5)
    assert len(found) > 45, found
    equal(empty, [])


@case
def what_was_read_is_taken_back():
    replaced = set()
    for api, kind, items in served_lists():
        for item in items:
            if not item.metadata.name.startswith("every") or type(item).__name__ in NOT_REPLACED:
                continue
            replace(api, kind, item)
            replaced.add(kind)
    assert len(replaced) > 38, sorted(replaced)


def replace(api, kind, item):
    """A controller may write in between: as its users do, it reads again what it is told is old."""
    where = [item.metadata.namespace] if item.metadata.namespace else []
    scope = "namespaced_" if where else ""
    for _ in range(5):
        try:
            written = getattr(api, f"replace_{scope}{kind}")(item.metadata.name, *where, item)
            equal(
                (written.metadata.uid, written.metadata.creation_timestamp),
                (item.metadata.uid, item.metadata.creation_timestamp),
            )
            if hasattr(item, "spec") and kind != "pod":
                equal(written.spec, item.spec)
            return
        except ApiException as error:
            if error.status != 409:
                raise AssertionError(f"{kind}: {json.loads(error.body)['message']}") from error
            item = getattr(api, f"read_{scope}{kind}")(item.metadata.name, *where)
    raise AssertionError(f"{kind}: always another conflict")
