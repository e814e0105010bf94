import { isReason } from '../../../api/meta/status-error.ts';
import { semanticEqual } from '../../../api/meta/deep.ts';
import type { V1Pod, V1PodStatus } from '../../../api/meta/object.ts';
import type { Client } from '../../../client/client.ts';
import { pods } from '../../../client/resource-type.ts';
import type { Clock } from '../../../util/clock.ts';
import type { Logger } from '../../../util/logger.ts';
import { podName, podNamespace } from '../pod/pod.ts';
import { statusPatch } from './status-patch.ts';

const retryInitialMs = 1000;
const retryMaxMs = 30_000;

interface Entry {
    status: V1PodStatus;
    version: number;
    /** Version that the API server has. */
    sentVersion: number;
    /** The containers are gone: the pod may be deleted once its status is written. */
    finished: boolean;
    busy: boolean;
    retryMs: number;
    cancelRetry: (() => void) | undefined;
}

export interface StatusManagerOptions {
    client: Client | undefined;
    clock: Clock;
    logger: Logger;
    /** The pod as the API has it, by the kubelet's uid: for static pods their mirror. */
    apiPod: (uid: string) => V1Pod | undefined;
}

/**
 * Brings pod statuses to the API server. Invariants: one write per pod at a time; a write is made only when
 * something changed; the newest status wins; a pod is deleted only after its final status was written.
 * Failed writes are retried with back-off until the pod is forgotten.
 */
export class StatusManager {
    readonly #options: StatusManagerOptions;
    readonly #entries = new Map<string, Entry>();
    #stopped = false;

    constructor(options: StatusManagerOptions) {
        this.#options = options;
    }

    get(uid: string): V1PodStatus | undefined {
        return this.#entries.get(uid)?.status;
    }

    set(uid: string, status: V1PodStatus): void {
        const entry = this.#entries.get(uid);
        if (entry === undefined) {
            const fresh = { busy: false, finished: false, retryMs: retryInitialMs, cancelRetry: undefined };
            this.#entries.set(uid, { ...fresh, status, version: 1, sentVersion: 0 });
        } else if (!semanticEqual(entry.status, status)) {
            entry.status = status;
            entry.version++;
        } else if (entry.sentVersion === entry.version) return;
        this.kick(uid);
    }

    /** No container of the pod runs and none will: with its deletion asked for, it is deleted. */
    finish(uid: string): void {
        const entry = this.#entries.get(uid);
        if (entry === undefined) return;
        entry.finished = true;
        this.kick(uid);
    }

    /** Looks again: the pod in the API has changed. */
    recheck(uid: string): void {
        const entry = this.#entries.get(uid);
        if (entry === undefined) return;
        const deleting = entry.finished && this.#options.apiPod(uid)?.metadata?.deletionTimestamp !== undefined;
        if (entry.sentVersion !== entry.version || deleting) this.kick(uid);
    }

    /** The mirror pod is another one now: everything is sent again. */
    resend(uid: string): void {
        const entry = this.#entries.get(uid);
        if (entry === undefined) return;
        entry.sentVersion = 0;
        this.kick(uid);
    }

    forget(uid: string): void {
        this.#entries.get(uid)?.cancelRetry?.();
        this.#entries.delete(uid);
    }

    stop(): void {
        this.#stopped = true;
        for (const entry of this.#entries.values()) entry.cancelRetry?.();
    }

    kick(uid: string): void {
        const entry = this.#entries.get(uid);
        if (entry === undefined || entry.busy || this.#stopped) return;
        entry.cancelRetry?.();
        entry.busy = true;
        void this.#drain(uid, entry).finally(() => {
            entry.busy = false;
        });
    }

    async #drain(uid: string, entry: Entry): Promise<void> {
        try {
            for (;;) {
                const { version } = entry;
                const done = await this.#write(uid, entry);
                if (done || version === entry.version || this.#stopped) break;
            }
            entry.retryMs = retryInitialMs;
        } catch (error) {
            this.#options.logger.warn({ err: error, uid }, 'cannot write a pod status');
            this.#retry(uid, entry);
        }
    }

    #retry(uid: string, entry: Entry): void {
        if (this.#stopped || this.#entries.get(uid) !== entry) return;
        entry.cancelRetry = this.#options.clock.setTimer(entry.retryMs, () => {
            this.kick(uid);
        });
        entry.retryMs = Math.min(entry.retryMs * 2, retryMaxMs);
    }

    /** True when the pod needs nothing more. */
    async #write(uid: string, entry: Entry): Promise<boolean> {
        const { client } = this.#options;
        const pod = this.#options.apiPod(uid);
        const apiUid = pod?.metadata?.uid;
        if (client === undefined || pod === undefined || apiUid === undefined) return true;
        const ref = { namespace: podNamespace(pod), name: podName(pod) };
        try {
            const { version, status } = entry;
            const patch = version === entry.sentVersion ? undefined : statusPatch(apiUid, pod.status ?? {}, status);
            if (patch !== undefined)
                await client.resource(pods).patch(ref, { type: 'strategic', body: patch }, { subresource: 'status' });
            entry.sentVersion = version;
            const deletable = entry.finished && pod.metadata?.deletionTimestamp !== undefined;
            if (!deletable || entry.version !== version) return false;
            await client.resource(pods).delete(ref, { gracePeriodSeconds: 0, preconditions: { uid: apiUid } });
            return true;
        } catch (error) {
            // Deleted, or deleted and created again: the watch tells.
            if (isReason(error, 'NotFound') || isReason(error, 'Conflict')) {
                entry.sentVersion = entry.version;
                return true;
            }
            throw error;
        }
    }
}
