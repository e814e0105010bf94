import { systemClock, type Clock } from '../util/clock.ts';

interface Expectation {
    creations: number;
    /** Keys of objects whose deletion was asked for and not yet seen. */
    deletions: Set<string>;
    setAtMs: number;
}

/** What was not seen by then is not waited for any longer: the event may have been missed. */
const expectationsTimeoutMs = 5 * 60_000;

/**
 * What a controller has asked for and its informer has not shown yet (upstream's
 * UIDTrackingControllerExpectations). A controller that acts while its expectations are not satisfied
 * would act twice.
 */
export class Expectations {
    readonly #clock: Clock;
    readonly #byOwner = new Map<string, Expectation>();

    constructor(clock: Clock = systemClock) {
        this.#clock = clock;
    }

    /** Call before the first create of a batch. */
    expectCreations(owner: string, count: number): void {
        this.#set(owner, { creations: count, deletions: new Set() });
    }

    /** Both at once, for batches that create and delete. */
    expect(owner: string, creations: number, deletions: Iterable<string>): void {
        this.#set(owner, { creations, deletions: new Set(deletions) });
    }

    /** Call before the first delete of a batch, with the keys of what will be deleted. */
    expectDeletions(owner: string, keys: Iterable<string>): void {
        this.#set(owner, { creations: 0, deletions: new Set(keys) });
    }

    /** Also for creates that failed or were not tried. */
    creationObserved(owner: string, count = 1): void {
        const expectation = this.#byOwner.get(owner);
        if (expectation !== undefined) expectation.creations -= count;
    }

    /** Also for deletes that failed. Seen twice counts once. */
    deletionObserved(owner: string, key: string): void {
        this.#byOwner.get(owner)?.deletions.delete(key);
    }

    /** True when everything was seen, nothing was expected, or it was too long ago. */
    satisfied(owner: string): boolean {
        const expectation = this.#byOwner.get(owner);
        if (expectation === undefined) return true;
        if (expectation.creations <= 0 && expectation.deletions.size === 0) return true;
        return this.#clock.monotonicMs() - expectation.setAtMs > expectationsTimeoutMs;
    }

    /** The owner is gone. */
    forget(owner: string): void {
        this.#byOwner.delete(owner);
    }

    #set(owner: string, expectation: Omit<Expectation, 'setAtMs'>): void {
        this.#byOwner.set(owner, { ...expectation, setAtMs: this.#clock.monotonicMs() });
    }
}
