import { prefixEnd } from '../store.ts';
import { compareKeys } from './key-order.ts';

/** What a watcher covers: one key, or [key, end). */
export interface Covered {
    readonly key: string;
    readonly end: string | undefined;
}

const slash = '/';

/**
 * Finds the watchers of a key without asking each of them. Watchers of one key and of a prefix are found by
 * looking the key and its prefixes up. Nearly all prefixes end in a slash, so of "/registry/pods/ns/a" these
 * are four: "/", "/registry/", "/registry/pods/", "/registry/pods/ns/"; for other prefixes, one look-up per
 * length in use. Only ranges that are not a prefix are compared one by one; nobody in Kubernetes has such.
 */
export class WatcherIndex<W extends Covered> {
    readonly #byKey = new Map<string, Set<W>>();
    readonly #bySlashPrefix = new Map<string, Set<W>>();
    readonly #byOtherPrefix = new Map<string, Set<W>>();
    /** How many different prefixes of `#byOtherPrefix` have this length. */
    readonly #otherLengths = new Map<number, number>();
    readonly #ranges = new Set<W>();

    add(watcher: W): void {
        switch (kindOf(watcher)) {
            case 'key':
                addTo(this.#byKey, watcher);
                return;
            case 'slashPrefix':
                addTo(this.#bySlashPrefix, watcher);
                return;
            case 'otherPrefix':
                if (addTo(this.#byOtherPrefix, watcher)) this.#countLength(watcher.key.length, 1);
                return;
            case 'range':
                this.#ranges.add(watcher);
                return;
        }
    }

    delete(watcher: W): void {
        switch (kindOf(watcher)) {
            case 'key':
                deleteFrom(this.#byKey, watcher);
                return;
            case 'slashPrefix':
                deleteFrom(this.#bySlashPrefix, watcher);
                return;
            case 'otherPrefix':
                if (deleteFrom(this.#byOtherPrefix, watcher)) this.#countLength(watcher.key.length, -1);
                return;
            case 'range':
                this.#ranges.delete(watcher);
                return;
        }
    }

    /** Calls `visit` for every watcher that covers `key`. */
    forEach(key: string, visit: (watcher: W) => void): void {
        this.#byKey.get(key)?.forEach(visit);
        if (this.#bySlashPrefix.size > 0) {
            for (let at = key.indexOf(slash); at >= 0; at = key.indexOf(slash, at + 1)) {
                this.#bySlashPrefix.get(key.slice(0, at + 1))?.forEach(visit);
            }
        }
        for (const length of this.#otherLengths.keys()) {
            if (length <= key.length) this.#byOtherPrefix.get(key.slice(0, length))?.forEach(visit);
        }
        for (const watcher of this.#ranges) if (covers(watcher, key)) visit(watcher);
    }

    #countLength(length: number, change: number): void {
        const count = (this.#otherLengths.get(length) ?? 0) + change;
        if (count === 0) this.#otherLengths.delete(length);
        else this.#otherLengths.set(length, count);
    }
}

export function covers({ key, end }: Covered, candidate: string): boolean {
    if (end === undefined) return candidate === key;
    return compareKeys(candidate, key) >= 0 && compareKeys(candidate, end) < 0;
}

function kindOf({ key, end }: Covered): 'key' | 'slashPrefix' | 'otherPrefix' | 'range' {
    if (end === undefined) return 'key';
    const isPrefix = key !== '' && end === prefixEnd(key);
    if (!isPrefix) return 'range';
    return key.endsWith(slash) ? 'slashPrefix' : 'otherPrefix';
}

/** True when the set for this key is new. */
function addTo<W extends Covered>(map: Map<string, Set<W>>, watcher: W): boolean {
    const set = map.get(watcher.key);
    if (set !== undefined) {
        set.add(watcher);
        return false;
    }
    map.set(watcher.key, new Set([watcher]));
    return true;
}

/** True when the set for this key is gone. */
function deleteFrom<W extends Covered>(map: Map<string, Set<W>>, watcher: W): boolean {
    const set = map.get(watcher.key);
    if (set?.delete(watcher) !== true || set.size > 0) return false;
    map.delete(watcher.key);
    return true;
}
