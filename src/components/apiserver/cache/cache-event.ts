import type { StoredObject } from '../stored-object.ts';

/**
 * One change of one object, shared by all watchers of its resource. `object` is the new state; for a
 * deletion the last state under the deletion's revision.
 */
export class CacheEvent {
    readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
    readonly revision: number;
    readonly object: StoredObject;
    readonly previous: StoredObject | undefined;
    #previousNow: StoredObject | undefined;
    #frames: Map<string, Buffer> | undefined;

    constructor(
        type: CacheEvent['type'],
        revision: number,
        states: { object: StoredObject; previous: StoredObject | undefined },
    ) {
        this.type = type;
        this.revision = revision;
        this.object = states.object;
        this.previous = states.previous;
    }

    /** The previous state under this event's revision: what a watcher sees whose selector no longer matches. */
    get previousAtRevision(): StoredObject | undefined {
        return (this.#previousNow ??= this.previous?.withRevision(this.revision));
    }

    /** The event's bytes for one content type, made by the first watcher that needs them. */
    frame(variant: string, make: () => Buffer): Buffer {
        const existing = this.#frames?.get(variant);
        if (existing !== undefined) return existing;
        const frame = make();
        (this.#frames ??= new Map()).set(variant, frame);
        return frame;
    }

    /** Frees the bytes once every live watcher has had them; a later replay makes them again. */
    dropFrames(): void {
        this.#frames = undefined;
    }
}
