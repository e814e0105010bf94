import type { V1ContainerStatus, V1Node, V1Pod } from '../../../src/api/meta/object.ts';
import type { Client } from '../../../src/client/client.ts';
import { InformerFactory } from '../../../src/client/informer-factory.ts';
import { leases, nodes, pods } from '../../../src/client/resource-type.ts';
import { silentLogger } from '../../../src/util/logger.ts';
import { rfc3339 } from '../../../src/util/clock.ts';
import type { Stoppable } from '../../../src/util/lifecycle.ts';

const now = (): string => rfc3339(Date.now());
const nodeAddress = '192.0.2.11';
const renewEveryMs = 10_000;

/** Pods with this annotation stay as they are: nothing starts them. */
const holdAnnotation = 'tour/hold';

/**
 * A node without containers: pods that are bound to it run at once (those that run to an end have done so), pods
 * to be deleted are gone at once.
 */
export async function startHollowNode(client: Client, name: string): Promise<Stoppable> {
    await client
        .resource(nodes)
        .create({ apiVersion: 'v1', kind: 'Node', metadata: { name, labels: labelsOf(name) } });
    await client
        .resource(nodes)
        .patch({ name }, { type: 'merge', body: { status: nodeStatus(name) } }, { subresource: 'status' });
    const lease = { namespace: 'kube-node-lease', name };
    await client.resource(leases).create({
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: lease,
        spec: { holderIdentity: name, leaseDurationSeconds: 40, renewTime: microTime() },
    });
    const renewing = setInterval(() => {
        const body = { spec: { renewTime: microTime() } };
        client
            .resource(leases)
            .patch(lease, { type: 'merge', body })
            .catch(() => undefined);
    }, renewEveryMs);
    const informers = new InformerFactory(client, silentLogger());
    let podCount = 0;
    const sync = (pod: V1Pod): void => {
        if (pod.spec?.nodeName !== name) return;
        const ref = { namespace: pod.metadata?.namespace, name: pod.metadata?.name ?? '' };
        const resource = client.resource(pods);
        if (pod.metadata?.deletionTimestamp) {
            resource.delete(ref, { gracePeriodSeconds: 0 }).catch(() => undefined);
        } else if (
            pod.status?.phase === 'Pending' &&
            pod.metadata?.annotations?.[holdAnnotation] === undefined
        ) {
            const status = podStatus(pod, `10.244.0.${100 + (podCount++ % 100)}`);
            resource
                .patch(ref, { type: 'merge', body: { status } }, { subresource: 'status' })
                .catch(() => undefined);
        }
    };
    informers.informer(pods).addHandler({ added: sync, updated: sync });
    informers.start();
    return {
        stop: async () => {
            clearInterval(renewing);
            await informers.stop();
        },
    };
}

const microTime = (): string => new Date().toISOString().replace('Z', '000Z');

const labelsOf = (name: string): Record<string, string> => ({
    'kubernetes.io/arch': 'arm64',
    'kubernetes.io/hostname': name,
    'kubernetes.io/os': 'linux',
});

function nodeStatus(name: string): V1Node['status'] {
    const condition = (type: string, status: string, reason: string, message: string) => ({
        ...{ type, status, reason, message },
        lastHeartbeatTime: now(),
        lastTransitionTime: now(),
    });
    return {
        addresses: [
            { type: 'InternalIP', address: nodeAddress },
            { type: 'Hostname', address: name },
        ],
        capacity: { cpu: '4', memory: '1000000Ki', pods: '110', 'ephemeral-storage': '30000000Ki' },
        allocatable: { cpu: '4', memory: '900000Ki', pods: '110', 'ephemeral-storage': '27000000Ki' },
        conditions: [
            condition(
                'MemoryPressure',
                'False',
                'KubeletHasSufficientMemory',
                'kubelet has sufficient memory available',
            ),
            condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
            condition(
                'PIDPressure',
                'False',
                'KubeletHasSufficientPID',
                'kubelet has sufficient PID available',
            ),
            condition('Ready', 'True', 'KubeletReady', 'kubelet is posting ready status'),
        ],
        daemonEndpoints: { kubeletEndpoint: { Port: 10_250 } },
        nodeInfo: {
            architecture: 'arm64',
            bootID: 'boot',
            containerRuntimeVersion: 'docker://29.0.0',
            kernelVersion: '6.12.0',
            kubeProxyVersion: '',
            kubeletVersion: 'v1.36.0',
            machineID: 'machine',
            operatingSystem: 'linux',
            osImage: 'Debian GNU/Linux 13 (trixie)',
            systemUUID: 'system',
        },
    };
}

function podStatus(pod: V1Pod, podIP: string): V1Pod['status'] {
    const isDone = pod.spec?.restartPolicy !== 'Always';
    const at = now();
    const state: V1ContainerStatus['state'] = isDone
        ? { terminated: { exitCode: 0, reason: 'Completed', startedAt: at, finishedAt: at } }
        : { running: { startedAt: at } };
    const ready = isDone ? 'False' : 'True';
    const reason = isDone ? { reason: 'PodCompleted' } : {};
    const condition = (type: string, status: string, more: object = {}) => ({
        ...{ type, status, lastTransitionTime: at },
        ...more,
    });
    return {
        phase: isDone ? 'Succeeded' : 'Running',
        hostIP: nodeAddress,
        hostIPs: [{ ip: nodeAddress }],
        podIP,
        podIPs: [{ ip: podIP }],
        startTime: at,
        conditions: [
            condition('PodReadyToStartContainers', ready),
            condition('Initialized', 'True', reason),
            condition('Ready', ready, reason),
            condition('ContainersReady', ready, reason),
            condition('PodScheduled', 'True'),
        ],
        containerStatuses: (pod.spec?.containers ?? []).map(({ name, image = '' }) => ({
            ...{ name, image, state, ready: !isDone, started: !isDone, restartCount: 0 },
            imageID: `docker-pullable://${image}@sha256:0`,
            containerID: `docker://${'0'.repeat(63)}1`,
        })),
    };
}
