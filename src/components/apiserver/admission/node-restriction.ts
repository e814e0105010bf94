import type { ApiObject, V1Node, V1PersistentVolumeClaim, V1Pod } from '../../../api/meta/object.ts';
import { semanticEqual } from '../../../api/meta/deep.ts';
import { statusErrors } from '../../../api/meta/status-error.ts';
import { nodes, pods } from '../../../client/resource-type.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts';
import { nodeNameOf } from '../authz/node-identity.ts';
import type { PluginContext } from './context.ts';
import { forbidden } from './forbidden.ts';
import { forbiddenLabels } from './node-labels.ts';
import { checkNodeToken } from './node-token.ts';
import { isMirrorPod, mirrorPodAnnotation, podReferences } from './requests.ts';

/** Holds kubelets to their own node, its pods and its lease. */
export function nodeRestriction(context: PluginContext): AdmissionPlugin {
    return {
        name: 'NodeRestriction',
        handles: ({ identity, operation }) => operation !== 'CONNECT' && nodeNameOf(identity) !== undefined,
        validate(request) {
            const node = nodeNameOf(request.identity) ?? '';
            if (node === '') {
                throw forbidden(request, `could not determine node from user "${request.identity.username}"`);
            }
            restrict(context, request, node);
        },
    };
}

function restrict(context: PluginContext, request: AdmissionRequest, node: string): void {
    const { group, plural } = request.definition;
    switch (group === '' ? plural : `${plural}.${group}`) {
        case 'pods':
            restrictPods(context, request, node);
            return;
        case 'nodes':
            restrictNode(request, node);
            return;
        case 'persistentvolumeclaims':
            restrictClaim(request);
            return;
        case 'serviceaccounts':
            restrictToken(context, request);
            return;
        case 'leases.coordination.k8s.io':
            if (request.namespace !== 'kube-node-lease') {
                throw forbidden(request, 'can only access leases in the "kube-node-lease" system namespace');
            }
            requireOwnName(
                request,
                node,
                'can only access node lease with the same name as the requesting node',
            );
            return;
        case 'csinodes.storage.k8s.io':
            requireOwnName(
                request,
                node,
                'can only access CSINode with the same name as the requesting node',
            );
    }
}

function requireOwnName(request: AdmissionRequest, node: string, why: string): void {
    const name = request.operation === 'CREATE' ? request.object?.metadata?.name : request.name;
    if (name !== node) throw forbidden(request, why);
}

function restrictPods(context: PluginContext, request: AdmissionRequest, node: string): void {
    switch (request.subresource) {
        case '':
            if (request.operation === 'CREATE') {
                requireMirrorPod(context, request, node);
            } else if (request.operation === 'DELETE') {
                requireOwnPod(context, request, {
                    node,
                    why: `node "${node}" can only delete pods with spec.nodeName set to itself`,
                });
            } else {
                throw forbidden(
                    request,
                    `unexpected operation "${request.operation}", node "${node}" can only create and delete mirror pods`,
                );
            }
            return;
        case 'status':
            restrictPodStatus(request, node);
            return;
        case 'eviction':
            requireOwnPod(context, request, {
                node,
                why: `node ${node} can only evict pods with spec.nodeName set to itself`,
            });
            return;
        default:
            throw forbidden(
                request,
                `unexpected pod subresource "${request.subresource}", only 'status' and 'eviction' are allowed`,
            );
    }
}

function restrictPodStatus(request: AdmissionRequest, node: string): void {
    const pod = request.object as V1Pod;
    const old = request.oldObject as V1Pod | undefined;
    if (request.operation !== 'UPDATE') {
        throw forbidden(request, `unexpected operation "${request.operation}"`);
    }
    if (old?.spec?.nodeName !== node) {
        throw forbidden(
            request,
            `node "${node}" can only update pod status for pods with spec.nodeName set to itself`,
        );
    }
    if (!semanticEqual(old.metadata?.labels, pod.metadata?.labels)) {
        throw forbidden(request, `node "${node}" cannot update labels through pod status`);
    }
}

function requireOwnPod(
    context: PluginContext,
    request: AdmissionRequest,
    { node, why }: { node: string; why: string },
): void {
    const { namespace, name } = request;
    const pod = (request.oldObject as V1Pod | undefined) ?? context.reader.get<V1Pod>(pods, namespace, name);
    if (pod === undefined) throw statusErrors.notFound({ resource: 'pods', name });
    if (pod.spec?.nodeName !== node) throw forbidden(request, why);
}

