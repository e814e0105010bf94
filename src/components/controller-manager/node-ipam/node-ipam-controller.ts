import type { Stored, V1Node } from '../../../api/meta/object.ts';
import { deepEqual } from '../../../api/meta/deep.ts';
import { Controller, done, type Outcome } from '../../../client/controller.ts';
import type { Informer } from '../../../client/informer.ts';
import { nodes } from '../../../client/resource-type.ts';
import type { ControllerContext, ControllerDefinition, RunnableController } from '../controller-context.ts';
import { idleController } from '../shared/idle-controller.ts';
import { CidrSet, CidrSetFullError, parseCidr } from './cidr-set.ts';

const maskSizeDefault = { 4: 24, 6: 64 } as const;

/**
 * Gives every node its part of the cluster's pod network, one range per IP family.
 * Invariant: a range that any known node has is occupied; each node that is reserved for is in `#held`.
 */
class NodeIpamController implements RunnableController {
    readonly #context: ControllerContext;
    readonly #sets: readonly CidrSet[];
    readonly #nodes: Informer<V1Node>;
    readonly #controller: Controller;
    /** Ranges per node name: those it has, or that are being written to it. */
    readonly #held = new Map<string, readonly string[]>();

    constructor(context: ControllerContext, sets: readonly CidrSet[]) {
        this.#context = context;
        this.#sets = sets;
        this.#nodes = context.informers.informer(nodes);
        this.#controller = new Controller({
            name: 'node-ipam',
            logger: context.logger,
            clock: context.clock,
            reconcile: async (name) => await this.#reconcile(name),
        });
        const seen = (node: Stored<V1Node>): void => {
            // At once, so that no other node gets what this one already has.
            const cidrs = podCidrs(node);
            if (cidrs.length > 0) this.#hold(node.metadata.name, cidrs);
            else this.#controller.enqueue(node.metadata.name);
        };
        this.#nodes.addHandler({
            added: seen,
            updated: seen,
            deleted: (node) => {
                this.#release(node.metadata.name);
                // Nodes that went without have a chance now.
                for (const other of this.#nodes.lister.list()) {
                    if (podCidrs(other).length === 0) this.#controller.enqueue(other.metadata.name);
                }
            },
        });
    }

    start(): void {
        this.#controller.start();
    }

    async stop(): Promise<void> {
        await this.#controller.stop();
    }

    async #reconcile(name: string): Promise<Outcome> {
        const node = this.#nodes.lister.get(name);
        if (node === undefined || podCidrs(node).length > 0) return done;
        const cidrs = this.#held.get(name) ?? this.#allocate(node);
        this.#held.set(name, cidrs);
        const body = { spec: { podCIDR: cidrs[0], podCIDRs: cidrs } };
        try {
            await this.#context.client.resource(nodes).patch({ name }, { type: 'strategic', body });
        } catch (error) {
            // The ranges stay reserved for the next attempt, unless the node has gone.
            if (this.#nodes.lister.get(name) === undefined) this.#release(name);
            this.#record(node, 'CIDRAssignmentFailed');
            throw error;
        }
        this.#context.logger.info({ node: name, cidrs }, 'node got its pod network');
        return done;
    }

    #allocate(node: Stored<V1Node>): string[] {
        const taken: string[] = [];
        try {
            for (const set of this.#sets) taken.push(set.allocate());
            return taken;
        } catch (error) {
            taken.forEach((cidr, i) => this.#sets[i]?.release(cidr));
            if (error instanceof CidrSetFullError) this.#record(node, 'CIDRNotAvailable');
            throw error;
        }
    }

    #hold(name: string, cidrs: readonly string[]): void {
        if (deepEqual(this.#held.get(name), cidrs)) return;
        this.#release(name);
        this.#held.set(name, cidrs);
        for (const cidr of cidrs) {
            for (const set of this.#sets) set.occupy(cidr);
            if (!this.#sets.some((set) => set.contains(cidr))) {
                this.#context.logger.warn(
                    { node: name, cidr },
                    'node has a range outside the cluster network',
                );
            }
        }
    }

    #release(name: string): void {
        for (const cidr of this.#held.get(name) ?? []) for (const set of this.#sets) set.release(cidr);
        this.#held.delete(name);
    }

    #record(node: Stored<V1Node>, reason: string): void {
        const message = `Node ${node.metadata.name} status is now: ${reason}`;
        this.#context.events.event(node, 'Normal', reason, message);
    }
}

function podCidrs({ spec }: V1Node): readonly string[] {
    if (spec?.podCIDRs !== undefined && spec.podCIDRs.length > 0) return spec.podCIDRs;
    return spec?.podCIDR === undefined || spec.podCIDR === '' ? [] : [spec.podCIDR];
}

/** `clusterCidr` may name an IPv4 and an IPv6 range; the mask size is that of the first one's family. */
function cidrSets(clusterCidr: string, maskSize: number | undefined): CidrSet[] {
    return clusterCidr.split(',').map((text, i) => {
        const range = parseCidr(text.trim());
        if (range === undefined) throw new Error(`--cluster-cidr: "${text}" is not a CIDR`);
        return new CidrSet(range, (i === 0 ? maskSize : undefined) ?? maskSizeDefault[range.family]);
    });
}

export const nodeIpamController: ControllerDefinition = {
    name: 'node-ipam-controller',
    serviceAccount: 'node-controller',
    create: (context) => {
        const { clusterCidr, nodeCidrMaskSize } = context.options;
        if (clusterCidr === undefined || clusterCidr === '') return idleController(context, '--cluster-cidr');
        return new NodeIpamController(context, cidrSets(clusterCidr, nodeCidrMaskSize));
    },
};
