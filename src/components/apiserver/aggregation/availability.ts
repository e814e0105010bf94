import { localCondition } from '../../../api/groups/apiregistration/index.ts';
import { getCondition, setCondition } from '../../../api/meta/conditions.ts';
import { deepEqual } from '../../../api/meta/deep.ts';
import type { Stored, V1APIService, V1APIServiceCondition } from '../../../api/meta/object.ts';
import { isReason } from '../../../api/meta/status-error.ts';
import type { Client } from '../../../client/client.ts';
import { WorkQueue } from '../../../client/work-queue.ts';
import type { Metric } from '../../../store/etcd/server/http/metric.ts';
import { type Clock, rfc3339 } from '../../../util/clock.ts';
import type { Stoppable } from '../../../util/lifecycle.ts';
import type { Logger } from '../../../util/logger.ts';
import { followChanges } from '../authz/follow-changes.ts';
import type { ObjectReader } from '../object-reader.ts';
import { checkAvailability } from './availability-check.ts';
import type { ExtensionServices } from './extension-services.ts';
import { apiServices, endpointSlices, serviceNameLabel, services } from './resources.ts';

export interface AvailabilityOptions {
    reader: ObjectReader;
    extensions: ExtensionServices;
    /** As system:apiserver. Asked for once it is needed. */
    client: () => Client;
    /** The `Via` header of this server's requests. */
    via: string;
    clock: Clock;
    logger: Logger;
}

/** APIServices that are checked at a time: one whose server hangs does not hold up the others. */
const workersMax = 5;
/** A server may go without anything of the API changing. */
const recheckMs = 30_000;
const backoffMaxMs = 30_000;
/** Pairs of an APIService and a reason that are counted. */
const countedPairsMax = 64;
const fieldManager = 'kube-apiserver';

/**
 * Keeps the condition `Available` of every APIService.
 *
 * Invariants: nothing is done and no timer runs while no APIService names a Service; a status is written only
 * when it says something else than before; a failed check is done again after a growing delay of at most
 * `backoffMaxMs`, and at once when APIService, Service or endpoints change.
 */
export class AvailabilityController implements Stoppable {
    readonly #options: AvailabilityOptions;
    readonly #queue: WorkQueue<string>;
    /** Names of APIServices by "<namespace>/<name>" of their Service. */
    readonly #byService = new Map<string, Set<string>>();
    /** APIServices with a Service, by name, as they were last seen. */
    readonly #remote = new Map<string, { service: string; spec: V1APIService['spec'] }>();
    readonly #unavailable = new Map<string, { name: string; reason: string; count: number }>();
    readonly #stopping = new AbortController();
    #following: (() => void)[] = [];
    #working: Promise<void>[] = [];
    #cancelTimer: (() => void) | undefined;

