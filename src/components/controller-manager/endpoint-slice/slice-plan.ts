import { deepEqual, semanticEqual } from '../../../api/meta/deep.ts';
import type {
    DiscoveryV1EndpointPort,
    Stored,
    V1Endpoint,
    V1EndpointSlice,
} from '../../../api/meta/object.ts';

/** Endpoints that share their ports, by `endpointKey`. */
export interface EndpointGroup {
    ports: readonly DiscoveryV1EndpointPort[];
    endpoints: Map<string, V1Endpoint>;
}

export interface SlicePlan {
    create: V1EndpointSlice[];
    update: Stored<V1EndpointSlice>[];
    delete: Stored<V1EndpointSlice>[];
}

export interface SlicePlanOptions {
    /** Slices of one owner and one address type. */
    existing: readonly Stored<V1EndpointSlice>[];
    /** By `portsKey`. */
    groups: ReadonlyMap<string, EndpointGroup>;
    endpointsMax: number;
    /** An empty slice of the owner; also tells which labels and annotations slices are to have. */
    newSlice: (ports: readonly DiscoveryV1EndpointPort[]) => V1EndpointSlice;
    /** True when the slice's own metadata is what it should be. */
    metadataIsCurrent: (slice: Stored<V1EndpointSlice>) => boolean;
    /** The slice with the metadata that it should have. */
    withMetadata: (slice: Stored<V1EndpointSlice>) => Stored<V1EndpointSlice>;
    /** Keep one empty slice where there are no endpoints. */
    placeholder: boolean;
}

/** Equal for lists of the same ports in any order. */
export function portsKey(ports: readonly DiscoveryV1EndpointPort[] | undefined): string {
    const texts = (ports ?? []).map(({ name, port, protocol, appProtocol }) =>
        JSON.stringify([name ?? '', port ?? null, protocol ?? 'TCP', appProtocol ?? '']),
    );
    return texts.sort().join();
}

/** Which endpoint of before an endpoint of now is. */
export function endpointKey({ addresses, hostname, targetRef }: V1Endpoint): string {
    return JSON.stringify([addresses, hostname ?? '', targetRef?.namespace ?? '', targetRef?.name ?? '']);
}

/**
 * How to come from the existing slices to the wanted endpoints with few writes (upstream's
 * endpointslice reconciler). For each set of ports: (1) endpoints that are no longer wanted leave their
 * slices; (2) slices that change anyway are filled with new endpoints; (3) the rest goes into one
 * unchanged slice that has room for all of it, or into new slices.
 */
export function planSlices(options: SlicePlanOptions): SlicePlan {
    const plan: SlicePlan = { create: [], update: [], delete: [] };
    const byPorts = new Map<string, Stored<V1EndpointSlice>[]>();
    for (const slice of options.existing) {
        const key = portsKey(slice.ports);
        if (!options.groups.has(key)) {
            plan.delete.push(slice);
            continue;
        }
        byPorts.set(key, [...(byPorts.get(key) ?? []), slice]);
    }
    for (const [key, group] of options.groups) planGroup(byPorts.get(key) ?? [], group, { options, plan });
    if (options.placeholder) planPlaceholder(options, plan);
    reuseDeleted(plan);
    return plan;
}

interface Draft {
    slice: Stored<V1EndpointSlice>;
    endpoints: V1Endpoint[];
}

function planGroup(
    existing: readonly Stored<V1EndpointSlice>[],
    group: EndpointGroup,
    { options, plan }: { options: SlicePlanOptions; plan: SlicePlan },
): void {
    const remaining = new Map(group.endpoints);
    const { changed, unchanged } = keepWanted(existing, remaining, { options, plan });
    changed.sort((a, b) => b.endpoints.length - a.endpoints.length);
    for (const draft of changed) moveInto(draft.endpoints, remaining, options.endpointsMax);
    while (remaining.size > 0) {
        const fitting = bestFit(unchanged, remaining.size, options.endpointsMax);
        if (fitting !== undefined) {
            unchanged.splice(unchanged.indexOf(fitting), 1);
            moveInto(fitting.endpoints, remaining, options.endpointsMax);
            changed.push(fitting);
            continue;
        }
        const endpoints: V1Endpoint[] = [];
        moveInto(endpoints, remaining, options.endpointsMax);
        plan.create.push({ ...options.newSlice(group.ports), endpoints });
    }
    for (const { slice, endpoints } of changed) {
        plan.update.push({ ...options.withMetadata(slice), endpoints });
    }
}

/** Takes what is in the slices already out of `remaining`; slices that become empty are deleted. */
function keepWanted(
    existing: readonly Stored<V1EndpointSlice>[],
    remaining: Map<string, V1Endpoint>,
    { options, plan }: { options: SlicePlanOptions; plan: SlicePlan },
): { changed: Draft[]; unchanged: Draft[] } {
    const changed: Draft[] = [];
    const unchanged: Draft[] = [];
    for (const slice of existing) {
        const before = slice.endpoints ?? [];
        const endpoints: V1Endpoint[] = [];
        let differs = false;
        for (const endpoint of before) {
            const key = endpointKey(endpoint);
            const wanted = remaining.get(key);
            if (wanted === undefined) {
                differs = true;
                continue;
            }
            remaining.delete(key);
            differs ||= !semanticEqual(endpoint, wanted);
            endpoints.push(wanted);
        }
        if (differs && endpoints.length === 0) plan.delete.push(slice);
        else if (differs || !options.metadataIsCurrent(slice)) changed.push({ slice, endpoints });
        else unchanged.push({ slice, endpoints });
    }
    return { changed, unchanged };
}

function moveInto(endpoints: V1Endpoint[], remaining: Map<string, V1Endpoint>, endpointsMax: number): void {
    for (const [key, endpoint] of remaining) {
        if (endpoints.length >= endpointsMax) return;
        endpoints.push(endpoint);
        remaining.delete(key);
    }
}

/** The fullest slice that has room for `count` more. */
function bestFit(drafts: readonly Draft[], count: number, endpointsMax: number): Draft | undefined {
    let best: Draft | undefined;
    for (const draft of drafts) {
        if (draft.endpoints.length + count > endpointsMax) continue;
        if (best === undefined || draft.endpoints.length > best.endpoints.length) best = draft;
    }
    return best;
}

function planPlaceholder(options: SlicePlanOptions, plan: SlicePlan): void {
    if (options.existing.length !== plan.delete.length || plan.create.length > 0) return;
    const placeholder = options.newSlice([]);
    const [only] = plan.delete;
    const isThere =
        plan.delete.length === 1 &&
        only !== undefined &&
        (only.ports ?? []).length === 0 &&
        (only.endpoints ?? []).length === 0 &&
        deepEqual(only.addressType, placeholder.addressType) &&
        options.metadataIsCurrent(only);
    if (isThere) plan.delete.pop();
    else plan.create.push(placeholder);
}

/** A slice that would be deleted takes the content of one that would be created. */
function reuseDeleted(plan: SlicePlan): void {
    while (plan.delete.length > 0 && plan.create.length > 0) {
        const old = plan.delete.pop();
        const fresh = plan.create.pop();
        if (old === undefined || fresh === undefined) return;
        const { generateName: _unused, ...metadata } = fresh.metadata ?? {};
        const { name, uid, resourceVersion, namespace } = old.metadata;
        plan.update.push({
            ...fresh,
            metadata: { ...metadata, name, namespace, uid, resourceVersion },
        });
    }
}
