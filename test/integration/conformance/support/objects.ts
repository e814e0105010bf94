import type * as api from '../../../../src/api/meta/object.ts';
import type { Thing } from './cluster.ts';

/** An object as the server shows it: its metadata is there. */
export type Live<T> = Thing & Omit<T, 'metadata' | 'apiVersion' | 'kind'>;

export type Pod = Live<api.V1Pod>;
export type Service = Live<api.V1Service>;
export type Node = Live<api.V1Node>;

/** A pod template that needs no image: nothing ever runs it. */
export const podSpec = (image = 'registry.example/pause:3.10'): api.V1PodSpec => ({
    terminationGracePeriodSeconds: 0,
    containers: [{ name: 'main', image }],
});

/** Looks for a condition by its type. */
export function conditionOf<C extends { type: string }>(
    conditions: readonly C[] | undefined,
    type: string,
): C | undefined {
    return conditions?.find((condition) => condition.type === type);
}
