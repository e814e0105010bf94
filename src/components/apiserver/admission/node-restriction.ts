import type {
    V1CertificateSigningRequest,
    V1Node,
    V1PersistentVolumeClaim,
    V1Pod,
    V1ResourceSlice,
} from '../../../api/meta/object.ts';
import { semanticEqual } from '../../../api/meta/deep.ts';
import { statusErrors } from '../../../api/meta/status-error.ts';
import { nodes, pods } from '../../../client/resource-type.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts';
import { nodeNameOf } from '../authz/node-identity.ts';
import { subjectOfRequest } from './certificates.ts';
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
        /** Early, because what a token request leaves out is filled in later: the kubelet did not ask for that. */
        async mutate(request) {
            requireNode(request);
            const { definition, operation, subresource } = request;
            if (definition.group !== '' || definition.plural !== 'serviceaccounts') return;
            if (operation !== 'CREATE' || subresource !== 'token') return;
            await checkNodeToken(context, request.identity, {
                namespace: request.namespace,
                name: request.name,
                body: request.object,
            });
        },
        async validate(request) {
            await restrict(context, request, requireNode(request));
        },
    };
}

function requireNode(request: AdmissionRequest): string {
    const node = nodeNameOf(request.identity) ?? '';
    if (node !== '') return node;
    throw forbidden(request, `could not determine node from user "${request.identity.username}"`);
}

async function restrict(context: PluginContext, request: AdmissionRequest, node: string): Promise<void> {
    const { group, plural } = request.definition;
    switch (group === '' ? plural : `${plural}.${group}`) {
        case 'pods':
            restrictPods(context, request, node);
            return;
        case 'nodes':
            restrictNode(request, node);
            return;
        case 'persistentvolumeclaims':
            restrictClaim(request, node);
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
            return;
        case 'resourceslices.resource.k8s.io':
            restrictSlice(request, node);
            return;
        case 'certificatesigningrequests.certificates.k8s.io':
            await restrictSigningRequest(request, node);
    }
}

/** The node authorizer sees neither what is created, nor each object of a collection that is deleted. */
function restrictSlice({ operation, ...request }: AdmissionRequest, node: string): void {
    if (operation !== 'CREATE' && operation !== 'DELETE') return;
    const slice = (operation === 'CREATE' ? request.object : request.oldObject) as
        V1ResourceSlice | undefined;
    if (slice?.spec.nodeName === node) return;
    throw forbidden(
        { operation, ...request },
        `can only ${operation.toLowerCase()} ResourceSlice with the same NodeName as the requesting node`,
    );
}

const kubeletSigners: readonly string[] = [
    'kubernetes.io/kubelet-serving',
    'kubernetes.io/kube-apiserver-client-kubelet',
];

/** A kubelet asks for certificates of its own node alone. */
async function restrictSigningRequest(request: AdmissionRequest, node: string): Promise<void> {
    if (request.operation !== 'CREATE') return;
    const { spec } = request.object as V1CertificateSigningRequest;
    if (!kubeletSigners.includes(spec.signerName)) return;
    const { commonName } = await subjectOfRequest(spec.request).catch((error: unknown) => {
        const why = error instanceof Error ? error.message : String(error);
        throw forbidden(request, `unable to parse csr: ${why}`);
    });
    if (commonName !== `system:node:${node}`) {
        throw forbidden(request, `can only create a node CSR with CN=system:node:${node}`);
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
    if (!semanticEqual(old.status?.resourceClaimStatuses, pod.status?.resourceClaimStatuses)) {
        throw forbidden(request, `node "${node}" cannot update resource claim statues`);
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
    const projected = (pod.spec.volumes ?? []).flatMap((volume) => volume.projected?.sources ?? []);
    if (projected.some(({ clusterTrustBundle }) => clusterTrustBundle !== undefined)) {
        throw refuse(`node "${node}" can not create pods that reference clustertrustbundles`);
    }
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
function restrictClaim(request: AdmissionRequest, node: string): void {
    if (request.subresource !== 'status') throw forbidden(request, 'may only update PVC status');
    if (request.operation !== 'UPDATE') {
        throw forbidden(request, `unexpected operation "${request.operation}"`);
    }
    const { object, oldObject } = request;
    if (!semanticEqual(withoutReport(object ?? {}), withoutReport(oldObject ?? {}))) {
        throw forbidden(
            request,
            `node "${node}" is not allowed to update fields other than status.capacity and status.conditions`,
        );
    }
}

/** All of a claim that is not for kubelets to say. */
function withoutReport({ metadata, spec, status }: V1PersistentVolumeClaim): object {
    const { resourceVersion: _version, managedFields: _managers, ...identity } = metadata ?? {};
    const { capacity: _c, conditions: _o, allocatedResources: _a, ...rest } = status ?? {};
    const { allocatedResourceStatuses: _s, ...decided } = rest;
    return { metadata: identity, spec, status: decided };
}
