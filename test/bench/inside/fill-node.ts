import type { V1Deployment } from '../../../src/api/meta/object.ts';
import { deployments } from '../../../src/client/resource-type.ts';
import { adminClient } from './client.ts';
import { watchUntil } from './wait-for-object.ts';

const fillTimeoutMs = 5 * 60_000;
const podsPerDeployment = 10;

/** Deployments of ten pods each until there are `count`, all available; gives how long that took. */
export async function fillNode(parameters: {
    kubeconfig: string;
    image: string;
    count: number;
}): Promise<{ elapsedMs: number }> {
    const { kubeconfig, image, count } = parameters;
    const client = await adminClient(kubeconfig);
    const namespace = 'default';
    const began = performance.now();
    const seen: Promise<void>[] = [];
    for (let from = 0; from < count; from += podsPerDeployment) {
        const name = `idle-${from}`;
        const replicas = Math.min(podsPerDeployment, count - from);
        const available = await watchUntil(client, deployments, {
            namespace,
            timeoutMs: fillTimeoutMs,
            isWanted: ({ metadata, status }) =>
                metadata.name === name && status?.availableReplicas === replicas,
        });
        seen.push(available.seen);
        await client.resource(deployments).create(deployment(namespace, name, { image, replicas }));
    }
    await Promise.all(seen);
    client.close();
    return { elapsedMs: performance.now() - began };
}

function deployment(
    namespace: string,
    name: string,
    { image, replicas }: { image: string; replicas: number },
): V1Deployment {
    return {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { namespace, name },
        spec: {
            replicas,
            selector: { matchLabels: { app: name } },
            template: {
                metadata: { labels: { app: name } },
                spec: {
                    containers: [
                        { name: 'app', image, imagePullPolicy: 'Never', command: ['sleep', '1000000'] },
                    ],
                },
            },
        },
    };
}
