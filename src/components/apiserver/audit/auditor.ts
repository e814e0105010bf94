import type { AuditEvent } from './event.ts';
import type { AuditMode } from './modes.ts';
import { type AuditLevel, auditLevels, type AuditPolicy } from './policy.ts';

/** Where audit events go. */
export interface AuditSink {
    readonly name: 'log' | 'webhook';
    /**
     * Takes a line and writes it with others, or drops it: requests do not wait.
     * @param line the event as JSON, without a newline; returns false where it had to be dropped
     */
    write(line: string): boolean;
    /** Resolves when the line has been written; to false where it could not be. Drops nothing for want of room. */
    writeThrough(line: string): Promise<boolean>;
    /** Resolves when everything that was taken has been written, or given up. */
    stop(): Promise<void>;
}

export interface AuditOutput {
    sink: AuditSink;
    /** Default 'batch'. */
    mode?: AuditMode;
    /** Longer events are written without objects, or not at all where that is not enough. Default: no bound. */
    eventBytesMax?: number | undefined;
}

const truncatedAnnotation = 'audit.k8s.io/truncated';

/** Judges requests by the policy and hands their events to the sinks; counts both for metrics. */
export class Auditor {
    readonly policy: AuditPolicy;
    readonly #outputs: readonly AuditOutput[];
    readonly levels: Record<AuditLevel, number> = { None: 0, Metadata: 0, Request: 0, RequestResponse: 0 };
    readonly errors: Record<AuditSink['name'] | 'truncate', number> = { log: 0, webhook: 0, truncate: 0 };
    events = 0;
    /** Requests that failed because their event could not be written. */
    rejected = 0;

    constructor(policy: AuditPolicy, outputs: readonly AuditOutput[]) {
        this.policy = policy;
        this.#outputs = outputs;
    }

    get knownLevels(): readonly AuditLevel[] {
        return auditLevels;
    }

    /** False, also by a promise, where an output that is strict has not written the event. */
    emit(event: AuditEvent): boolean | Promise<boolean> {
        this.events++;
        const line = JSON.stringify(event);
        const waits: Promise<boolean>[] = [];
        for (const output of this.#outputs) {
            const { sink, mode = 'batch' } = output;
            const short = this.#shortened(event, line, output);
            if (short === undefined) continue;
            if (mode !== 'batch') waits.push(this.#written(sink, short, mode));
            else if (!sink.write(short)) this.errors[sink.name]++;
        }
        if (waits.length === 0) return true;
        return Promise.all(waits).then((outcomes) => !outcomes.includes(false));
    }

    async stop(): Promise<void> {
        await Promise.all(
            this.#outputs.map(async ({ sink }) => {
                await sink.stop();
            }),
        );
    }

    async #written(sink: AuditSink, line: string, mode: AuditMode): Promise<boolean> {
        if (await sink.writeThrough(line)) return true;
        this.errors[sink.name]++;
        return mode !== 'blocking-strict';
    }

    /** Undefined where the event is too large even without its objects. */
    #shortened(event: AuditEvent, line: string, { eventBytesMax }: AuditOutput): string | undefined {
        if (eventBytesMax === undefined || Buffer.byteLength(line) <= eventBytesMax) return line;
        const { requestObject: _request, responseObject: _response, ...rest } = event;
        const annotations = { ...event.annotations, [truncatedAnnotation]: 'true' };
        const short = event.level === 'Metadata' ? line : JSON.stringify({ ...rest, annotations });
        if (Buffer.byteLength(short) <= eventBytesMax) return short;
        this.errors.truncate++;
        return undefined;
    }
}
