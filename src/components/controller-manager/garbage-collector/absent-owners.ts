import { identityKey, type Identity } from './graph-node.ts';

const entriesMax = 500;

/** Owners that are known not to exist, so that each of many dependents does not ask again (LRU). */
export class AbsentOwners {
    readonly #keys = new Set<string>();

    add(identity: Identity): void {
        const key = identityKey(identity);
        this.#keys.delete(key);
        this.#keys.add(key);
        if (this.#keys.size <= entriesMax) return;
        for (const oldest of this.#keys) {
            this.#keys.delete(oldest);
            return;
        }
    }

    has(identity: Identity): boolean {
        return this.#keys.has(identityKey(identity));
    }
}
