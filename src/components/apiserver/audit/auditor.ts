import type { AuditEvent } from './event.ts';
import { type AuditLevel, auditLevels, type AuditPolicy } from './policy.ts';

/** Where audit events go. Takes a line at once or drops it: requests never wait for a sink. */
export interface AuditSink {
    readonly name: 'log' | 'webhook';
    /** @param line the event as JSON, without a newline; returns false where it had to be dropped */
    write(line: string): boolean;
    /** Resolves when everything that was taken has been written, or given up. */
    stop(): Promise<void>;
}

/** Judges requests by the policy and hands their events to the sinks; counts both for metrics. */
export class Auditor {
    readonly policy: AuditPolicy;
    readonly #sinks: readonly AuditSink[];
    readonly levels: Record<AuditLevel, number> = { None: 0, Metadata: 0, Request: 0, RequestResponse: 0 };
    readonly errors: Record<AuditSink['name'], number> = { log: 0, webhook: 0 };
    events = 0;

    constructor(policy: AuditPolicy, sinks: readonly AuditSink[]) {
        this.policy = policy;
        this.#sinks = sinks;
    }

    get knownLevels(): readonly AuditLevel[] {
        return auditLevels;
    }

    emit(event: AuditEvent): void {
        this.events++;
        const line = JSON.stringify(event);
        for (const sink of this.#sinks) if (!sink.write(line)) this.errors[sink.name]++;
    }

    async stop(): Promise<void> {
        await Promise.all(this.#sinks.map(async (sink) => await sink.stop()));
    }
}
