import type { V1Container, V1Pod, V1PodSpec } from '../../src/api/meta/object.ts';

/** A container of the local busybox image that runs a shell script; SIGTERM ends it at once. */
export function shell(name: string, script: string, more: Partial<V1Container> = {}): V1Container {
    return { name, image: 'busybox:local', command: ['sh', '-c', `trap "exit 0" TERM; ${script}`], ...more };
}

/** What a long-running container does when nothing else is to be done. */
export const idle = 'while :; do sleep 1; done';

/** A pod with a short grace period; `spec` needs at least containers. */
export function pod(name: string, spec: V1PodSpec, labels: Record<string, string> = { app: name }): V1Pod {
    return {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, labels },
        spec: { terminationGracePeriodSeconds: 1, ...spec },
    };
}

/** A pod that runs a script once and is then Completed (or failed). */
export function once(name: string, script: string, more: Partial<V1PodSpec> = {}): V1Pod {
    return pod(name, { restartPolicy: 'Never', containers: [shell('main', script)], ...more });
}
