import type {
    V1Container,
    V1ObjectMeta,
    V1PodSpec,
    V1SecurityContext,
} from '../../../../../api/meta/object.ts';

/** A pod, or the template of one. */
export interface PodLike {
    metadata: V1ObjectMeta;
    spec: V1PodSpec;
}

/** What a check has against a pod; undefined when nothing. */
export type Violation = { reason: string; detail: string } | undefined;

export interface Check {
    /** Checks run in the order of their names, those of baseline first. */
    id: string;
    level: 'baseline' | 'restricted';
    /** Newest last: a policy version uses the newest that is not newer than itself. */
    versions: readonly { since: number; check: (pod: PodLike) => Violation }[];
    /** Checks of baseline that this one includes. */
    overrides?: readonly string[];
}

/** Init, regular and ephemeral containers. */
export function containersOf({ spec }: PodLike): V1Container[] {
    const { initContainers = [], containers, ephemeralContainers = [] } = spec;
    return [...initContainers, ...containers, ...ephemeralContainers];
}

/** Names of the containers whose security context is bad. */
export function containersWith(
    pod: PodLike,
    isBad: (context: V1SecurityContext | undefined, container: V1Container) => boolean,
): string[] {
    return containersOf(pod)
        .filter((container) => isBad(container.securityContext, container))
        .map(({ name }) => name);
}

export function quoted(values: Iterable<string>): string {
    return [...values].map((value) => JSON.stringify(value)).join(', ');
}

export function sortedQuoted(values: Iterable<string>): string {
    return quoted([...new Set(values)].sort());
}

export function plural(one: string, count: number, many = `${one}s`): string {
    return count === 1 ? one : many;
}

/** `container "a"`, `containers "a", "b"` */
export function namedContainers(names: readonly string[]): string {
    return `${plural('container', names.length)} ${quoted(names)}`;
}

/** `pod and containers "a", "b"`; empty when neither. */
export function setters(pod: boolean, containers: readonly string[]): string {
    const parts = pod ? ['pod'] : [];
    if (containers.length > 0) parts.push(namedContainers(containers));
    return parts.join(' and ');
}

export function isWindows({ spec }: PodLike): boolean {
    return spec.os?.name === 'windows';
}

/** Root inside is not root outside where the pod has users of its own. */
export function hasOwnUsers({ spec }: PodLike): boolean {
    return spec.hostUsers === false;
}
