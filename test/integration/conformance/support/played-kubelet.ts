import type { Stored, V1Pod, V1PodStatus } from '../../../../src/api/meta/object.ts';
import type { Client } from '../../../../src/client/client.ts';
import { createHttpTransport } from '../../../../src/client/http-transport.ts';
import { InformerFactory } from '../../../../src/client/informer-factory.ts';
import { loadKubeconfig } from '../../../../src/client/kubeconfig.ts';
import { nodes, pods } from '../../../../src/client/resource-type.ts';
import { createClient } from '../../../../src/client/rest-client.ts';
import { silentLogger } from '../../../../src/util/logger.ts';

/** What becomes of a pod: it runs and is ready, it stays as it is, or it has the status that is given. */
export type Fate = 'runs' | 'waits' | V1PodStatus;

const nodeName = 'node-1';
/** Of a documentation range. */
const hostIP = '192.0.2.10';
const rfc3339 = (): string => new Date().toISOString().replace(/\.\d+/, '');

/** A client of the whole cluster over HTTPS, from its kubeconfig. */
export async function clientOf(kubeconfig: string): Promise<Client> {
    return createClient(createHttpTransport(await loadKubeconfig(kubeconfig)));
}

/** Does to pods through the API what a kubelet does once containers run: nothing really runs. */
export class PlayedKubelet {
    readonly #client: Client;
    readonly #informers: InformerFactory;
    readonly #fates = new Map<string, (pod: Stored<V1Pod>) => Fate>();
    #addresses = 0;

    private constructor(client: Client) {
        this.#client = client;
        this.#informers = new InformerFactory(client, silentLogger());
    }

    static async start(kubeconfig: string): Promise<PlayedKubelet> {
        const kubelet = new PlayedKubelet(await clientOf(kubeconfig));
        const handle = (pod: Stored<V1Pod>): void => {
            // The pod has changed or gone meanwhile: its next event comes.
            kubelet.#settle(pod).catch(() => undefined);
        };
        kubelet.#informers.informer(pods).addHandler({ added: handle, updated: handle });
        await kubelet.#register();
        kubelet.#informers.start();
        await kubelet.#informers.waitForSync();
        return kubelet;
    }

    /** The node that pods are bound to which nobody has scheduled. */
    async #register(): Promise<void> {
        const capacity = { cpu: '8', memory: '16Gi', pods: '110' };
        const ready = { type: 'Ready', status: 'True', reason: 'KubeletReady' };
        const status = {
            conditions: [{ ...ready, lastHeartbeatTime: rfc3339(), lastTransitionTime: rfc3339() }],
            addresses: [{ type: 'InternalIP', address: hostIP }],
            capacity,
            allocatable: capacity,
        };
        const node = await this.#client.resource(nodes).create({ metadata: { name: nodeName } });
        const client = this.#client.resource(nodes);
        await client.updateStatus({ ...node, status: { ...node.status, ...status } });
        // Admission put a taint on it, which is for another controller to take off.
        await client.patch({ name: nodeName }, { type: 'merge', body: { spec: { taints: null } } });
    }

    async stop(): Promise<void> {
        await this.#informers.stop();
    }

    /** From now on `fate` decides for the pods of a namespace; otherwise every pod runs. */
    decide(namespace: string, fate: (pod: Stored<V1Pod>) => Fate): void {
        this.#fates.set(namespace, fate);
        for (const pod of this.#informers.informer(pods).lister.list(namespace)) {
            this.#settle(pod).catch(() => undefined);
        }
    }

    async #settle(pod: Stored<V1Pod>): Promise<void> {
        const client = this.#client.resource(pods);
        const { name, namespace = '' } = pod.metadata;
        const ref = { namespace, name };
        if (pod.metadata.deletionTimestamp !== undefined) {
            const { uid } = pod.metadata;
            const preconditions = uid === undefined ? {} : { preconditions: { uid } };
            await client.delete(ref, { gracePeriodSeconds: 0, ...preconditions });
            return;
        }
        const { phase } = pod.status ?? {};
        if (phase === 'Succeeded' || phase === 'Failed') return;
        const fate = this.#fates.get(namespace)?.(pod) ?? 'runs';
        if (fate === 'waits') return;
        if (!pod.spec?.nodeName) {
            const target = { apiVersion: 'v1', kind: 'Node', name: nodeName };
            await client.createSubresource(ref, 'binding', { metadata: ref, target });
            return;
        }
        if (fate === 'runs' && phase === 'Running') return;
        const status = fate === 'runs' ? this.#running(pod) : { ...pod.status, ...fate };
        await client.updateStatus({ ...pod, status });
    }

    #running(pod: Stored<V1Pod>): V1PodStatus {
        const now = rfc3339();
        const number = ++this.#addresses;
        const podIP = `10.244.${Math.floor(number / 250)}.${(number % 250) + 1}`;
        const condition = (type: string) => ({ type, status: 'True', lastTransitionTime: now });
        return {
            ...pod.status,
            phase: 'Running',
            observedGeneration: pod.metadata.generation,
            startTime: now,
            hostIP,
            hostIPs: [{ ip: hostIP }],
            podIP,
            podIPs: [{ ip: podIP }],
            conditions: ['PodScheduled', 'Initialized', 'ContainersReady', 'Ready'].map(condition),
            containerStatuses: (pod.spec?.containers ?? []).map(({ name, image = '' }) => ({
                ...{ name, image, imageID: image, containerID: `played://${name}` },
                ...{ ready: true, started: true, restartCount: 0 },
                state: { running: { startedAt: now } },
            })),
        };
    }
}
