import { type AskedReview, type Reply, WebhookServer } from '../../support/webhook-server.ts';
import type { Cluster, Thing } from './cluster.ts';

interface Service extends Thing {
    spec: { clusterIP: string };
}

export interface WebhookService {
    /** `clientConfig` of a webhook at that path. */
    at(path: string): { service: object; caBundle: string };
    stop(): Promise<void>;
}

/**
 * A webhook behind a Service, as the suite deploys one. The Service's own address belongs to this machine, so
 * the webhook listens there, and needs no pod and no proxy.
 */
export async function startWebhookService(
    cluster: Cluster,
    replies: Record<string, (review: AskedReview) => Reply | Promise<Reply>>,
    { namespace, name, port }: { namespace: string; name: string; port: number },
): Promise<WebhookService> {
    const service = await cluster.create<Service>(`/api/v1/namespaces/${namespace}/services`, {
        metadata: { name },
        spec: { selector: { webhook: 'true' }, ports: [{ protocol: 'TCP', port, targetPort: port + 1 }] },
    });
    const server = await WebhookServer.start(replies, {
        host: service.spec.clusterIP,
        port,
        dnsName: `${name}.${namespace}.svc`,
    });
    return {
        at: (path) => ({ service: { namespace, name, path, port }, caBundle: server.caBundle }),
        stop: async () => {
            await server.stop();
        },
    };
}
