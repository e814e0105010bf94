import type { Command } from 'commander';
import type { FlagSet } from './flags.ts';

/** A variable whose value its flag does not accept. */
export class EnvironmentError extends Error {
    override readonly name = 'EnvironmentError';
}

/**
 * Takes flags that are not on the command line from the environment, as etcd does: ETCD_DATA_DIR is
 * --data-dir. Throws EnvironmentError.
 */
export function readEtcdEnvironment(command: Command, flags: FlagSet, environment: NodeJS.ProcessEnv): void {
    for (const [name, spec] of Object.entries(flags)) {
        const variable = `ETCD_${name.toUpperCase().replaceAll('-', '_')}`;
        const text = environment[variable];
        const option = name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
        if (text === undefined || text === '' || command.getOptionValue(option) !== undefined) continue;
        try {
            command.setOptionValueWithSource(option, spec.parse(text), 'env');
        } catch (error) {
            const why = error instanceof Error ? error.message : String(error);
            throw new EnvironmentError(`${variable}: ${why}`, { cause: error });
        }
    }
}
