import type { Stored, V1EndpointSlice } from '../../../api/meta/object.ts';

const deletionExpected = -1;

/**
 * What was last written to the slices of each owner (upstream's EndpointSliceTracker), by which a
 * controller tells its own writes from those of others, and whether its informer has caught up.
 */
export class SliceTracker {
    /** Owner key → slice uid → generation written, or `deletionExpected`. */
    readonly #generations = new Map<string, Map<string, number>>();

    written(owner: string, { metadata }: Stored<V1EndpointSlice>): void {
        const uid = metadata.uid ?? '';
        let slices = this.#generations.get(owner);
        if (slices === undefined) this.#generations.set(owner, (slices = new Map<string, number>()));
        slices.set(uid, metadata.generation ?? 0);
    }

    expectDeletion(owner: string, { metadata }: Stored<V1EndpointSlice>): void {
        this.#generations.get(owner)?.set(metadata.uid ?? '', deletionExpected);
    }

    /** True when the slice is not as this controller left it. */
    isForeign(owner: string, { metadata }: Stored<V1EndpointSlice>): boolean {
        return this.#generations.get(owner)?.get(metadata.uid ?? '') !== (metadata.generation ?? 0);
    }

    /** Takes note that a slice has gone; true when nobody expected that. */
    deleted(owner: string, { metadata }: Stored<V1EndpointSlice>): boolean {
        const slices = this.#generations.get(owner);
        const generation = slices?.get(metadata.uid ?? '');
        slices?.delete(metadata.uid ?? '');
        return generation !== deletionExpected;
    }

    /** True while the informer shows older slices than were written. */
    isStale(owner: string, slices: readonly Stored<V1EndpointSlice>[]): boolean {
        const tracked = this.#generations.get(owner);
        if (tracked === undefined) return false;
        const shown = new Map(slices.map(({ metadata }) => [metadata.uid ?? '', metadata.generation ?? 0]));
        for (const [uid, generation] of tracked) {
            const current = shown.get(uid);
            if (generation === deletionExpected ? current !== undefined : (current ?? -1) < generation)
                return true;
        }
        return false;
    }

    forget(owner: string): void {
        this.#generations.delete(owner);
    }
}
