import { decode, encode } from '../../../src/store/etcd/proto/message.ts';
import { methods } from '../../../src/store/etcd/proto/methods.ts';
import { percentile } from '../report.ts';
import { type CallListener, prepareCall, type PreparedCall, RawConnection } from './raw-connection.ts';

export type LoadName = 'put' | 'range' | 'serializableRange' | 'guardedTxn' | 'watch';

export interface LoadParameters {
    name: LoadName;
    /** Of all members: connections go to one after the other. */
    ports: readonly number[];
    clients: number;
    durationMs: number;
}

export interface LoadResult {
    /** Requests that were answered, for 'watch' events delivered. */
    answered: number;
    /** Requests a second, for 'watch' events delivered a second. */
    perSecond: number;
    p50Ms: number;
    p99Ms: number;
    errors: number;
    /** Of the generator itself: at 100 % it would be what is measured. */
    generatorCpuPercent: number;
}

const valueBytes = 256;
export const loadKeys = 10_000;
const connectionsMax = 50;
const watchersPerStream = 50;
const frameHeadBytes = 5;

const keyOf = (i: number): string => `/registry/pods/default/pod-${String(i % loadKeys).padStart(6, '0')}`;
const valueOf = (i: number): Buffer => Buffer.alloc(valueBytes, 33 + (i % 90));

/** Runs one load for a while: every client has one request under way at any time. */
export async function runLoad(parameters: LoadParameters): Promise<LoadResult> {
    const { ports, clients, durationMs, name } = parameters;
    const count = Math.min(clients, connectionsMax);
    const connections = await Promise.all(
        Array.from({ length: count }, async (_, i) => await RawConnection.open(ports[i % ports.length] ?? 0)),
    );
    const cpu = process.cpuUsage();
    const began = performance.now();
    const run = { connections, clients, until: began + durationMs };
    const { latencies, errors } =
        name === 'watch' ? await watchLoad(run) : await requestLoad(run, clientOf(name));
    const elapsedMs = performance.now() - began;
    const { user, system } = process.cpuUsage(cpu);
    for (const connection of connections) connection.close();
    return {
        answered: latencies.length,
        perSecond: (latencies.length / elapsedMs) * 1000,
        p50Ms: percentile(latencies, 0.5),
        p99Ms: percentile(latencies, 0.99),
        errors,
        generatorCpuPercent: (user + system) / 10 / elapsedMs,
    };
}

interface Run {
    connections: readonly RawConnection[];
    clients: number;
    until: number;
}
interface Measured {
    latencies: number[];
    errors: number;
}

/** What one client sends next, and what it does with the answer. */
interface LoadClient {
    next(i: number): PreparedCall;
    answered?(message: Buffer): void;
}

function requestLoad(
    { connections, clients, until }: Run,
    make: (client: number) => LoadClient,
): Promise<Measured> {
    return new Promise((resolve) => {
        const measured: Measured = { latencies: [], errors: 0 };
        let running = clients;
        for (let client = 0; client < clients; client++) {
            const connection = connections[client % connections.length];
            const load = make(client);
            let i = client;
            const send = (): void => {
                const before = performance.now();
                if (before >= until || connection === undefined) {
                    if (--running === 0) resolve(measured);
                    return;
                }
                let answer: Buffer | undefined;
                const listener: CallListener = {
                    onEnd: (isOk) => {
                        if (isOk) {
                            measured.latencies.push(performance.now() - before);
                            if (answer !== undefined) load.answered?.(answer);
                        } else measured.errors++;
                        send();
                    },
                };
                if (load.answered !== undefined)
                    listener.onData = (chunk) => {
                        answer = answer === undefined ? chunk : Buffer.concat([answer, chunk]);
                    };
                connection.call(load.next(i), listener);
                i += clients;
            };
            send();
        }
    });
}

function clientOf(name: Exclude<LoadName, 'watch'>): (client: number) => LoadClient {
    switch (name) {
        case 'put': {
            const calls = prepared((i) =>
                prepareCall(
                    methods.put.path,
                    encode(methods.put.request, { key: keyOf(i), value: valueOf(i) }),
                ),
            );
            return () => ({ next: calls });
        }
        case 'range':
        case 'serializableRange': {
            const serializable = name === 'serializableRange';
            const calls = prepared((i) =>
                prepareCall(
                    methods.range.path,
                    encode(methods.range.request, { key: keyOf(i), serializable }),
                ),
            );
            return () => ({ next: calls });
        }
        case 'guardedTxn':
            return (client) => new GuardedClient(client);
    }
}

