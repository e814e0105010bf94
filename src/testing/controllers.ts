import type { Client } from '../client/client.ts';
import type { Stoppable } from '../util/lifecycle.ts';
import type { Logger } from '../util/logger.ts';
import type { TestPki } from './certificates.ts';

/** Which controllers a test asked for; loaded only then. */
export interface ChosenControllers {
    /** By upstream's names. */
    names: readonly string[];
    start(parts: {
        client: Client;
        clientFor: (serviceAccount: string) => Client;
        pki: TestPki;
        logger: Logger;
    }): Promise<Stoppable>;
}

/** @throws TypeError for a name that is none, with those that there are */
export async function chooseControllers(
    selection: readonly string[],
): Promise<ChosenControllers | undefined> {
    if (selection.length === 0) return undefined;
    const { controllers } = await import('../components/controller-manager/controllers.ts');
    const { enabledControllers } = await import('../components/controller-manager/enabled-controllers.ts');
    const { createControllerManager } = await import('../cli/components/controller-manager.ts');
    let chosen;
    try {
        chosen = enabledControllers(controllers, selection);
    } catch (cause) {
        const why = cause instanceof Error ? cause.message : String(cause);
        const known = controllers.map(({ name }) => name).sort();
        throw new TypeError(`hyperkube: controllers: ${why}: ${known.join(', ')}`, { cause });
    }
    return {
        names: chosen.map(({ name }) => name),
        start: async ({ client, clientFor, pki, logger }) =>
            await createControllerManager({
                client,
                clientFor,
                logger: logger.child({ component: 'controller-manager' }),
                enabled: selection,
                options: {
                    clusterCidr: '10.244.0.0/16',
                    nodeCidrMaskSize: 24,
                    serviceAccountKey: pki.serviceAccounts.privateKey,
                    rootCa: pki.ca.cert,
                    clusterSigning: { certificate: pki.ca.cert, key: pki.ca.key },
                },
            }),
    };
}
