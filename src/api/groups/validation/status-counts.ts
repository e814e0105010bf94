import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import { nonNegative } from './basic.ts';

type Counts = Readonly<Record<string, unknown>>;

function countOf(status: Counts, field: string): number {
    const count = status[field];
    return typeof count === 'number' ? count : 0;
}

/** Counts of a status that may not be negative. */
export function nonNegativeCounts(status: object | undefined, fields: readonly string[]): FieldError[] {
    const counts = { ...status } as Counts;
    return fields.flatMap((field) => nonNegative(countOf(counts, field), `status.${field}`));
}

/** Counts of a status that may not be more than another one; `shown` is how the error names that one. */
export function boundedCounts(
    status: object | undefined,
    fields: readonly string[],
    { bound, shown = `status.${bound}` }: { bound: string; shown?: string },
): FieldError[] {
    const counts = { ...status } as Counts;
    return fields.flatMap((field) => {
        const count = countOf(counts, field);
        if (count <= countOf(counts, bound)) return [];
        return [fieldErrors.invalid(`status.${field}`, count, `cannot be greater than ${shown}`)];
    });
}

/** Names of revisions are made unique by a count of collisions, which only grows. */
export function keptCollisions(status: object | undefined, old: object | undefined): FieldError[] {
    const collisions = countOf({ ...status }, 'collisionCount');
    if (collisions >= countOf({ ...old }, 'collisionCount')) return [];
    return [fieldErrors.invalid('status.collisionCount', collisions, 'cannot be decremented')];
}

const replicaCounts = [
    'replicas',
    'fullyLabeledReplicas',
    'readyReplicas',
    'availableReplicas',
    'observedGeneration',
];

/** The status of a replica set and of a replication controller. */
export function validateReplicaCounts(status: object | undefined): FieldError[] {
    return [
        ...nonNegativeCounts(status, replicaCounts),
        ...boundedCounts(status, ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'], {
            bound: 'replicas',
        }),
        ...boundedCounts(status, ['availableReplicas'], { bound: 'readyReplicas', shown: 'readyReplicas' }),
    ];
}
