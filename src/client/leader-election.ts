import type { V1Lease } from '../api/meta/object.ts';
import { isReason } from '../api/meta/status-error.ts';
import { rfc3339Micro, systemClock, type Clock } from '../util/clock.ts';
import type { Stoppable } from '../util/lifecycle.ts';
import type { Logger } from '../util/logger.ts';
import type { Client, ResourceClient } from './client.ts';
import { sleep } from './sleep.ts';
import { leases } from './resource-type.ts';

export interface LeaderElectionOptions {
    client: Client;
    /** The lease all candidates compete for: kube-system/kube-scheduler. */
    lease: { namespace: string; name: string };
    /** Unique among the candidates: "<host>_<uuid>". */
    identity: string;
    logger: Logger;
    /** Called each time leadership was won. */
    onStartedLeading(): void;
    /** Called each time it was lost or given up; work must be over before another candidate may start. */
    onStoppedLeading(): void;
    onNewLeader?(identity: string): void;
    leaseDurationMs?: number;
    renewDeadlineMs?: number;
    retryPeriodMs?: number;
    /** Give the lease back on `stop`, so that another candidate need not wait. Default true. */
    releaseOnStop?: boolean;
    clock?: Clock;
    random?: () => number;
}

const leaseDurationDefaultMs = 15_000;
const renewDeadlineDefaultMs = 10_000;
const retryPeriodDefaultMs = 2_000;
const jitterFactor = 1.2;

/**
 * One candidate for a Lease (client-go's leaderelection). Invariant: a candidate believes itself leader
 * for at most `renewDeadlineMs` after its last successful renewal, others wait `leaseDurationMs` after
 * they last saw the lease change; both by monotonic clocks, so that wall-clock jumps do not matter.
 */
export class LeaderElector implements Stoppable {
    readonly #options: LeaderElectionOptions;
    readonly #clock: Clock;
    readonly #leases: ResourceClient<V1Lease>;
    readonly #leaseDurationMs: number;
    readonly #renewDeadlineMs: number;
    readonly #retryPeriodMs: number;
    readonly #abort = new AbortController();
    #observed: V1Lease | undefined;
    #observedAtMs = 0;
    #reportedLeader = '';
    #leading = false;
    #running: Promise<void> | undefined;

    constructor(options: LeaderElectionOptions) {
        this.#options = options;
        this.#clock = options.clock ?? systemClock;
        this.#leases = options.client.resource(leases);
        this.#leaseDurationMs = options.leaseDurationMs ?? leaseDurationDefaultMs;
        this.#renewDeadlineMs = options.renewDeadlineMs ?? renewDeadlineDefaultMs;
        this.#retryPeriodMs = options.retryPeriodMs ?? retryPeriodDefaultMs;
        if (this.#leaseDurationMs <= this.#renewDeadlineMs) {
            throw new RangeError('leaseDuration must be greater than renewDeadline');
        }
        if (this.#renewDeadlineMs <= jitterFactor * this.#retryPeriodMs) {
            throw new RangeError('renewDeadline must be greater than retryPeriod*JitterFactor');
        }
    }

    get isLeader(): boolean {
        return this.#leading;
    }

    start(): void {
        this.#running ??= this.#run();
    }

    async stop(): Promise<void> {
        this.#abort.abort();
        await this.#running;
    }

    async #run(): Promise<void> {
        const { signal } = this.#abort;
        for (;;) {
            await this.#acquire();
            if (signal.aborted) return;
            this.#leading = true;
            this.#options.onStartedLeading();
            await this.#renew();
            this.#leading = false;
            this.#options.onStoppedLeading();
            if (!isAborted(signal)) continue;
            if (this.#options.releaseOnStop !== false) await this.#release();
            return;
        }
    }

