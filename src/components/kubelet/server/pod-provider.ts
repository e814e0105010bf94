import type { V1Pod } from '../../../api/meta/object.ts';

/** What the server asks of the kubelet. The kubelet's own class fits as it is. */
export interface PodProvider {
    /** All pods of this node with their current status. */
    pods(): V1Pod[];
    podByName(namespace: string, name: string): V1Pod | undefined;
    /** The runtime's id of a container; of its last ended instance with `previous`. */
    containerId(pod: V1Pod, container: string, previous: boolean): string | undefined;
    sandboxId(pod: V1Pod): string | undefined;
}
