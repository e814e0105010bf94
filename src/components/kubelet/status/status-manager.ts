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
    /** The API server's answer to the last write: newer than what the watch has brought, for a while. */
    written: V1Pod | undefined;
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
            this.#entries.set(uid, { ...fresh, status, version: 1, written: undefined });
        } else if (semanticEqual(entry.status, status)) return;
        else {
            entry.status = status;
            entry.version++;
        }
        this.kick(uid);
    }

    /** No container of the pod runs and none will: with its deletion asked for, it is deleted. */
    finish(uid: string): void {
        const entry = this.#entries.get(uid);
        if (entry === undefined) return;
        entry.finished = true;
        this.kick(uid);
    }

    /** Looks again: the pod in the API has changed, or its mirror is another one. */
    recheck(uid: string): void {
        const entry = this.#entries.get(uid);
        if (entry === undefined) return;
        entry.version++;
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
                await this.#write(uid, entry);
                if (version === entry.version || this.#stopped) break;
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

    async #write(uid: string, entry: Entry): Promise<void> {
        const { client } = this.#options;
        const pod = this.#current(uid, entry);
        const apiUid = pod?.metadata?.uid;
        if (client === undefined || pod === undefined || apiUid === undefined) return;
        const ref = { namespace: podNamespace(pod), name: podName(pod) };
        try {
            const { version } = entry;
            const body = statusPatch(apiUid, pod.status ?? {}, entry.status);
            if (body !== undefined)
                entry.written = await client
                    .resource(pods)
                    .patch(ref, { type: 'strategic', body }, { subresource: 'status' });
            const deletable = entry.finished && pod.metadata?.deletionTimestamp !== undefined;
            if (!deletable || entry.version !== version) return;
            await client
                .resource(pods)
                .delete(ref, { gracePeriodSeconds: 0, preconditions: { uid: apiUid } });
        } catch (error) {
            // Deleted, or deleted and created again: the watch tells.
            if (isReason(error, 'NotFound') || isReason(error, 'Conflict')) return;
            throw error;
        }
    }

    /** The newest that is known of the pod in the API: the watch's copy, or the last write's answer. */
    #current(uid: string, { written }: Entry): V1Pod | undefined {
        const watched = this.#options.apiPod(uid);
        if (watched === undefined || written?.metadata?.uid !== watched.metadata?.uid) return watched;
        const revision = (pod: V1Pod | undefined) => BigInt(pod?.metadata?.resourceVersion ?? '0');
        return revision(written) > revision(watched) ? written : watched;
    }
}