    async #acquire(): Promise<void> {
        const random = this.#options.random ?? Math.random;
        while (!this.#abort.signal.aborted) {
            if (await this.#tryAcquireOrRenew()) return;
            await sleep(this.#clock, this.#retryPeriodMs * (1 + random() * jitterFactor), this.#abort.signal);
        }
    }

    /** Returns when leadership is lost or the elector stops. */
    async #renew(): Promise<void> {
        let renewedMs = this.#clock.monotonicMs();
        for (;;) {
            await sleep(this.#clock, this.#retryPeriodMs, this.#abort.signal);
            if (this.#abort.signal.aborted) return;
            const startedMs = this.#clock.monotonicMs();
            const remainingMs = renewedMs + this.#renewDeadlineMs - startedMs;
            const renewed = await Promise.race([this.#tryAcquireOrRenew(), this.#after(remainingMs)]);
            if (renewed) renewedMs = startedMs;
            const lost = this.#observed?.spec?.holderIdentity !== this.#options.identity;
            if (lost || this.#clock.monotonicMs() - renewedMs >= this.#renewDeadlineMs) {
                this.#options.logger.warn({ lease: this.#options.lease.name }, 'leadership was lost');
                return;
            }
        }
    }

    async #tryAcquireOrRenew(): Promise<boolean> {
        try {
            return await this.#attempt();
        } catch (error) {
            if (!isReason(error, 'Conflict') && !isReason(error, 'AlreadyExists')) {
                this.#options.logger.warn({ err: error }, 'lease could not be taken or renewed');
            }
            return false;
        }
    }

    async #attempt(): Promise<boolean> {
        const { identity, lease } = this.#options;
        if (this.#leading && this.#observed !== undefined) {
            // The usual case: nobody else has written, one request is enough.
            try {
                this.#observe(await this.#leases.update(this.#claim(this.#observed)));
                return true;
            } catch (error) {
                if (!isReason(error, 'Conflict')) throw error;
            }
        }
        const current = await this.#read();
        if (current === undefined) {
            this.#observe(await this.#leases.create(this.#claim(undefined)));
            return true;
        }
        if (current.metadata?.resourceVersion !== this.#observed?.metadata?.resourceVersion) {
            this.#observe(current);
        }
        const holder = current.spec?.holderIdentity ?? '';
        const durationMs = (current.spec?.leaseDurationSeconds ?? 0) * 1000;
        const expired = this.#clock.monotonicMs() - this.#observedAtMs >= durationMs;
        if (holder !== '' && holder !== identity && !expired) return false;
        this.#observe(await this.#leases.update(this.#claim(current)));
        this.#options.logger.debug({ lease: lease.name, identity }, 'lease is held');
        return true;
    }

    async #read(): Promise<V1Lease | undefined> {
        try {
            return await this.#leases.get(this.#options.lease);
        } catch (error) {
            if (isReason(error, 'NotFound')) return undefined;
            throw error;
        }
    }

    /** The lease as it is to be written, guarded by the resourceVersion it was read with. */
    #claim(current: V1Lease | undefined): V1Lease {
        const { identity, lease } = this.#options;
        const now = rfc3339Micro(this.#clock.nowMs());
        const mine = current?.spec?.holderIdentity === identity;
        const transitions = current?.spec?.leaseTransitions ?? 0;
        return {
            apiVersion: 'coordination.k8s.io/v1',
            kind: 'Lease',
            metadata: current?.metadata ?? { ...lease },
            spec: {
                ...current?.spec,
                holderIdentity: identity,
                leaseDurationSeconds: Math.ceil(this.#leaseDurationMs / 1000),
                acquireTime: (mine ? current.spec?.acquireTime : undefined) ?? now,
                renewTime: now,
                leaseTransitions: current === undefined || mine ? transitions : transitions + 1,
            },
        };
    }

    async #release(): Promise<void> {
        const observed = this.#observed;
        if (observed?.spec?.holderIdentity !== this.#options.identity) return;
        const now = rfc3339Micro(this.#clock.nowMs());
        try {
            await this.#leases.update({
                ...observed,
                spec: {
                    ...observed.spec,
                    holderIdentity: '',
                    leaseDurationSeconds: 1,
                    acquireTime: now,
                    renewTime: now,
                },
            });
        } catch (error) {
            this.#options.logger.debug({ err: error }, 'lease could not be released');
        }
    }

    #observe(lease: V1Lease): void {
        this.#observed = lease;
        this.#observedAtMs = this.#clock.monotonicMs();
        const leader = lease.spec?.holderIdentity ?? '';
        if (leader === '' || leader === this.#reportedLeader) return;
        this.#reportedLeader = leader;
        this.#options.onNewLeader?.(leader);
    }

    async #after(delayMs: number): Promise<false> {
        await sleep(this.#clock, delayMs, this.#abort.signal);
        return false;
    }
}

/** As a function, so that the compiler does not take an earlier answer for still true. */
const isAborted = (signal: AbortSignal): boolean => signal.aborted;
