import { createControllerManager } from '../../../src/cli/components/controller-manager.ts';
import { createScheduler } from '../../../src/cli/components/scheduler.ts';
import type { Client } from '../../../src/client/client.ts';
import { renderKubeconfig } from '../../../src/client/kubeconfig.ts';
import { Lifecycle } from '../../../src/util/lifecycle.ts';
import { silentLogger } from '../../../src/util/logger.ts';
import { AuthServer } from '../support/auth-server.ts';
import { startHollowNode } from './hollow-node.ts';

/** API server, controllers, scheduler and a node without containers: all that kubectl can tell from a cluster. */
export interface TourCluster {
    url: string;
    /** As system:masters. */
    admin: Client;
    kubeconfig(namespace: string): string;
    stop(): Promise<void>;
}

export async function startTourCluster(): Promise<TourCluster> {
    const server = await AuthServer.start(() => ({ 'enable-bootstrap-token-auth': false }));
    const { running } = server;
    const lifecycle = new Lifecycle();
    const logger = silentLogger();
    const as = (username: string, ...groups: string[]): Client =>
        running.clientFor({ username, uid: '', groups: [...groups, 'system:authenticated'], extra: {} });
    const admin = as('admin', 'system:masters');
    const { ca, serviceAccount, clients } = running.pki;
    lifecycle.add(
        await createControllerManager({
            client: as('system:kube-controller-manager'),
            clientFor: running.serviceAccountClient,
            logger,
            enabled: ['*'],
            options: {
                clusterCidr: '10.244.0.0/16',
                nodeCidrMaskSize: 24,
                serviceAccountKey: serviceAccount.privateKey,
                rootCa: ca.cert,
                clusterSigning: { certificate: ca.cert, key: ca.key },
            },
        }),
    );
    lifecycle.add(
        await createScheduler({
            client: as('system:kube-scheduler'),
            logger,
            schedulerName: 'default-scheduler',
        }),
    );
    lifecycle.add(await startHollowNode(admin, 'node-1'));
    return {
        url: server.url,
        admin,
        kubeconfig: (namespace) =>
            renderKubeconfig({
                server: server.url,
                clusterName: 'tour',
                userName: 'admin',
                namespace,
                certificateAuthority: ca.cert,
                credentials: { type: 'certificate', certificate: clients.admin.cert, key: clients.admin.key },
            }),
        stop: async () => {
            await lifecycle.stop();
            await server.stop();
        },
    };
}
