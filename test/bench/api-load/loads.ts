import { percentile } from '../report.ts';
import type { Answer, ApiConnection } from './api-connection.ts';

export interface Rate {
    /** Requests, or events that reached a watcher. */
    done: number;
    perSecond: number;
    p50Ms: number;
    p99Ms: number;
    /** Mebibytes of bodies a second. */
    mebibytesPerSecond: number;
}

/** One request of many; gives what the answer must be, and how many bytes came. */
type Work = (connection: ApiConnection, i: number) => Promise<Pick<Answer, 'bytes'>>;

/** `total` requests, each connection with one under way at any time. */
export async function requests(
    connections: readonly ApiConnection[],
    total: number,
    work: Work,
): Promise<Rate> {
    const latencies: number[] = [];
    let bytes = 0;
    let next = 0;
    const began = performance.now();
    await Promise.all(
        connections.map(async (connection) => {
            while (next < total) {
                const sent = performance.now();
                const answer = await work(connection, next++);
                latencies.push(performance.now() - sent);
                bytes += answer.bytes;
            }
        }),
    );
    return rate(latencies, bytes, performance.now() - began);
}

export interface Watcher {
    connection: ApiConnection;
    path: string;
    /** Which of the changes it gets, in order. */
    changes: readonly number[];
}

export interface FanOut {
    watchers: readonly Watcher[];
    change: (i: number) => Promise<void>;
    changes: number;
    changesPerSecond: number;
}

const settleTimeoutMs = 60_000;

/** Latency from the sending of a change to its event at each watcher that gets it. */
export async function fanOut({ watchers, change, changes, changesPerSecond }: FanOut): Promise<Rate> {
    const sentAt: number[] = [];
    const latencies: number[] = [];
    const expected = watchers.reduce((sum, watcher) => sum + watcher.changes.length, 0);
    let wake = (): void => undefined;
    const all = new Promise<void>((resolve) => {
        wake = resolve;
    });
    await Promise.all(
        watchers.map(async (watcher) => {
            let seen = 0;
            await watcher.connection.watch(watcher.path, (events) => {
                const now = performance.now();
                for (; events > 0; events--)
                    latencies.push(now - (sentAt[watcher.changes[seen++] ?? -1] ?? now));
                if (latencies.length >= expected) wake();
            });
        }),
    );
    const began = performance.now();
    for (let i = 0; i < changes; i++) {
        const wait = began + (i * 1000) / changesPerSecond - performance.now();
        if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
        sentAt.push(performance.now());
        // One after the other: events come in the order in which the changes were sent.
        await change(i);
    }
    const timeout = setTimeout(wake, settleTimeoutMs);
    await all;
    clearTimeout(timeout);
    if (latencies.length < expected)
        throw new Error(`${latencies.length} of ${expected} events came within a minute of the last change`);
    return rate(latencies, 0, performance.now() - began);
}

function rate(latencies: readonly number[], bytes: number, elapsedMs: number): Rate {
    return {
        done: latencies.length,
        perSecond: (latencies.length / elapsedMs) * 1000,
        p50Ms: percentile(latencies, 0.5),
        p99Ms: percentile(latencies, 0.99),
        mebibytesPerSecond: bytes / 1048.576 / elapsedMs,
    };
}
