import type { V1Pod } from '../../../api/meta/object.ts';
import { isReason } from '../../../api/meta/status-error.ts';
import type { ResourceClient } from '../../../client/client.ts';
import type { InformerHandler } from '../../../client/informer.ts';
import { trackingFinalizer } from './job-labels.ts';
import type { Pod } from './job-spec.ts';
import { isTracked } from './pod-state.ts';

/** Takes the tracking finalizer off pods, and knows of which the cache does not show it yet. */
export class PodReleaser {
    readonly #pods: ResourceClient<V1Pod>;
    /** Uids; an entry goes when the pod's event has come. */
    readonly #released = new Set<string>();

    constructor(pods: ResourceClient<V1Pod>) {
        this.#pods = pods;
    }

    get released(): ReadonlySet<string> {
        return this.#released;
    }

    /** A pod that is gone, or another one of the same name, is no error. */
    async release({ metadata }: Pod): Promise<void> {
        const { namespace, name, uid = '' } = metadata;
        this.#released.add(uid);
        const body = {
            metadata: { uid, '$deleteFromPrimitiveList/finalizers': [trackingFinalizer] },
        };
        try {
            await this.#pods.patch({ namespace, name }, { type: 'strategic', body });
        } catch (error) {
            this.#released.delete(uid);
            // Invalid and Conflict: the uid is that of another pod by now.
            const isGone = isReason(error, 'NotFound') || isReason(error, 'Invalid');
            if (!isGone && !isReason(error, 'Conflict')) throw error;
        }
    }

    handler(): InformerHandler<V1Pod> {
        const forget = ({ metadata }: Pod): void => void this.#released.delete(metadata.uid ?? '');
        return {
            updated: (pod) => {
                if (!isTracked(pod)) forget(pod);
            },
            deleted: forget,
        };
    }
}
