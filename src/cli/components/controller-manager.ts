import type { Client } from '../../client/client.ts';
import { InformerFactory } from '../../client/informer-factory.ts';
import type { ControllerManagerOptions } from '../../components/controller-manager/controller-context.ts';
import { ControllerManager } from '../../components/controller-manager/controller-manager.ts';
import { Lifecycle, type Stoppable } from '../../util/lifecycle.ts';
import type { Logger } from '../../util/logger.ts';

/** A running controller manager; resolves once its informers are filled. */
export async function createControllerManager(options: {
    client: Client;
    /** A client for one service account of kube-system. */
    clientFor: (serviceAccount: string) => Client;
    logger: Logger;
    enabled: readonly string[];
    options: ControllerManagerOptions;
}): Promise<Stoppable> {
    const { client, logger } = options;
    const lifecycle = new Lifecycle();
    const informers = lifecycle.add(new InformerFactory(client, logger));
    const manager = lifecycle.add(new ControllerManager({ ...options, informers }));
    await manager.start();
    return lifecycle;
}
