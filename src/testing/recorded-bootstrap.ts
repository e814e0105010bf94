import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ApiObject } from '../api/meta/object.ts';
import type { Store } from '../store/store.ts';
import { rfc3339, systemClock } from '../util/clock.ts';

/**
 * What a server makes for itself on an empty store (roles, priority levels, namespaces), written down once when the
 * bundle is built: to make these 150 objects takes most of the time of a start. From source there is no record, and
 * the server makes them.
 */
export const recordFile = 'bootstrap-objects.json';

/** Values by key, as the store has them. */
type Recorded = Readonly<Record<string, RecordedObject>>;

let record: Recorded | null | undefined;

/** Writes the recorded objects into an empty store, with identities and times of their own; false where there is no record. */
export async function preload(store: Store): Promise<boolean> {
    if (record === undefined) record = read() ?? null;
    if (record === null) return false;
    const now = rfc3339(systemClock.nowMs());
    await store.txn({
        compares: [],
        success: Object.entries(record).map(([key, object]) => ({
            type: 'put',
            key,
            value: Buffer.from(JSON.stringify(renewed(object, now))),
            withoutPrevious: true,
        })),
        failure: [],
    });
    return true;
}

interface RecordedObject extends ApiObject {
    status?: { conditions?: { lastTransitionTime?: string }[] };
}

function renewed(object: RecordedObject, now: string): RecordedObject {
    const { metadata = {}, status, ...rest } = object;
    const managedFields = metadata.managedFields?.map((entry) => ({ ...entry, time: now }));
    const conditions = status?.conditions?.map((one) => ({ ...one, lastTransitionTime: now }));
    return {
        // In the order in which the store has them.
        kind: rest.kind,
        apiVersion: rest.apiVersion,
        metadata: {
            ...metadata,
            uid: randomUUID(),
            creationTimestamp: now,
            ...(managedFields === undefined ? {} : { managedFields }),
        },
        ...rest,
        ...(status === undefined ? {} : { status: { ...status, ...(conditions && { conditions }) } }),
    };
}

/** Beside the bundle's entry, from which this code may be split off. */
function read(): Recorded | undefined {
    for (const place of ['./', '../']) {
        try {
            const file = fileURLToPath(new URL(place + recordFile, import.meta.url));
            return JSON.parse(readFileSync(file, 'utf8')) as Recorded;
        } catch (error) {
            // Not instanceof: a test runner's module has another Error than Node has.
            if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        }
    }
    return undefined;
}
