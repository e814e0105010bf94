import { isReason } from '../../../api/meta/status-error.ts';
import type { V1Lease, V1Node } from '../../../api/meta/object.ts';
import type { Client } from '../../../client/client.ts';
import { leases } from '../../../client/resource-type.ts';
import { rfc3339Micro, type Clock } from '../../../util/clock.ts';

const namespace = 'kube-node-lease';

/** The node's heartbeat: a Lease that is renewed in place. */
export class NodeLease {
    readonly #client: Client;
    readonly #clock: Clock;
    readonly #nodeName: string;
    readonly #durationSeconds: number;
    #lease: V1Lease | undefined;

    constructor(options: { client: Client; clock: Clock; nodeName: string; durationSeconds: number }) {
        this.#client = options.client;
        this.#clock = options.clock;
        this.#nodeName = options.nodeName;
        this.#durationSeconds = options.durationSeconds;
    }

    /** Renews the lease, made when it is not there. `node` becomes its owner. */
    async renew(node: V1Node | undefined): Promise<void> {
        const resource = this.#client.resource(leases);
        try {
            this.#lease ??= await resource.get({ namespace, name: this.#nodeName });
            this.#lease = await resource.update(this.#renewed(this.#lease, node));
        } catch (error) {
            if (isReason(error, 'NotFound'))
                this.#lease = await resource.create(this.#renewed(undefined, node));
            else {
                this.#lease = undefined;
                throw error;
            }
        }
    }

    #renewed(lease: V1Lease | undefined, node: V1Node | undefined): V1Lease {
        const uid = node?.metadata?.uid;
        const owner = { apiVersion: 'v1', kind: 'Node', name: this.#nodeName, uid: uid ?? '' };
        const owned = uid === undefined ? {} : { ownerReferences: [owner] };
        return {
            apiVersion: 'coordination.k8s.io/v1',
            kind: 'Lease',
            metadata: { ...owned, ...(lease?.metadata ?? { name: this.#nodeName, namespace }) },
            spec: {
                ...lease?.spec,
                holderIdentity: this.#nodeName,
                leaseDurationSeconds: this.#durationSeconds,
                renewTime: rfc3339Micro(this.#clock.nowMs()),
            },
        };
    }
}
