import { randomUUID } from 'node:crypto';
import type { Client } from '../client/client.ts';
import { LeaderElector } from '../client/leader-election.ts';
import type { Lifecycle, Stoppable } from '../util/lifecycle.ts';
import type { Logger } from '../util/logger.ts';
import { hostName } from './host.ts';

export interface ElectionFlags {
    'leader-elect': boolean;
    'leader-elect-lease-duration': number;
    'leader-elect-renew-deadline': number;
    'leader-elect-retry-period': number;
    'leader-elect-resource-name': string;
    'leader-elect-resource-namespace': string;
}

/** The election was lost while working: the process must end, a supervisor starts it again. */
export class LeadershipLostError extends Error {
    override readonly name = 'LeadershipLostError';
}

/**
 * Starts a component at once, or, with --leader-elect, once this process is elected. A leader that loses
 * its lease ends the process, as upstream's components do: nothing of it may go on working.
 */
export async function startElected(
    lifecycle: Lifecycle,
    {
        client,
        flags,
        logger,
        start,
    }: { client: Client; flags: ElectionFlags; logger: Logger; start: () => Promise<Stoppable> },
): Promise<void> {
    if (!flags['leader-elect']) {
        lifecycle.add(await start());
        return;
    }
    const elected = new Promise<void>((resolve) => {
        const elector = new LeaderElector({
            client,
            lease: {
                namespace: flags['leader-elect-resource-namespace'],
                name: flags['leader-elect-resource-name'],
            },
            identity: `${hostName()}_${randomUUID()}`,
            logger,
            leaseDurationMs: flags['leader-elect-lease-duration'],
            renewDeadlineMs: flags['leader-elect-renew-deadline'],
            retryPeriodMs: flags['leader-elect-retry-period'],
            onStartedLeading: resolve,
            onStoppedLeading: () => {
                if (lifecycle.state !== 'running') return;
                logger.fatal('leader election lost');
                process.exit(1);
            },
        });
        lifecycle.add(elector);
        elector.start();
    });
    await elected;
    lifecycle.add(await start());
}
