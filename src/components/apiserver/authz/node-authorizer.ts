import { parseFieldSelector } from '../../../api/meta/field-selector.ts';
import type { Authorizer, Decision, RequestAttributes, ResourceAttributes } from '../authorizer.ts';
import type { Identity } from '../identity.ts';
import type { NodeGraph, VertexKind } from './node-graph.ts';
import { nodeNameOf } from './node-identity.ts';
import { nodeRules } from './policy/node-rules.ts';
import { compileRule, ruleAllows } from './rule.ts';

const allow: Decision = { outcome: 'allow', reason: '' };
const compiledNodeRules = nodeRules.map(compileRule);
const objectVerbs: readonly string[] = ['get', 'create', 'update', 'patch', 'delete'];
const writeVerbs: readonly string[] = ['update', 'patch'];
const readVerbs: readonly string[] = ['get', 'list', 'watch'];

function noOpinion(reason = ''): Decision {
    return { outcome: 'noOpinion', reason };
}

/**
 * What a kubelet may do: its own node, lease, CSI node and pods, and what those pods refer to. Requests
 * of others are left to the next authorizer.
 */
export class NodeAuthorizer implements Authorizer {
    readonly #graph: NodeGraph;

    constructor(graph: NodeGraph) {
        this.#graph = graph;
    }

    authorize(identity: Identity, attributes: RequestAttributes): Decision {
        const node = nodeNameOf(identity);
        if (node === undefined) return noOpinion();
        if (node === '') return noOpinion(`unknown node for user ${JSON.stringify(identity.username)}`);
        if (attributes.kind === 'resource') {
            const decision = this.#authorizeResource(node, attributes);
            if (decision !== undefined) return decision;
        }
        return compiledNodeRules.some((rule) => ruleAllows(rule, attributes)) ? allow : noOpinion();
    }

    /** Undefined for resources whose access is not subdivided by node. */
    #authorizeResource(node: string, attributes: ResourceAttributes): Decision | undefined {
        const { group, resource } = attributes;
        switch (group === '' ? resource : `${resource}.${group}`) {
            case 'secrets':
                return this.#read(node, 'secret', attributes);
            case 'configmaps':
                return this.#read(node, 'configmap', attributes);
            case 'persistentvolumeclaims':
                return attributes.subresource === 'status'
                    ? this.#claimStatus(node, attributes)
                    : this.#get(node, 'persistentvolumeclaim', attributes);
            case 'persistentvolumes':
                return getOnly(node, attributes, () => this.#graph.reachesVolume(node, attributes.name));
            case 'volumeattachments.storage.k8s.io':
                return getOnly(node, attributes, () => this.#graph.reachesAttachment(node, attributes.name));
            case 'resourceclaims.resource.k8s.io':
                return this.#get(node, 'resourceclaim', attributes);
            case 'serviceaccounts':
                return this.#serviceAccount(node, attributes);
            case 'leases.coordination.k8s.io':
                return lease(node, attributes);
            case 'csinodes.storage.k8s.io':
                return csiNode(node, attributes);
            case 'resourceslices.resource.k8s.io':
                return this.#resourceSlice(node, attributes);
            case 'nodes':
                return ownNode(node, attributes);
            case 'pods':
                return this.#pod(node, attributes);
            default:
                return undefined;
        }
    }

    #reaches(node: string, kind: VertexKind, attributes: ResourceAttributes): Decision {
        if (attributes.name === '') return noOpinion('No Object name found');
        return this.#graph.reaches(node, kind, attributes) ? allow : unrelated(node);
    }

    #get(node: string, kind: VertexKind, attributes: ResourceAttributes): Decision {
        return getOnly(node, attributes, () => this.#graph.reaches(node, kind, attributes));
    }

