import { createHash } from 'node:crypto';
import type { V1Container, V1Pod } from '../../../api/meta/object.ts';
import { defaultPullPolicy } from '../image-puller.ts';
import { configHashAnnotation, configSeenAnnotation, configSourceAnnotation } from '../pod/pod.ts';

/** A manifest is not a pod, or not one that can run from a file. */
export class ManifestError extends Error {
    override readonly name = 'ManifestError';
}

export interface ManifestSource {
    /** Decoded YAML or JSON. */
    value: unknown;
    nodeName: string;
    /** When the manifest was read, RFC 3339. */
    seenAt: string;
}

/**
 * Turns a manifest into a static pod of this node: its name ends with the node's, its uid follows from its
 * contents (a changed file is another pod), and it tolerates everything.
 */
export function parseManifest({ value, nodeName, seenAt }: ManifestSource): V1Pod {
    const pod = structuredClone(value) as V1Pod | undefined;
    if (pod?.kind !== 'Pod' || pod.apiVersion !== 'v1') throw new ManifestError('not a Pod of apiVersion v1');
    const name = pod.metadata?.name;
    if (!name) throw new ManifestError('metadata.name is required');
    if (!Array.isArray(pod.spec?.containers) || pod.spec.containers.length === 0)
        throw new ManifestError('spec.containers is required');
    checkContainers(pod.spec.containers);
    const hash = createHash('md5')
        .update(`${nodeName}\n${JSON.stringify(value)}`)
        .digest('hex');
    pod.metadata = {
        ...pod.metadata,
        name: `${name}-${nodeName.toLowerCase()}`,
        namespace: pod.metadata?.namespace ?? 'default',
        uid: hash,
        annotations: {
            ...pod.metadata?.annotations,
            [configHashAnnotation]: hash,
            [configSourceAnnotation]: 'file',
            [configSeenAnnotation]: seenAt,
        },
    };
    const tolerations = [...(pod.spec.tolerations ?? []), { operator: 'Exists', effect: 'NoExecute' }];
    pod.spec = {
        restartPolicy: 'Always',
        dnsPolicy: 'ClusterFirst',
        terminationGracePeriodSeconds: 30,
        enableServiceLinks: true,
        securityContext: {},
        ...pod.spec,
        containers: pod.spec.containers.map(withDefaults),
        ...(pod.spec.initContainers === undefined
            ? {}
            : { initContainers: pod.spec.initContainers.map(withDefaults) }),
        nodeName,
        tolerations,
    };
    return pod;
}

function checkContainers(containers: readonly V1Container[]): void {
    const names = new Set<string>();
    for (const { name, image } of containers) {
        if (!name || !image) throw new ManifestError('every container needs a name and an image');
        if (names.has(name)) throw new ManifestError(`two containers are named "${name}"`);
        names.add(name);
    }
}

function withDefaults(container: V1Container): V1Container {
    return {
        imagePullPolicy: defaultPullPolicy(container.image ?? ''),
        terminationMessagePath: '/dev/termination-log',
        terminationMessagePolicy: 'File',
        ...container,
    };
}
