import type { ApiObject } from '../../../api/meta/object.ts';

/**
 * The newest version of each object that a controller has written itself. A cache that shows an older one
 * is behind: its next event is on the way, and to act before it comes would be to act on the past.
 */
export class WrittenVersions {
    /** By uid. */
    readonly #versions = new Map<string, bigint>();

    note({ metadata }: ApiObject): void {
        const { uid, resourceVersion } = metadata ?? {};
        if (uid !== undefined && resourceVersion !== undefined) {
            this.#versions.set(uid, BigInt(resourceVersion));
        }
    }

    isBehind({ metadata }: ApiObject): boolean {
        const written = this.#versions.get(metadata?.uid ?? '');
        return written !== undefined && BigInt(metadata?.resourceVersion ?? '0') < written;
    }

    forget(uid: string): void {
        this.#versions.delete(uid);
    }
}
