import { union } from './field-set.ts';
import { type Manager, managerId, type Managers, secondsOf } from './managed.ts';

/** Managers that update, not apply, which an object remembers one by one. */
export const updateManagersMax = 10;
const oldManagersName = 'ancient-changes';

/** With too many managers that update, the oldest become one per version. */
export function capManagers(managers: Managers, max = updateManagersMax): Managers {
    const updaters = [...managers].filter(([, { operation }]) => operation === 'Update');
    if (updaters.length <= max) return managers;
    updaters.sort(
        ([a, left], [b, right]) => secondsOf(left.time) - secondsOf(right.time) || (a < b ? -1 : 1),
    );
    const result = new Map(managers);
    const firstOfVersion = new Map<string, string>();
    let count = updaters.length;
    for (const [id, updater] of updaters) {
        if (count <= max) break;
        const { apiVersion } = updater;
        const first = firstOfVersion.get(apiVersion);
        if (first === undefined) {
            firstOfVersion.set(apiVersion, id);
            continue;
        }
        const bucket = bucketOf(apiVersion);
        const bucketId = managerId(bucket);
        const older = result.get(bucketId) ?? result.get(first) ?? updater;
        if (!result.has(bucketId)) result.delete(first);
        result.delete(id);
        const set = union(updater.set, older.set);
        result.set(bucketId, { ...bucket, time: updater.time, set });
        count--;
    }
    return result;
}

function bucketOf(apiVersion: string): Omit<Manager, 'set' | 'time'> {
    return { manager: oldManagersName, operation: 'Update', apiVersion, subresource: '' };
}
