import { negotiate, requireObjectShape } from './encode/negotiate.ts';
import type { ResourceDefinition, SubresourceDefinition } from '../../api/groups/resource.ts';
import { statusErrors } from '../../api/meta/status-error.ts';
import type { Aggregation } from './aggregation/aggregator.ts';
import type { Authorizer } from './authorizer.ts';
import type { NonResourceRoute, ResourceHandler, ServerExtensions } from './extensions.ts';
import { Admission } from './registry/admit.ts';
import { admitConnection, authorizeConnection } from './registry/connect.ts';
import { create } from './registry/create.ts';
import { deleteCollection } from './registry/delete-collection.ts';
import { deleteOne } from './registry/delete.ts';
import { get } from './registry/get.ts';
import { list } from './registry/list.ts';
import { patch } from './registry/patch.ts';
import { type Registry, type Target, targetOf } from './registry/registry.ts';
import { bind } from './registry/subresources/binding.ts';
import { evict } from './registry/subresources/eviction.ts';
import { finalize } from './registry/subresources/finalize.ts';
import { getScale, patchScale, updateScale } from './registry/subresources/scale.ts';
import { update } from './registry/update.ts';
import { watch } from './registry/watch.ts';
import { annotate, type ApiRequest, type ApiResult } from './request.ts';
import { type ResourceRequestInfo, trimSlashes } from './request-info.ts';

type VerbHandler = (registry: Registry, request: ApiRequest, target: Target) => Promise<ApiResult>;

const verbs: Readonly<Record<string, VerbHandler>> = {
    create,
    get,
    list,
    watch,
    update,
    patch,
    delete: deleteOne,
    deletecollection: deleteCollection,
};

/** Subresources that are another view of the object: they have its type and its strategy. */
const objectSubresources: Readonly<Record<string, VerbHandler>> = { get, update, patch };

const subresources: Readonly<Record<string, Readonly<Record<string, VerbHandler>>>> = {
    status: objectSubresources,
    ephemeralcontainers: objectSubresources,
    resize: objectSubresources,
    approval: objectSubresources,
    scale: { get: getScale, update: updateScale, patch: patchScale },
    binding: {
        create: async (registry, request, target) =>
            await bind(registry, request, { target, admitted: { ...target, subresource: 'binding' } }),
    },
    eviction: { create: evict },
    finalize: { update: finalize },
};

export interface RouterParts {
    registry: Registry;
    extensions: ServerExtensions;
    builtin: readonly NonResourceRoute[];
    /** Of rights that a request needs besides those of its verb. */
    authorizer: Authorizer;
}

const mutatingVerbs = new Set(['create', 'update', 'patch', 'delete', 'deletecollection']);

/** Finds what answers a request: an extension, a verb of the generic registry, or a path. */
export class Router {
    readonly #registry: Registry;
    readonly #authorizer: Authorizer;
    readonly aggregation: Aggregation | undefined;
    readonly #routes: readonly NonResourceRoute[];
    readonly #handlers: readonly ResourceHandler[];

    constructor({ registry, extensions, builtin, authorizer }: RouterParts) {
        this.#registry = registry;
        this.#authorizer = authorizer;
        this.aggregation = extensions.aggregation;
        this.#handlers = extensions.resources ?? [];
        this.#routes = [...(extensions.routes ?? []), ...builtin].sort(
            (a, b) => b.path.length - a.path.length,
        );
    }

    readonly handle = async (request: ApiRequest): Promise<ApiResult> => {
        const { info } = request;
        const extension = this.aggregation?.extensionOf(request.path);
        if (extension !== undefined && this.aggregation !== undefined) {
            return await this.aggregation.handle(request, extension);
        }
        return info.kind === 'resource' ? await this.#resource(request, info) : await this.#path(request);
    };

    /** The extension that answers for this resource, verb and subresource. */
    handlerOf(info: ResourceRequestInfo): ResourceHandler | undefined {
        return this.#handlers.find(
            ({ group, resource, subresource, verbs: served }) =>
                group === info.group &&
                resource === info.resource &&
                subresource === info.subresource &&
                (served === undefined || served.includes(info.verb)),
        );
    }

    /** To be called before a handler takes over a connection. */
    async admitConnection(request: ApiRequest, info: ResourceRequestInfo): Promise<void> {
        const definition = this.#definitionOf(info);
        if (definition === undefined) throw statusErrors.pathNotFound();
        checkScope(definition, info);
        checkPathVerb(request, info);
        await admitConnection(this.#registry, request, info);
        await authorizeConnection(this.#authorizer, request, info);
    }

    readonly isLongRunning = (info: ResourceRequestInfo): boolean =>
        this.handlerOf(info)?.longRunning === true;

    async #path(request: ApiRequest): Promise<ApiResult> {
        const path = `/${trimSlashes(request.path)}`;
        const route = this.#routes.find(
            (candidate) =>
                candidate.path === path ||
                (candidate.prefix === true && path.startsWith(`${candidate.path}/`)),
        );
        if (route === undefined) throw statusErrors.pathNotFound();
        return await route.handle(request);
    }

    /** Groups are below "/apis", and what has none is below "/api" alone. */
    #definitionOf(info: ResourceRequestInfo): ResourceDefinition | undefined {
        const isBelow = info.apiPrefix === (info.group === '' ? 'api' : 'apis');
        return isBelow ? this.#registry.caches.definitionOf(info) : undefined;
    }

    async #resource(request: ApiRequest, info: ResourceRequestInfo): Promise<ApiResult> {
        const definition = this.#definitionOf(info);
        if (definition === undefined) return await this.#path(request);
        checkScope(definition, info);
        checkPathVerb(request, info);
        checkForm(info);
        noteDeprecation(this.#registry, request, { definition, info });
        const handler = this.handlerOf(info);
        if (handler !== undefined) {
            if (isReview(definition)) requireObjectShape(request);
            await this.admitConnection(request, info);
            return await handler.handle(request, info, (input) => {
                const { namespace, name, subresource } = nameless(info);
                const target = { definition, namespace, name, subresource };
                return new Admission(this.#registry, target, request, {
                    ...input,
                    operation: 'CREATE',
                    oldObject: undefined,
                });
            });
        }
        if (isReview(definition) || createsByPath(info)) throw statusErrors.methodNotAllowed();
        // What is written must be answered: a client that takes no answer we have is told so before.
        if (mutatingVerbs.has(info.verb) && request.origin.type === 'http') {
            negotiate(request, { isWatch: false });
        }
        const { caches } = this.#registry;
        if (!caches.isOpen(definition)) await caches.open(definition);
        const target = targetOf(this.#registry, definition, nameless(info));
        return await verbOf(definition, info)(this.#registry, request, target);
    }
}

