import { semanticEqual } from '../../../api/meta/deep.ts';
import { isReason } from '../../../api/meta/status-error.ts';
import type { V1Node, V1NodeStatus, V1Taint } from '../../../api/meta/object.ts';
import type { Client } from '../../../client/client.ts';
import { nodes } from '../../../client/resource-type.ts';
import type { Clock } from '../../../util/clock.ts';
import { defaultNodeLabels, ownStatusOf, withoutHeartbeats } from './node-status.ts';

export interface NodeReporterOptions {
    client: Client;
    clock: Clock;
    nodeName: string;
    registerNode: boolean;
    labels: Readonly<Record<string, string>>;
    taints: readonly V1Taint[];
    /** A status without changes is written this often all the same. */
    reportEveryMs: number;
    /** The status as it is now. */
    status: (old: V1NodeStatus) => Promise<V1NodeStatus>;
}

/** Registers the node and writes its status: at once when something changed, else every few minutes. */
export class NodeReporter {
    readonly #options: NodeReporterOptions;
    #node: V1Node | undefined;
    #reportedAtMs = -Infinity;

    constructor(options: NodeReporterOptions) {
        this.#options = options;
    }

    /** The node as it is in the API; undefined before it was registered. */
    get node(): V1Node | undefined {
        return this.#node;
    }

    /** The watch brought a newer node. */
    seen(node: V1Node | undefined): void {
        this.#node = node;
    }

    /** Registers where needed, and reports. Throws when the API server refuses or is away. */
    async report(): Promise<void> {
        const { client, clock, nodeName, status, reportEveryMs } = this.#options;
        const node = this.#node ?? (await this.#register());
        const wanted = await status(node.status ?? {});
        const current = ownStatusOf(node, wanted);
        const now = clock.monotonicMs();
        const same = semanticEqual(withoutHeartbeats(current), withoutHeartbeats(wanted));
        if (same && now - this.#reportedAtMs < reportEveryMs) return;
        const body = { status: wanted };
        try {
            this.#node = await client
                .resource(nodes)
                .patch({ name: nodeName }, { type: 'strategic', body }, { subresource: 'status' });
            this.#reportedAtMs = now;
        } catch (error) {
            // Deleted behind our back: registered anew by the next report.
            if (isReason(error, 'NotFound')) this.#node = undefined;
            throw error;
        }
    }

    async #register(): Promise<V1Node> {
        const { client, nodeName, registerNode, labels, taints } = this.#options;
        const resource = client.resource(nodes);
        const wantedLabels = { ...defaultNodeLabels(nodeName), ...labels };
        if (registerNode) {
            try {
                this.#node = await resource.create({
                    apiVersion: 'v1',
                    kind: 'Node',
                    metadata: {
                        name: nodeName,
                        labels: wantedLabels,
                        annotations: { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' },
                    },
                    spec: taints.length === 0 ? {} : { taints: [...taints] },
                });
                return this.#node;
            } catch (error) {
                if (!isReason(error, 'AlreadyExists')) throw error;
            }
        }
        const existing = await resource.get({ name: nodeName });
        const stale = Object.entries(wantedLabels).some(
            ([key, value]) => existing.metadata.labels?.[key] !== value,
        );
        const patch = { type: 'merge' as const, body: { metadata: { labels: wantedLabels } } };
        this.#node = stale && registerNode ? await resource.patch({ name: nodeName }, patch) : existing;
        return this.#node;
    }
}
