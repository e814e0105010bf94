import { InformerFactory } from '../../../src/client/informer-factory.ts';
import type { AdmissionPlugin } from '../../../src/components/apiserver/admission.ts';
import type { ControllerManagerOptions } from '../../../src/components/controller-manager/controller-context.ts';
import { ControllerManager } from '../../../src/components/controller-manager/controller-manager.ts';
import type { Clock } from '../../../src/util/clock.ts';
import { createLogger, silentLogger } from '../../../src/util/logger.ts';
import { startApiServer, type TestApiServer } from './api-server.ts';

export interface ControllerFixture {
    api: TestApiServer;
    stop(): Promise<void>;
}

/** Controllers with their own identities against a real API server with RBAC. */
export async function startControllers(
    enabled: readonly string[],
    setup: {
        options?: ControllerManagerOptions;
        clock?: Clock;
        admission?: readonly AdmissionPlugin[];
        server?: Pick<NonNullable<Parameters<typeof startApiServer>[0]>, 'store' | 'isBootstrapped'>;
    } = {},
): Promise<ControllerFixture> {
    const logger = process.env['TEST_LOG'] === undefined ? silentLogger() : createLogger('debug');
    const api = await startApiServer({ logger, admission: setup.admission ?? [], ...setup.server });
    const informers = new InformerFactory(api.admin, silentLogger());
    const manager = new ControllerManager({
        clientFor: (name) => api.serviceAccount(name),
        informers,
        logger,
        enabled,
        options: setup.options ?? {},
        ...(setup.clock === undefined ? {} : { clock: setup.clock }),
    });
    await manager.start();
    return {
        api,
        stop: async () => {
            await manager.stop();
            await informers.stop();
            await api.stop();
        },
    };
}
