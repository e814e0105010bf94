import { objectKey, type V1Node, type V1Pod } from '../../api/meta/object.ts';
import { NodeInfo } from './node-info.ts';
import { podInfo, type PodInfo } from './pod-info.ts';

/**
 * What runs where, including pods whose binding is under way. Invariant: a pod counts on exactly one
 * node: the one in its spec, or the one it was assumed on until the API server's answer is seen.
 */
export class SchedulerCache {
    readonly #nodes = new Map<string, NodeInfo>();
    /** Pod key to node name. */
    readonly #placed = new Map<string, string>();
    readonly #assumed = new Set<string>();
    #schedulable: NodeInfo[] | undefined;

    /** Nodes that exist, in a stable order. */
    nodes(): readonly NodeInfo[] {
        this.#schedulable ??= [...this.#nodes.values()].filter(({ node }) => node !== undefined);
        return this.#schedulable;
    }

    setNode(node: V1Node): void {
        this.#nodeInfo(node.metadata?.name ?? '').setNode(node);
        this.#schedulable = undefined;
    }

    removeNode(name: string): void {
        const info = this.#nodes.get(name);
        if (info === undefined) return;
        info.setNode(undefined);
        if (info.pods.size === 0) this.#nodes.delete(name);
        this.#schedulable = undefined;
    }

    /** A pod that the API server says is on a node; also confirms an assumption. */
    setPod(pod: V1Pod): void {
        const key = objectKey(pod);
        this.#take(key, pod);
        this.#put(key, podInfo(pod), pod.spec?.nodeName ?? '');
    }

    removePod(pod: V1Pod): void {
        this.#take(objectKey(pod), pod);
    }

    /** Counts the pod on the node from now on, before the API server knows. */
    assume(info: PodInfo, nodeName: string): void {
        const key = objectKey(info.pod);
        this.#take(key, info.pod);
        this.#put(key, info, nodeName);
        this.#assumed.add(key);
    }

    /** Takes an assumption back whose binding has failed; nothing when it was confirmed meanwhile. */
    forget(info: PodInfo): void {
        const key = objectKey(info.pod);
        if (this.#assumed.has(key)) this.#take(key, info.pod);
    }

    isAssumed(pod: V1Pod): boolean {
        return this.#assumed.has(objectKey(pod));
    }

    #put(key: string, info: PodInfo, nodeName: string): void {
        this.#nodeInfo(nodeName).addPod(info);
        this.#placed.set(key, nodeName);
    }

    #take(key: string, pod: V1Pod): void {
        this.#assumed.delete(key);
        const nodeName = this.#placed.get(key);
        if (nodeName === undefined) return;
        this.#placed.delete(key);
        const info = this.#nodes.get(nodeName);
        info?.removePod(pod);
        if (info?.node === undefined && info?.pods.size === 0) this.#nodes.delete(nodeName);
    }

    #nodeInfo(name: string): NodeInfo {
        let info = this.#nodes.get(name);
        if (info === undefined) {
            this.#nodes.set(name, (info = new NodeInfo(name)));
            this.#schedulable = undefined;
        }
        return info;
    }
}
