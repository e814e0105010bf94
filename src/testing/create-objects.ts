import {
    parseApiVersion,
    type ApiObject,
    type Stored,
    type V1CustomResourceDefinition,
} from '../api/meta/object.ts';
import { getCondition, isConditionTrue } from '../api/meta/conditions.ts';
import { isReason } from '../api/meta/status-error.ts';
import type { Client } from '../client/client.ts';
import { dynamicResource, type ResourceType } from '../client/resource-type.ts';
import {
    apiServices,
    customResourceDefinitions as crds,
} from '../components/apiserver/aggregation/resources.ts';
import type { WatchCaches } from '../components/apiserver/watch-caches.ts';
import type { Manifest, ManifestObject } from './manifests.ts';

const servedTimeoutMs = 10_000;
const retryMs = 5;
const crdGroup = 'apiextensions.k8s.io';
export interface Target {
    /** As an administrator. */
    client: Client;
    caches: WatchCaches;
    /** Resolves when every change of a definition that was seen so far is served. */
    idle(): Promise<void>;
}

/** Creates each where it belongs. @throws Error that names the object and has the server's words */
export async function createObjects(manifests: readonly Manifest[], target: Target): Promise<void> {
    for (const { object, origin } of manifests) {
        const type = typeOf(object, target.caches);
        if (type === undefined)
            throw new Error(
                `hyperkube: ${describe(object, origin)}: the server does not serve this kind in this version`,
            );
        const { namespace = 'default', ...metadata } = object.metadata ?? {};
        const whole = { ...object, metadata: type.namespaced ? { ...metadata, namespace } : metadata };
        try {
            await target.client.resource(type).create(whole);
        } catch (cause) {
            throw refused(object, origin, cause);
        }
    }
}

/** Only the definitions; what else is in the same files is passed over. @throws TypeError where there is none */
export function definitionsOf(manifests: readonly Manifest[], option: string): Manifest[] {
    const found = manifests.filter(({ object }) => object.kind === 'CustomResourceDefinition');
    for (const { object, origin } of found)
        if (object.apiVersion !== `${crdGroup}/v1`)
            throw new TypeError(
                `hyperkube: ${describe(object, origin)}: expected apiVersion ${crdGroup}/v1, not ${object.apiVersion}`,
            );
    if (found.length === 0)
        throw new TypeError(`hyperkube: ${option}: there is no CustomResourceDefinition among the objects`);
    return found;
}

/**
 * Creates or updates definitions and waits until all are served; gives the keys in the store of the definitions and
 * of the APIServices that the server has made for them.
 * @throws Error where the server refuses one, or does not serve it in time
 */
export async function installDefinitions(manifests: readonly Manifest[], target: Target): Promise<string[]> {
    const installed: Stored<V1CustomResourceDefinition>[] = [];
    for (const { object, origin } of manifests) {
        try {
            const definition = object as ApiObject as V1CustomResourceDefinition;
            installed.push(await createOrUpdate(definition, target));
        } catch (cause) {
            throw refused(object, origin, cause);
        }
    }
    const deadlineMs = performance.now() + servedTimeoutMs;
    for (const { metadata } of installed) await waitUntilServed(metadata.name, target, deadlineMs);
    return installed.flatMap(({ metadata, spec }) => [
        keyOf(crds, metadata.name, target.caches),
        ...spec.versions.map((one) => keyOf(apiServices, `${one.name}.${spec.group}`, target.caches)),
    ]);
}

/** Of a built-in resource without namespaces. */
function keyOf(type: ResourceType<ApiObject>, name: string, caches: WatchCaches): string {
    const definition = caches.definitionOf(type);
    if (definition === undefined) throw new Error(`hyperkube: ${type.resource} are not served`);
    return caches.cacheOf(definition).keyOf('', name);
}

async function createOrUpdate(
    definition: V1CustomResourceDefinition,
    { client }: Target,
): Promise<Stored<V1CustomResourceDefinition>> {
    const resource = client.resource(crds);
    for (;;) {
        try {
            return await resource.create(definition);
        } catch (error) {
            if (!isReason(error, 'AlreadyExists')) throw error;
        }
        try {
            const { metadata } = await resource.get({ name: definition.metadata?.name ?? '' });
            const { resourceVersion } = metadata;
            return await resource.update({
                ...definition,
                metadata: { ...definition.metadata, resourceVersion },
            });
        } catch (error) {
            // The server itself writes status and finalizers.
            if (!isReason(error, 'Conflict') && !isReason(error, 'NotFound')) throw error;
        }
    }
}

async function waitUntilServed(name: string, target: Target, deadlineMs: number): Promise<void> {
    for (;;) {
        await target.idle();
        const found = target.caches.get<V1CustomResourceDefinition>(crds, '', name);
        if (found !== undefined && isServed(found, target.caches)) return;
        const names = getCondition(found?.status?.conditions, 'NamesAccepted');
        if (names?.status === 'False')
            throw new Error(
                `hyperkube: CustomResourceDefinition ${name}: ${names.message ?? names.reason ?? ''}`,
            );
        if (found === undefined || performance.now() > deadlineMs)
            throw new Error(`hyperkube: CustomResourceDefinition ${name} is not served`);
        // A write of the server's own met another one and is tried again.
        await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
}

function isServed({ spec, status }: V1CustomResourceDefinition, caches: WatchCaches): boolean {
    if (!isConditionTrue(status?.conditions, 'Established')) return false;
    const { group, names, versions } = spec;
    return versions.every(
        ({ name, served }) =>
            !served || caches.definitionOf({ group, version: name, resource: names.plural }) !== undefined,
    );
}

function typeOf(
    { apiVersion, kind }: ManifestObject,
    caches: WatchCaches,
): ResourceType<ApiObject> | undefined {
    const wanted = parseApiVersion(apiVersion);
    if (wanted === undefined) return undefined;
    const { group, version } = wanted;
    const found = caches
        .definitions()
        .find(
            (one) => one.group === group && one.version === version && one.kind === kind && one.plural !== '',
        );
    return (
        found &&
        dynamicResource({ group, version, kind, resource: found.plural, namespaced: found.namespaced })
    );
}

function refused(object: ManifestObject, origin: string, cause: unknown): Error {
    const why = cause instanceof Error ? cause.message : String(cause);
    return new Error(`hyperkube: ${describe(object, origin)}: ${why}`, { cause });
}

function describe({ apiVersion, kind, metadata }: ManifestObject, origin: string): string {
    return `${origin}: ${apiVersion} ${kind} ${metadata?.name ?? ''}`.trimEnd();
}
