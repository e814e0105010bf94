import { pino } from 'pino';
import { Auditor } from '../components/apiserver/audit/auditor.ts';
import { AuditPolicy } from '../components/apiserver/audit/policy.ts';
import { type Logger, silentLogger } from '../util/logger.ts';
import type { AuditEvent, LogEntry } from './index.ts';
import type { CheckedOptions } from './options.ts';

/** A log that calls `log` for each line. */
export function loggerOf({ log, logLevel }: Pick<CheckedOptions, 'log' | 'logLevel'>): Logger {
    if (log === undefined) return silentLogger();
    return pino(
        {
            level: logLevel,
            base: null,
            timestamp: pino.stdTimeFunctions.isoTime,
            formatters: { level: (label) => ({ level: label }) },
        },
        {
            write: (line: string) => {
                guarded(log, JSON.parse(line) as LogEntry);
            },
        },
    );
}

/** Tells `audit` of each request, but not of those of the server itself. */
export function auditorOf({ audit }: Pick<CheckedOptions, 'audit'>): Auditor | undefined {
    if (audit === undefined) return undefined;
    const policy = AuditPolicy.parse({
        apiVersion: 'audit.k8s.io/v1',
        kind: 'Policy',
        omitStages: ['RequestReceived'],
        rules: [{ level: 'None', users: ['system:apiserver'] }, { level: 'RequestResponse' }],
    });
    const write = (line: string): boolean => {
        guarded(audit, JSON.parse(line) as AuditEvent);
        return true;
    };
    const sink = {
        name: 'log' as const,
        write,
        writeThrough: async (line: string) => await Promise.resolve(write(line)),
        stop: async () => {
            await Promise.resolve();
        },
    };
    return new Auditor(policy, [{ sink }]);
}

/** What a callback throws is the test's: it must not end in the middle of a request. */
function guarded<T>(callback: (value: T) => void, value: T): void {
    try {
        callback(value);
    } catch (error) {
        queueMicrotask(() => {
            throw error;
        });
    }
}