    constructor(options: AvailabilityOptions) {
        this.#options = options;
        this.#queue = new WorkQueue({
            ...{ name: 'RemoteAvailabilityController', clock: options.clock, backoffMaxMs },
        });
    }

    start(): void {
        const { reader } = this.#options;
        const ofApiServices = followChanges(reader, apiServices, {
            changed: (object, deleted) => {
                this.#register(object as Stored<V1APIService>, deleted);
            },
            filled: () => {
                for (const one of reader.list<V1APIService>(apiServices)) this.#register(one, false);
            },
        });
        const ofServices = followChanges(reader, services, {
            changed: ({ metadata }) => {
                this.#checkUsersOf(metadata?.namespace, metadata?.name);
            },
            filled: () => undefined,
        });
        const ofEndpoints = followChanges(reader, endpointSlices, {
            changed: ({ metadata }) => {
                this.#checkUsersOf(metadata?.namespace, metadata?.labels?.[serviceNameLabel]);
            },
            filled: () => undefined,
        });
        this.#following = [ofApiServices, ofServices, ofEndpoints];
        this.#working = Array.from({ length: workersMax }, async () => {
            await this.#work();
        });
    }

    async stop(): Promise<void> {
        for (const stop of this.#following) stop();
        this.#following = [];
        this.#cancelTimer?.();
        this.#stopping.abort();
        this.#queue.shutDown();
        await Promise.all(this.#working);
    }

    /** Resolves when the status of every APIService is written, or waits to be tried again. */
    async idle(): Promise<void> {
        await this.#queue.idle();
    }

    /** Upstream's gauge and counter of APIServices that are not available. */
    readonly metrics = (): Metric[] => {
        const { reader } = this.#options;
        return [
            {
                name: 'aggregator_unavailable_apiservice',
                help: 'Gauge of APIServices which are marked as unavailable broken down by APIService name.',
                type: 'gauge',
                samples: reader.list<V1APIService>(apiServices).map(({ metadata, status }) => ({
                    labels: { name: metadata.name },
                    value: getCondition(status?.conditions, 'Available')?.status === 'True' ? 0 : 1,
                })),
            },
            {
                name: 'aggregator_unavailable_apiservice_total',
                help: 'Counter of APIServices which are marked as unavailable broken down by APIService name and reason.',
                type: 'counter',
                samples: [...this.#unavailable.values()].map(({ name, reason, count }) => ({
                    labels: { name, reason },
                    value: count,
                })),
            },
        ];
    };

    #register(object: Stored<V1APIService>, deleted: boolean): void {
        const { metadata, spec, status } = object;
        const { name } = metadata;
        // What is gone must not keep others from being counted.
        if (deleted)
            for (const [pair, counted] of this.#unavailable)
                if (counted.name === name) this.#unavailable.delete(pair);
        const isRemote = !deleted && spec?.service !== undefined;
        const key = isRemote ? `${spec.service?.namespace ?? ''}/${spec.service?.name ?? ''}` : undefined;
        const before = this.#remote.get(name);
        if (before !== undefined && before.service !== key) this.#forget(name, before.service);
        const known = getCondition(status?.conditions, 'Available');
        if (key === undefined) {
            if (!deleted && known?.reason !== localCondition.reason) this.#queue.add(name);
            return;
        }
        this.#remote.set(name, { service: key, spec });
        const users = this.#byService.get(key) ?? new Set();
        this.#byService.set(key, users.add(name));
        this.#scheduleRecheck();
        // A status that was written here is no reason to check again.
        if (known === undefined || !deepEqual(before?.spec, spec)) this.#queue.add(name);
    }

    #forget(name: string, service: string): void {
        this.#remote.delete(name);
        const users = this.#byService.get(service);
        users?.delete(name);
        if (users?.size === 0) this.#byService.delete(service);
    }

    #checkUsersOf(namespace = '', service = ''): void {
        if (this.#byService.size === 0) return;
        for (const name of this.#byService.get(`${namespace}/${service}`) ?? []) this.#queue.add(name);
    }

    #scheduleRecheck(): void {
        if (this.#cancelTimer !== undefined || this.#stopping.signal.aborted) return;
        this.#cancelTimer = this.#options.clock.setTimer(recheckMs, () => {
            this.#cancelTimer = undefined;
            if (this.#remote.size === 0) return;
            for (const name of this.#remote.keys()) this.#queue.add(name);
            this.#scheduleRecheck();
        });
    }

    async #work(): Promise<void> {
        for (;;) {
            const name = await this.#queue.get();
            if (name === undefined) return;
            try {
                if (await this.#sync(name)) this.#queue.forget(name);
                else this.#queue.addRateLimited(name);
            } catch (error) {
                if (!isReason(error, 'Conflict') && !isReason(error, 'NotFound')) {
                    this.#options.logger.warn(
                        { err: error, name },
                        'the status of an APIService was not written',
                    );
                }
                this.#queue.addRateLimited(name);
            } finally {
                this.#queue.done(name);
            }
        }
    }

    /** False when the check is to be done again though nothing of the API has changed. */
    async #sync(name: string): Promise<boolean> {
        const { reader, extensions, via } = this.#options;
        const object = reader.get<V1APIService>(apiServices, '', name);
        if (object === undefined) return true;
        if (object.spec?.service === undefined) {
            await this.#write(object, localCondition);
            return true;
        }
        const extension = extensions.byName(name);
        if (extension === undefined) return true;
        const { signal } = this.#stopping;
        const condition = await checkAvailability(extension, { reader, extensions, via, signal });
        if (signal.aborted) return true;
        // What was found is said of the newest state, unless that has another Service by now.
        const newest = extensions.byName(name);
        if (newest?.service.name !== extension.service.name) return newest === undefined;
        await this.#write(reader.get<V1APIService>(apiServices, '', name) ?? object, condition);
        return condition.reason !== 'FailedDiscoveryCheck';
    }

    async #write(object: Stored<V1APIService>, condition: V1APIServiceCondition): Promise<void> {
        const { clock, client } = this.#options;
        const before = object.status?.conditions;
        const conditions = setCondition(before, condition, rfc3339(clock.nowMs()));
        if (conditions === before) return;
        const wasAvailable = getCondition(before, 'Available')?.status === 'True';
        if (wasAvailable && condition.status !== 'True') this.#count(object.metadata.name, condition);
        await client()
            .resource(apiServices)
            .updateStatus({ ...object, status: { ...object.status, conditions } }, { fieldManager });
    }

    #count(name: string, { reason = '' }: V1APIServiceCondition): void {
        const key = `${name}/${reason}`;
        const known = this.#unavailable.get(key);
        if (known !== undefined) known.count++;
        else if (this.#unavailable.size < countedPairsMax)
            this.#unavailable.set(key, { name, reason, count: 1 });
    }
}