    #read(node: string, kind: VertexKind, attributes: ResourceAttributes): Decision {
        if (!readVerbs.includes(attributes.verb)) return noOpinion('can only read resources of this type');
        if (attributes.subresource !== '') return noOpinion('cannot read subresource');
        if (attributes.namespace === '') return noOpinion('can only read namespaced object of this type');
        return this.#reaches(node, kind, { ...attributes, name: objectName(attributes) });
    }

    #claimStatus(node: string, attributes: ResourceAttributes): Decision {
        if (![...writeVerbs, 'get'].includes(attributes.verb)) {
            return noOpinion('can only get/update/patch this type');
        }
        return this.#reaches(node, 'persistentvolumeclaim', attributes);
    }

    #serviceAccount(node: string, attributes: ResourceAttributes): Decision {
        if (attributes.verb === 'get' && attributes.subresource === '') {
            return this.#reaches(node, 'serviceaccount', attributes);
        }
        if (attributes.verb !== 'create' || attributes.name === '') {
            return noOpinion('can only create tokens for individual service accounts');
        }
        if (attributes.subresource !== 'token') {
            return noOpinion('can only create token subresource of serviceaccount');
        }
        return this.#reaches(node, 'serviceaccount', attributes);
    }

    #resourceSlice(node: string, attributes: ResourceAttributes): Decision {
        const { verb, subresource, name, fieldSelector } = attributes;
        if (subresource !== '') return noOpinion('cannot authorize ResourceSlice subresources');
        switch (verb) {
            case 'create':
                // Admission (NodeRestriction) sees the new object, and that it names this node.
                return allow;
            case 'get':
            case 'update':
            case 'patch':
            case 'delete':
                if (name === '') return noOpinion('No Object name found');
                return this.#graph.reachesSlice(node, name) ? allow : unrelated(node);
            case 'watch':
            case 'list':
            case 'deletecollection':
                if (selectedValue(fieldSelector, 'spec.nodeName') === node) return allow;
                return noOpinion(
                    'can only list/watch/deletecollection resourceslices with nodeName field selector',
                );
            default:
                return noOpinion(
                    'only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, patch, delete, deletecollection',
                );
        }
    }

    #pod(node: string, attributes: ResourceAttributes): Decision {
        const { verb, subresource, fieldSelector } = attributes;
        switch (subresource) {
            case '':
                if (verb === 'get') return this.#get(node, 'pod', attributes);
                if (verb === 'list' || verb === 'watch') {
                    if (selectedValue(fieldSelector, 'spec.nodeName') === node) return allow;
                    if (attributes.name !== '') return this.#reaches(node, 'pod', attributes);
                    return noOpinion('can only list/watch pods with spec.nodeName field selector');
                }
                // Admission (NodeRestriction) narrows these to the node's own mirror pods and pods.
                return verb === 'create' || verb === 'delete' ? allow : noOpinion();
            case 'status':
                return writeVerbs.includes(verb) ? allow : noOpinion();
            case 'eviction':
                return verb === 'create' ? allow : noOpinion();
            default:
                return noOpinion();
        }
    }
}

function unrelated(node: string): Decision {
    return noOpinion(`no relationship found between node '${node}' and this object`);
}

function getOnly(node: string, attributes: ResourceAttributes, related: () => boolean): Decision {
    if (attributes.verb !== 'get') return noOpinion('can only get individual resources of this type');
    if (attributes.subresource !== '') return noOpinion('cannot get subresource');
    if (attributes.name === '') return noOpinion('No Object name found');
    return related() ? allow : unrelated(node);
}

function lease(node: string, { verb, namespace, name }: ResourceAttributes): Decision {
    if (!objectVerbs.includes(verb)) {
        return noOpinion('can only get, create, update, patch, or delete a node lease');
    }
    if (namespace !== 'kube-node-lease') {
        return noOpinion('can only access leases in the "kube-node-lease" system namespace');
    }
    if (verb !== 'create' && name !== node) {
        return noOpinion('can only access node lease with the same name as the requesting node');
    }
    return allow;
}

function csiNode(node: string, { verb, subresource, name }: ResourceAttributes): Decision {
    if (!objectVerbs.includes(verb)) {
        return noOpinion('can only get, create, update, patch, or delete a CSINode');
    }
    if (subresource !== '') return noOpinion('cannot authorize CSINode subresources');
    if (verb !== 'create' && name !== node) {
        return noOpinion('can only access CSINode with the same name as the requesting node');
    }
    return allow;
}

/** Writes are narrowed to the node's own object by admission (NodeRestriction). */
function ownNode(node: string, attributes: ResourceAttributes): Decision {
    const { verb, subresource } = attributes;
    if (subresource === 'status') return writeVerbs.includes(verb) ? allow : noOpinion();
    if (subresource !== '') return noOpinion();
    if (verb === 'create' || writeVerbs.includes(verb)) return allow;
    if (!readVerbs.includes(verb)) return noOpinion();
    const name = objectName(attributes);
    if (name === node) return allow;
    return name === ''
        ? noOpinion(`node '${node}' cannot read all nodes, only its own Node object`)
        : noOpinion(`node '${node}' cannot read '${name}', only its own Node object`);
}

/** A list or watch of one object names it in its field selector. */
function objectName({ name, fieldSelector }: ResourceAttributes): string {
    return name === '' ? (selectedValue(fieldSelector, 'metadata.name') ?? '') : name;
}

/** The value that a selector requires of a field: "spec.nodeName=n1,status.phase!=Failed" → "n1". */
function selectedValue(selector: string | undefined, field: string): string | undefined {
    try {
        const requirement = parseFieldSelector(selector ?? '').find(
            (candidate) => candidate.field === field && candidate.operator === '=',
        );
        return requirement?.value;
    } catch {
        // A selector that cannot be read selects nothing; the request fails after this.
        return undefined;
    }
}