/** Tells the client, the audit log and whoever looks at the metrics that somebody still uses this version. */
function noteDeprecation(
    { metrics }: Registry,
    request: ApiRequest,
    { definition, info }: { definition: ResourceDefinition; info: ResourceRequestInfo },
): void {
    const { deprecation, removedRelease = '' } = definition.strategy;
    if (deprecation === undefined) return;
    request.warnings.push(deprecation);
    annotate(request, 'k8s.io/deprecated', 'true');
    if (removedRelease !== '') annotate(request, 'k8s.io/removed-release', removedRelease);
    const { subresource } = info;
    const isKnown = subresource === '' || subresourceOf(definition, subresource) !== undefined;
    if (isKnown) metrics?.deprecatedRequested(definition, subresource, removedRelease);
}

/** Questions in the shape of objects (SubjectAccessReview, …): never stored, answered by extensions only. */
function isReview({ verbs: served, plural }: ResourceDefinition): boolean {
    return !served.includes('get') && plural !== 'bindings';
}

/**
 * "/api/v1/watch/…" is for watches alone: authorization has seen "watch" only, whatever method and subresource are.
 */
function checkPathVerb({ method }: ApiRequest, { verb, subresource, verbInPath }: ResourceRequestInfo): void {
    if (verbInPath !== true) return;
    if (method !== 'GET' || verb !== 'watch' || subresource !== '') throw statusErrors.pathNotFound();
}

/** Objects are created by a POST to their collection; the path of one takes other verbs. */
function createsByPath({ verb, name, subresource }: ResourceRequestInfo): boolean {
    return verb === 'create' && name !== '' && subresource === '';
}

/** For collections the name is only what authorization made of a field selector, unless it stood in the path. */
function nameless(info: ResourceRequestInfo): ResourceRequestInfo {
    if (info.verbInPath === true) return info;
    const isCollection = ['create', 'list', 'watch', 'deletecollection'].includes(info.verb);
    return isCollection && info.subresource === '' ? { ...info, name: '' } : info;
}

function verbOf(definition: ResourceDefinition, info: ResourceRequestInfo): VerbHandler {
    const { verb, subresource } = info;
    if (subresource !== '') return subresourceVerb(definition, info);
    if (definition.group === '' && definition.plural === 'bindings' && verb === 'create') {
        return async (registry, request, target) => {
            const pods = registry.caches.definitionOf({ group: '', version: 'v1', resource: 'pods' });
            if (pods === undefined) throw statusErrors.pathNotFound();
            const podTarget = targetOf(registry, pods, { ...target, name: '' });
            return await bind(registry, request, { target: podTarget, admitted: target });
        };
    }
    const handler = verbs[verb];
    const isServed = (definition.verbs as readonly string[]).includes(verb);
    if (handler === undefined || !isServed) throw statusErrors.methodNotAllowed();
    return handler;
}

function subresourceVerb(definition: ResourceDefinition, info: ResourceRequestInfo): VerbHandler {
    const { verb, subresource } = info;
    const served = subresourceOf(definition, subresource);
    if (served === undefined) throw statusErrors.pathNotFound();
    const handler = subresources[subresource]?.[verb];
    const isServed = (served.verbs as readonly string[]).includes(verb);
    if (handler === undefined || !isServed) throw statusErrors.methodNotAllowed();
    return handler;
}

/** Only what the definition names itself: "constructor" is no subresource. */
export function subresourceOf(
    { subresources: served }: ResourceDefinition,
    name: string,
): SubresourceDefinition | undefined {
    return Object.hasOwn(served, name) ? served[name] : undefined;
}

/** Collections are neither updated nor patched, and only proxies have paths of their own below them. */
function checkForm({ verb, name, rest, subresource }: ResourceRequestInfo): void {
    if (rest.length > 0 && subresource !== 'proxy') throw statusErrors.pathNotFound();
    if (name === '' && (verb === 'update' || verb === 'patch')) throw statusErrors.methodNotAllowed();
}

/** Namespaced objects are below a namespace, the others are not; only collections span namespaces. */
function checkScope(definition: ResourceDefinition, info: ResourceRequestInfo): void {
    const { namespaced, plural } = definition;
    if (!namespaced) {
        if (info.namespace !== '' && plural !== 'namespaces') throw statusErrors.pathNotFound();
        return;
    }
    if (info.namespace !== '') return;
    if (info.verb === 'list' || info.verb === 'watch') return;
    if (info.verb === 'create' || info.verb === 'deletecollection') throw statusErrors.methodNotAllowed();
    throw statusErrors.pathNotFound();
}
