import { createLogger, type Logger, type LogLevel } from '../util/logger.ts';
import { Lifecycle } from '../util/lifecycle.ts';

/** A stop that takes longer is ended by force. */
const stopTimeoutMs = 10_000;
/** klog's verbosity from which debug messages are written. */
const debugVerbosity = 4;
const traceVerbosity = 8;

/** Logger of a subcommand, from klog's --v. */
export function loggerFor(verbosity: number): Logger {
    const level: LogLevel =
        verbosity >= traceVerbosity ? 'trace' : verbosity >= debugVerbosity ? 'debug' : 'info';
    return createLogger(level);
}

/**
 * Runs a component until SIGTERM or SIGINT: `start` puts everything that must be stopped into the
 * lifecycle. Ends the process: 0 after an orderly stop, 1 when starting failed or stopping took too long.
 */
export async function runUntilSignal(
    logger: Logger,
    start: (lifecycle: Lifecycle) => Promise<void>,
): Promise<never> {
    const lifecycle = new Lifecycle();
    const signalled = new Promise<NodeJS.Signals>((resolve) => {
        for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, resolve);
    });
    // Something keeps the event loop alive until the signal: timers of components do not.
    const keepAlive = setInterval(() => undefined, 2 ** 30);
    let exitCode = 0;
    try {
        const first = await Promise.race([start(lifecycle), signalled]);
        const signal = first ?? (await signalled);
        logger.info({ signal }, 'stopping');
    } catch (error) {
        logger.fatal({ error: describe(error) }, 'start failed');
        exitCode = 1;
    }
    const timer = setTimeout(() => {
        logger.error({ stopTimeoutMs }, 'stopping took too long');
        process.exit(1);
    }, stopTimeoutMs);
    try {
        await lifecycle.stop();
        logger.info('stopped');
    } catch (error) {
        logger.error({ error: String(error) }, 'stopping failed');
        exitCode = 1;
    }
    clearTimeout(timer);
    clearInterval(keepAlive);
    process.exit(exitCode);
}

/** Errors about what was given, or found, that speak for themselves; anything else comes with its stack. */
const plainErrors = ['FlagError', 'EtcdFlagError', 'JoinError', 'MemberError', 'StoreError'];

function describe(error: unknown): string {
    if (!(error instanceof Error)) return String(error);
    if (!plainErrors.includes(error.name)) return error.stack ?? error.message;
    const cause = error.cause instanceof Error ? `: ${error.cause.message}` : '';
    return `${error.message}${cause}`;
}
