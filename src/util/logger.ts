import { pino, destination, type Logger as PinoLogger } from 'pino';

/**
 * Structured log of a component. Messages are constant strings, variables go into fields:
 * `log.info({ pod: key }, 'pod bound')`.
 */
export type Logger = PinoLogger;
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

/** The process's root logger: JSON lines on standard error. */
export function createLogger(level: LogLevel = 'info'): Logger {
    return pino(
        {
            level,
            base: null,
            timestamp: pino.stdTimeFunctions.isoTime,
            formatters: { level: (label) => ({ level: label }) },
        },
        destination({ fd: 2, sync: true }),
    );
}

/** A logger that says nothing, for tests. */
export function silentLogger(): Logger {
    // Not without a destination: that opens the standard output.
    return pino({ level: 'silent' }, { write: () => undefined });
}
