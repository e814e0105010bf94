import { Command } from 'commander';
import { clientFromFlags } from './component-client.ts';
import { startElected } from './elected.ts';
import { addFlags, readFlags } from './flags.ts';
import { schedulerFlags } from './flag-sets/scheduler-flags.ts';
import { loggerFor, runUntilSignal } from './run.ts';

export function schedulerCommand(): Command {
    const command = new Command('scheduler').description('gives every pod a node');
    return addFlags(command, schedulerFlags).action(async () => {
        const flags = await readFlags(command, schedulerFlags);
        const logger = loggerFor(flags.v).child({ component: 'scheduler' });
        const client = await clientFromFlags(flags, 'kube-scheduler');
        const { createScheduler } = await import('./components/scheduler.ts');
        await runUntilSignal(logger, async (lifecycle) => {
            lifecycle.add({
                stop: () => {
                    client.close();
                },
            });
            const start = async () =>
                await createScheduler({ client, logger, schedulerName: flags['scheduler-name'] });
            await startElected(lifecycle, { client, flags, logger, start });
        });
    });
}
