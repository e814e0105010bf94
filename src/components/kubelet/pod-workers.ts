import type { V1Pod } from '../../api/meta/object.ts';
import type { Clock } from '../../util/clock.ts';
import type { Logger } from '../../util/logger.ts';
import { podKey, podUid } from './pod/pod.ts';
import { PodWorker, type PodEnd, type PodSteps } from './pod-worker.ts';

/**
 * The workers of all pods, by uid. Invariants: never two for one uid; a pod waits while another one of the
 * same name is still ending, since both would use the same names in the runtime.
 */
export class PodWorkers {
    readonly #options: { steps: PodSteps; clock: Clock; logger: Logger };
    readonly #workers = new Map<string, PodWorker>();
    /** Newest pod by "namespace/name" that waits for its predecessor. */
    readonly #waiting = new Map<string, V1Pod>();

    constructor(options: { steps: PodSteps; clock: Clock; logger: Logger }) {
        this.#options = options;
    }

    get(uid: string): PodWorker | undefined {
        return this.#workers.get(uid);
    }

    has(uid: string): boolean {
        return this.#workers.has(uid) || [...this.#waiting.values()].some((pod) => podUid(pod) === uid);
    }

    /** Pods that have a worker, ended ones included. */
    pods(): V1Pod[] {
        return [...this.#workers.values()].map(({ pod }) => pod).filter((pod) => pod !== undefined);
    }

    update(pod: V1Pod): void {
        const uid = podUid(pod);
        const worker = this.#workers.get(uid);
        if (worker !== undefined) worker.update(pod);
        else if (this.#predecessor(pod)) this.#waiting.set(podKey(pod), pod);
        else this.#create(uid).update(pod);
    }

    /** The pod's object is gone. */
    remove(uid: string, graceSeconds: number | undefined): void {
        for (const [key, pod] of this.#waiting) if (podUid(pod) === uid) this.#waiting.delete(key);
        this.#workers.get(uid)?.remove(graceSeconds);
    }

    /** Ends a pod that only the runtime knows. */
    removeOrphan(uid: string, graceSeconds: number): void {
        if (!this.#workers.has(uid)) this.#create(uid).remove(graceSeconds);
    }

    terminate(uid: string, end: PodEnd): void {
        this.#workers.get(uid)?.terminate({ end });
    }

    kick(uid: string): void {
        this.#workers.get(uid)?.kick();
    }

    kickAll(): void {
        for (const worker of this.#workers.values()) worker.kick();
    }

    async stop(): Promise<void> {
        this.#waiting.clear();
        await Promise.all(
            [...this.#workers.values()].map(async (worker) => {
                await worker.stop();
            }),
        );
    }

    #predecessor(pod: V1Pod): boolean {
        return [...this.#workers.values()].some(
            (other) => other.pod !== undefined && podKey(other.pod) === podKey(pod),
        );
    }

    #create(uid: string): PodWorker {
        const worker = new PodWorker({
            ...this.#options,
            uid,
            onGone: () => {
                this.#gone(uid, worker);
            },
        });
        this.#workers.set(uid, worker);
        return worker;
    }

    #gone(uid: string, { pod }: PodWorker): void {
        this.#workers.delete(uid);
        if (pod === undefined) return;
        const next = this.#waiting.get(podKey(pod));
        if (next === undefined) return;
        this.#waiting.delete(podKey(pod));
        this.update(next);
    }
}
