import { isReason } from '../../../api/meta/status-error.ts';
import type { V1Node, V1Pod } from '../../../api/meta/object.ts';
import type { Client } from '../../../client/client.ts';
import { pods } from '../../../client/resource-type.ts';
import { configHashAnnotation, configMirrorAnnotation, podKey, podName, podNamespace } from '../pod/pod.ts';

/** Mirror pods: what the API shows of static pods. They are made and deleted by the kubelet alone. */
export class MirrorPods {
    readonly #client: Client;
    readonly #mirrors = new Map<string, V1Pod>();

    constructor(client: Client) {
        this.#client = client;
    }

    /** The watch brought a mirror pod. */
    seen(pod: V1Pod): void {
        this.#mirrors.set(podKey(pod), pod);
    }

    gone(pod: V1Pod): void {
        this.#mirrors.delete(podKey(pod));
    }

    of(staticPod: V1Pod): V1Pod | undefined {
        return this.#mirrors.get(podKey(staticPod));
    }

    /** All mirrors that the API has. */
    list(): V1Pod[] {
        return [...this.#mirrors.values()];
    }

    /** Makes the mirror, or makes it anew when it is of another static pod or is being deleted. */
    async ensure(staticPod: V1Pod, node: V1Node | undefined): Promise<void> {
        const known = this.of(staticPod);
        const hash = staticPod.metadata?.annotations?.[configHashAnnotation] ?? '';
        if (known !== undefined) {
            const current = known.metadata?.annotations?.[configMirrorAnnotation] === hash;
            if (current && known.metadata?.deletionTimestamp === undefined) return;
            await this.delete(known);
        }
        // Without its node the mirror could not be collected with it.
        if (node?.metadata?.uid === undefined) return;
        try {
            await this.#client.resource(pods).create(mirrorOf(staticPod, node, hash));
        } catch (error) {
            if (!isReason(error, 'AlreadyExists')) throw error;
        }
    }

    async delete(mirror: V1Pod): Promise<void> {
        const uid = mirror.metadata?.uid;
        try {
            await this.#client
                .resource(pods)
                .delete(
                    { namespace: podNamespace(mirror), name: podName(mirror) },
                    { gracePeriodSeconds: 0, ...(uid === undefined ? {} : { preconditions: { uid } }) },
                );
        } catch (error) {
            if (!isReason(error, 'NotFound') && !isReason(error, 'Conflict')) throw error;
        }
    }
}

function mirrorOf(staticPod: V1Pod, node: V1Node, hash: string): V1Pod {
    const { name, namespace, labels, annotations } = staticPod.metadata ?? {};
    return {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: {
            name,
            namespace,
            labels,
            annotations: { ...annotations, [configMirrorAnnotation]: hash },
            ownerReferences: [
                {
                    apiVersion: 'v1',
                    kind: 'Node',
                    name: node.metadata?.name ?? '',
                    uid: node.metadata?.uid ?? '',
                    controller: true,
                },
            ],
        },
        spec: staticPod.spec,
    };
}