function requireMirrorPod(context: PluginContext, request: AdmissionRequest, node: string): void {
    const pod = request.object as V1Pod;
    const refuse = (why: string) => forbidden(request, why);
    if (!isMirrorPod(pod)) {
        throw refuse(
            `pod does not have "${mirrorPodAnnotation}" annotation, node "${node}" can only create mirror pods`,
        );
    }
    if (pod.spec?.nodeName !== node) {
        throw refuse(`node "${node}" can only create pods with spec.nodeName set to itself`);
    }
    requireOwner(context, request, node);
    if (pod.spec.serviceAccountName) {
        throw refuse(`node "${node}" can not create pods that reference a service account`);
    }
    const { secrets, configMaps, claims } = podReferences(pod);
    if (secrets) throw refuse(`node "${node}" can not create pods that reference secrets`);
    if (configMaps) throw refuse(`node "${node}" can not create pods that reference configmaps`);
    if (claims) throw refuse(`node "${node}" can not create pods that reference persistentvolumeclaims`);
}

/** A mirror pod is owned by its node, so that it goes with it. */
function requireOwner(context: PluginContext, request: AdmissionRequest, node: string): void {
    const owners = request.object?.metadata?.ownerReferences ?? [];
    const refuse = (why: string) => forbidden(request, why);
    if (owners.length > 1) {
        throw refuse(`node "${node}" can only create pods with a single owner reference set to itself`);
    }
    const owner = owners[0];
    if (owner?.apiVersion !== 'v1' || owner.kind !== 'Node' || owner.name !== node) {
        throw refuse(`node "${node}" can only create pods with an owner reference set to itself`);
    }
    if (owner.controller !== true) {
        throw refuse(`node "${node}" can only create pods with a controller owner reference set to itself`);
    }
    if (owner.blockOwnerDeletion === true) {
        throw refuse(`node "${node}" must not set blockOwnerDeletion on an owner reference`);
    }
    const existing = context.reader.get<V1Node>(nodes, '', node);
    if (existing === undefined) throw statusErrors.notFound({ resource: 'nodes', name: node });
    if (owner.uid !== existing.metadata.uid) {
        throw refuse(`node ${node} UID mismatch: expected ${owner.uid} got ${existing.metadata.uid ?? ''}`);
    }
}

function restrictNode(request: AdmissionRequest, node: string): void {
    const { operation, object, oldObject } = request;
    const name = operation === 'CREATE' ? (object?.metadata?.name ?? '') : request.name;
    if (object !== undefined && (operation === 'CREATE' || operation === 'UPDATE')) {
        restrictNodeContent(request, node, { object, oldObject });
    }
    if (name !== node) throw forbidden(request, `node "${node}" is not allowed to modify node "${name}"`);
}

function restrictNodeContent(
    request: AdmissionRequest,
    node: string,
    { object, oldObject }: { object: V1Node; oldObject: V1Node | undefined },
): void {
    const labels = forbiddenLabels(object.metadata?.labels, oldObject?.metadata?.labels);
    const refuse = (why: string) => forbidden(request, `node "${node}" is not allowed to ${why}`);
    if (oldObject === undefined) {
        if (labels.length > 0) throw refuse(`set the following labels: ${labels.join(', ')}`);
        if (object.metadata?.ownerReferences?.length) throw refuse('set ownerReferences');
        return;
    }
    if (!semanticEqual(object.spec?.taints, oldObject.spec?.taints)) throw refuse('modify taints');
    if (!semanticEqual(object.metadata?.ownerReferences, oldObject.metadata?.ownerReferences)) {
        throw refuse('modify ownerReferences');
    }
    if (labels.length > 0) throw refuse(`modify labels: ${labels.join(', ')}`);
}

/** Kubelets report a claim's size and conditions, and nothing else of it. */
function restrictClaim(request: AdmissionRequest): void {
    if (request.subresource !== 'status' || request.operation !== 'UPDATE') {
        throw forbidden(request, 'may only update PVC status');
    }
    const relevant = ({ spec, metadata }: V1PersistentVolumeClaim): ApiObject & { spec?: object } => ({
        metadata: { labels: metadata?.labels, annotations: metadata?.annotations },
        ...(spec === undefined ? {} : { spec }),
    });
    const { object, oldObject } = request;
    if (!semanticEqual(relevant(object ?? {}), relevant(oldObject ?? {}))) {
        throw forbidden(request, 'is not allowed to update fields other than status quantity and conditions');
    }
}

function restrictToken(context: PluginContext, request: AdmissionRequest): void {
    if (request.operation !== 'CREATE' || request.subresource !== 'token') return;
    checkNodeToken(context.reader, request.identity, {
        namespace: request.namespace,
        name: request.name,
        body: request.object,
    });
}
