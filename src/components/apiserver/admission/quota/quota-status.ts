import type {
    ApiObject,
    GroupVersionResource,
    Stored,
    V1ResourceQuota,
} from '../../../../api/meta/object.ts';
import { compareQuantity } from '../../../../api/meta/quantity.ts';
import { isReason } from '../../../../api/meta/status-error.ts';
import type { Client } from '../../../../client/client.ts';
import {
    configMaps,
    persistentVolumeClaims,
    pods,
    replicationControllers,
    resourceQuotas,
    secrets,
    services,
} from '../../../../client/resource-type.ts';
import type { Logger } from '../../../../util/logger.ts';
import type { ObjectReader } from '../../object-reader.ts';
import { quotaCounts } from '../../../../api/quota/scopes.ts';
import { addUsage, type Usage, usageOf } from '../../../../api/quota/usage.ts';

/** Deletions that come together are counted together. */
const settleMs = 200;

const plainResources: readonly GroupVersionResource[] = [
    pods,
    services,
    persistentVolumeClaims,
    configMaps,
    secrets,
    replicationControllers,
];

export interface QuotaStatusOptions {
    reader: ObjectReader;
    client: Client;
    log: Logger;
    /** All resources that "count/…" may name; by default those that quotas count without it. */
    resources?: readonly GroupVersionResource[];
}

/** What a quota's namespace uses now of what the quota limits. */
export function countUsage(
    quota: V1ResourceQuota,
    reader: ObjectReader,
    resources: readonly GroupVersionResource[],
): Usage {
    const hard = Object.keys(quota.spec?.hard ?? {});
    const namespace = quota.metadata?.namespace;
    let total: Usage = Object.fromEntries(hard.map((name) => [name, '0']));
    for (const resource of resources) {
        if (!concerns(resource, hard)) continue;
        for (const object of reader.list(resource, namespace)) {
            if (!quotaCounts(quota, resource.group === '' ? resource.resource : '', object)) continue;
            total = addUsage(total, usageOf(resource, object));
        }
    }
    return Object.fromEntries(hard.map((name) => [name, total[name] ?? '0']));
}

function concerns({ group, resource }: GroupVersionResource, hard: readonly string[]): boolean {
    const counted = group === '' ? `count/${resource}` : `count/${resource}.${group}`;
    if (hard.includes(counted)) return true;
    if (group !== '') return false;
    return resource === 'pods' || resource === 'persistentvolumeclaims'
        ? true
        : hard.some((name) => name === resource || name.startsWith(`${resource}.`));
}

/**
 * Keeps the status of quotas: sets it for new ones, and gives back what deleted objects and ended pods
 * used. Admission does the charging.
 */
export class QuotaStatus {
    readonly #options: QuotaStatusOptions;
    readonly #resources: readonly GroupVersionResource[];
    readonly #dirty = new Set<string>();
    #removers: (() => void)[] = [];
    #timer: NodeJS.Timeout | undefined;
    #running: Promise<void> = Promise.resolve();

    constructor(options: QuotaStatusOptions) {
        this.#options = options;
        this.#resources = options.resources ?? plainResources;
    }

    start(): void {
        const { reader } = this.#options;
        this.#removers = this.#resources.map((resource) =>
            reader.onChange(resource, (object, deleted) => {
                if (deleted || hasEnded(object)) this.#mark(object.metadata?.namespace);
            }),
        );
        this.#removers.push(
            reader.onChange(resourceQuotas, (quota, deleted) => {
                if (!deleted) this.#mark(quota.metadata?.namespace);
            }),
        );
        for (const { metadata } of reader.list(resourceQuotas)) this.#mark(metadata.namespace);
    }

    async stop(): Promise<void> {
        for (const remove of this.#removers) remove();
        clearTimeout(this.#timer);
        await this.#running;
    }

    #mark(namespace: string | undefined): void {
        if (namespace === undefined) return;
        if (this.#options.reader.list(resourceQuotas, namespace).length === 0) return;
        this.#dirty.add(namespace);
        this.#timer ??= setTimeout(() => {
            this.#timer = undefined;
            this.#running = this.#running.then(async () => {
                await this.#pass();
            });
        }, settleMs).unref();
    }

    async #pass(): Promise<void> {
        const namespaces = [...this.#dirty];
        this.#dirty.clear();
        for (const namespace of namespaces) {
            const quotas = this.#options.reader.list<V1ResourceQuota>(resourceQuotas, namespace);
            for (const quota of quotas) await this.#update(quota);
        }
    }

    async #update(quota: Stored<V1ResourceQuota>): Promise<void> {
        const { reader, client, log } = this.#options;
        const hard = quota.spec?.hard ?? {};
        const used = countUsage(quota, reader, this.#resources);
        if (sameUsage(hard, quota.status?.hard) && sameUsage(used, quota.status?.used)) return;
        try {
            await client.resource(resourceQuotas).updateStatus({ ...quota, status: { hard, used } });
        } catch (error) {
            // A conflict is followed by the change that caused it, which counts again.
            if (isReason(error, 'Conflict') || isReason(error, 'NotFound')) return;
            log.error({ err: error, quota: quota.metadata.name }, 'cannot update quota status');
        }
    }
}

function hasEnded(object: ApiObject & { status?: { phase?: string } }): boolean {
    return object.status?.phase === 'Succeeded' || object.status?.phase === 'Failed';
}

function sameUsage(a: Usage, b: Usage | undefined): boolean {
    const names = Object.keys(a);
    return (
        b !== undefined &&
        names.length === Object.keys(b).length &&
        names.every((name) => b[name] !== undefined && compareQuantity(a[name] ?? '0', b[name]) === 0)
    );
}
