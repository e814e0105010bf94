import {
    apiVersionOf,
    parseApiVersion,
    type GroupVersionResource,
    type V1APIGroupList,
    type V1APIResourceList,
} from '../../../api/meta/object.ts';
import type { Client } from '../../../client/client.ts';

/** A resource that the API server says it serves. */
export interface DiscoveredResource extends GroupVersionResource {
    kind: string;
    namespaced: boolean;
    verbs: readonly string[];
}

export interface Discovery {
    /** Each resource once per group, in the group's preferred version where it is there. */
    preferred: readonly DiscoveredResource[];
    /** "apps/v1/Deployment" → resource, in all versions. */
    byKind: ReadonlyMap<string, DiscoveredResource>;
    /** Group versions that could not be read, with the reason. */
    failures: ReadonlyMap<string, unknown>;
}

interface VersionedGroup {
    group: string;
    /** Preferred first. */
    versions: string[];
}

/** Reads what the API server serves; throws when not even the list of groups can be had. */
export async function discover(client: Client, signal?: AbortSignal): Promise<Discovery> {
    const failures = new Map<string, unknown>();
    const byKind = new Map<string, DiscoveredResource>();
    const preferred: DiscoveredResource[] = [];
    for (const { group, versions } of await readGroups(client, signal)) {
        const seen = new Set<string>();
        for (const version of versions) {
            const apiVersion = apiVersionOf({ group, version });
            try {
                for (const resource of await readResources(client, { group, version }, signal)) {
                    byKind.set(kindKey(apiVersion, resource.kind), resource);
                    if (seen.has(resource.resource)) continue;
                    seen.add(resource.resource);
                    preferred.push(resource);
                }
            } catch (error) {
                failures.set(apiVersion, error);
            }
        }
    }
    return { preferred, byKind, failures };
}

export const kindKey = (apiVersion: string, kind: string): string => `${apiVersion}/${kind}`;

async function readGroups(client: Client, signal: AbortSignal | undefined): Promise<VersionedGroup[]> {
    const path = '/apis';
    const list = (await client.request({ method: 'GET', path, ...withSignal(signal) })) as V1APIGroupList;
    const named = list.groups.map(({ name, versions, preferredVersion }) => {
        const all = versions.map(({ version }) => version);
        const first = preferredVersion?.version ?? all[0];
        return {
            group: name,
            versions: first === undefined ? all : [first, ...all.filter((version) => version !== first)],
        };
    });
    return [{ group: '', versions: ['v1'] }, ...named];
}

async function readResources(
    client: Client,
    { group, version }: { group: string; version: string },
    signal: AbortSignal | undefined,
): Promise<DiscoveredResource[]> {
    const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
    const list = (await client.request({ method: 'GET', path, ...withSignal(signal) })) as V1APIResourceList;
    const at = parseApiVersion(list.groupVersion) ?? { group, version };
    return list.resources
        .filter(({ name }) => !name.includes('/'))
        .map(({ name, kind, namespaced, verbs }) => ({ ...at, resource: name, kind, namespaced, verbs }));
}

const withSignal = (signal: AbortSignal | undefined): { signal?: AbortSignal } =>
    signal === undefined ? {} : { signal };
