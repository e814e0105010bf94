import type { Client } from '../../client/client.ts';
import { InformerFactory } from '../../client/informer-factory.ts';
import { Scheduler } from '../../components/scheduler/scheduler.ts';
import { systemClock } from '../../util/clock.ts';
import { Lifecycle, type Stoppable } from '../../util/lifecycle.ts';
import type { Logger } from '../../util/logger.ts';

/** A running scheduler over `client`. */
export async function createScheduler(options: {
    client: Client;
    logger: Logger;
    schedulerName: string;
}): Promise<Stoppable> {
    const { client, logger, schedulerName } = options;
    const lifecycle = new Lifecycle();
    const informers = lifecycle.add(new InformerFactory(client, logger));
    const scheduler = lifecycle.add(
        new Scheduler({ client, informers, logger, clock: systemClock, schedulerName }),
    );
    informers.start();
    await scheduler.start();
    logger.info({ schedulerName }, 'scheduler started');
    return lifecycle;
}