/** Makes each call once, at its first use. */
function prepared(make: (i: number) => PreparedCall): (i: number) => PreparedCall {
    const calls: PreparedCall[] = [];
    return (i) => (calls[i % loadKeys] ??= make(i));
}

/** Updates one object of its own again and again, as the API server does: guarded by the revision it knows. */
class GuardedClient implements LoadClient {
    readonly #key: string;
    #revision = 0;

    constructor(client: number) {
        this.#key = `/registry/leases/kube-node-lease/node-${client}`;
    }

    next(i: number): PreparedCall {
        const key = this.#key;
        const request = {
            compare: [{ key, target: 'MOD', result: 'EQUAL', modRevision: this.#revision }],
            success: [{ put: { key, value: valueOf(i) } }],
            failure: [{ range: { key } }],
        } as const;
        return prepareCall(methods.txn.path, encode(methods.txn.request, request));
    }

    answered(message: Buffer): void {
        const { succeeded, header, responses } = decode(
            methods.txn.response,
            message.subarray(frameHeadBytes),
        );
        const found = responses[0]?.range?.kvs[0];
        this.#revision = succeeded ? (header?.revision ?? 0) : (found?.modRevision ?? 0);
    }
}

/** `clients` watchers of one prefix and one writer: latency from sending the put to each watcher's event. */
async function watchLoad({ connections, clients, until }: Run): Promise<Measured> {
    const measured: Measured = { latencies: [], errors: 0 };
    const [writer] = connections;
    if (writer === undefined) return measured;
    const prefix = '/registry/watched/';
    let sentAt = 0;
    let missing = clients;
    let created = 0;
    let wake = (): void => undefined;
    const onMessage = (message: Buffer): void => {
        const { created: isCreated, events } = decode(methods.watch.response, message);
        if (isCreated) created++;
        for (const _ of events) {
            measured.latencies.push(performance.now() - sentAt);
            missing--;
        }
        if (missing <= 0 || isCreated) wake();
    };
    const create = encode(methods.watch.request, {
        create: { key: prefix, rangeEnd: `${prefix.slice(0, -1)}0` },
    });
    for (let first = 0; first < clients; first += watchersPerStream) {
        const connection = connections[(first / watchersPerStream) % connections.length] ?? writer;
        const reader = new MessageReader(onMessage);
        const stream = connection.call(prepareCall(methods.watch.path, create, false), {
            onData: (chunk) => {
                reader.push(chunk);
            },
            onEnd: () => measured.errors++,
        });
        for (let i = first + 1; i < Math.min(first + watchersPerStream, clients); i++)
            connection.send(stream, create);
    }
    const woken = async (isDone: () => boolean): Promise<void> => {
        while (!isDone()) await new Promise<void>((resolve) => (wake = resolve));
    };
    await woken(() => created === clients);
    for (let i = 0; performance.now() < until; i++) {
        missing = clients;
        sentAt = performance.now();
        const put = encode(methods.put.request, { key: `${prefix}${i % 100}`, value: valueOf(i) });
        writer.call(prepareCall(methods.put.path, put), {
            onEnd: (isOk) => {
                if (!isOk) measured.errors++;
            },
        });
        await woken(() => missing <= 0);
    }
    return measured;
}

/** Cuts a stream's DATA into messages. */
class MessageReader {
    readonly #onMessage: (message: Buffer) => void;
    #rest: Buffer = Buffer.alloc(0);

    constructor(onMessage: (message: Buffer) => void) {
        this.#onMessage = onMessage;
    }

    push(chunk: Buffer): void {
        let buffer = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
        while (buffer.length >= frameHeadBytes) {
            const total = frameHeadBytes + buffer.readUInt32BE(1);
            if (buffer.length < total) break;
            this.#onMessage(buffer.subarray(frameHeadBytes, total));
            buffer = buffer.subarray(total);
        }
        this.#rest = buffer;
    }
}
