import type { Logger } from '../../util/logger.ts';
import { emptyRuntimeState, newestFirst, type PodRuntimeState } from './pod/pod-runtime-state.ts';
import { ownerLabel } from './paths.ts';
import type { PodIdentity, Runtime } from './runtime/runtime.ts';

/**
 * What the runtime has, per pod. Invariants: at most one listing runs and at most one waits behind it;
 * `refresh` resolves with a listing that was begun after the call.
 */
export class RuntimeCache {
    readonly #runtime: Runtime;
    readonly #logger: Logger;
    /** Value of the owner label: what others made is not ours to touch. */
    readonly #owner: string;
    readonly #ips = new Map<string, readonly string[]>();
    #pods = new Map<string, PodRuntimeState>();
    #running: Promise<void> | undefined;
    #waiting: Promise<void> | undefined;

    constructor(options: { runtime: Runtime; logger: Logger; owner: string }) {
        this.#runtime = options.runtime;
        this.#logger = options.logger;
        this.#owner = options.owner;
    }

    /** The last listing's state of a pod; empty when the runtime has nothing of it. */
    get(uid: string): PodRuntimeState {
        return this.#pods.get(uid) ?? emptyRuntimeState;
    }

    /** Uids of all pods that the runtime has something of. */
    uids(): string[] {
        return [...this.#pods.keys()];
    }

    /** Name and namespace of a pod as the runtime knows it. */
    identity(uid: string): PodIdentity | undefined {
        const state = this.get(uid);
        return state.sandboxes[0]?.pod ?? state.containers[0]?.pod;
    }

    async refresh(): Promise<void> {
        if (this.#running === undefined) {
            this.#running = this.#list().finally(() => {
                this.#running = undefined;
            });
            await this.#running;
            return;
        }
        this.#waiting ??= this.#running
            .catch(() => undefined)
            .then(async () => {
                this.#waiting = undefined;
                this.#running = this.#list().finally(() => {
                    this.#running = undefined;
                });
                await this.#running;
            });
        await this.#waiting;
    }

    async #list(): Promise<void> {
        const own = ({ labels }: { labels: Readonly<Record<string, string>> }) =>
            labels[ownerLabel] === this.#owner;
        const [allSandboxes, allContainers] = await Promise.all([
            this.#runtime.listPodSandboxes(),
            this.#runtime.listContainers(),
        ]);
        const sandboxes = allSandboxes.filter(own);
        const containers = allContainers.filter(own);
        const uids = new Set([...sandboxes, ...containers].map(({ pod }) => pod.uid));
        const pods = new Map<string, PodRuntimeState>();
        for (const uid of uids) pods.set(uid, { sandboxes: [], containers: [], ips: [] });
        for (const [uid] of pods) {
            const ofPod = sandboxes.filter(({ pod }) => pod.uid === uid);
            ofPod.sort((a, b) => b.createdAtMs - a.createdAtMs);
            const ready = ofPod.find(({ state }) => state === 'ready');
            const ips = ready?.network === 'POD' ? await this.#ipsOf(ready.id) : [];
            pods.set(uid, {
                sandboxes: ofPod,
                containers: containers.filter(({ pod }) => pod.uid === uid).sort(newestFirst),
                ips,
            });
        }
        const known = new Set(sandboxes.map(({ id }) => id));
        for (const id of this.#ips.keys()) if (!known.has(id)) this.#ips.delete(id);
        this.#pods = pods;
    }

    /** A sandbox keeps its addresses for life, so they are asked for once. */
    async #ipsOf(sandboxId: string): Promise<readonly string[]> {
        const known = this.#ips.get(sandboxId);
        if (known !== undefined) return known;
        try {
            const ips = await this.#runtime.podSandboxIPs(sandboxId);
            if (ips.length > 0) this.#ips.set(sandboxId, ips);
            return ips;
        } catch (error) {
            this.#logger.warn({ err: error, sandbox: sandboxId }, 'cannot read the addresses of a sandbox');
            return [];
        }
    }
}
