import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { methods } from '../../proto/methods.ts';
import { writeSnapshotFile } from '../bolt/snapshot-file.ts';
import type { EtcdContext } from '../context.ts';
import { encodeResponse, type HandlerOptions } from '../grpc/handlers.ts';
import type { CallHandler, CallListener, ServerCall } from '../grpc/server-call.ts';
import { GrpcError } from '../grpc/status.ts';

const chunkBytes = 32 * 1024;
/** Unsent bytes from which on the file is not read further. */
const backlogBytesMax = 512 * 1024;
/** Snapshots being made at the same time: each is a copy of everything on disk. */
const snapshotsMax = 2;

export interface SnapshotOptions extends HandlerOptions {
    /** Where the copy is written before it is sent; the system's temporary directory by default. */
    directory?: string | undefined;
}

/** Maintenance/Snapshot: a database file that etcd can start from, followed by its SHA-256. */
export function snapshotHandler(context: EtcdContext, options: SnapshotOptions): [string, CallHandler] {
    const { path } = methods.snapshot;
    let running = 0;
    const handle: CallHandler = (call) => {
        options.observer.started(path);
        const stream = new SnapshotStream(call);
        call.listener = stream;
        const run = async (): Promise<void> => {
            options.admit(call);
            if (running >= snapshotsMax) {
                throw new GrpcError('resourceExhausted', 'etcdserver: too many requests');
            }
            running += 1;
            try {
                await sendSnapshot(context, stream, options.directory ?? tmpdir());
            } finally {
                running -= 1;
            }
        };
        run().then(
            () => {
                call.end();
                options.observer.ended(path, undefined);
            },
            (error: unknown) => {
                const status = options.toStatus(error);
                call.end(undefined, status);
                options.observer.ended(path, status);
            },
        );
    };
    return [path, handle];
}

async function sendSnapshot(context: EtcdContext, stream: SnapshotStream, directory: string): Promise<void> {
    const file = join(directory, `etcd-snapshot-${randomUUID()}.db`);
    try {
        await writeSnapshotFile(file, context.store, context.cluster);
        const { size } = await stat(file);
        const hash = createHash('sha256');
        let remaining = size;
        for await (const chunk of createReadStream(file, { highWaterMark: chunkBytes })) {
            const blob = chunk as Buffer;
            hash.update(blob);
            remaining -= blob.length;
            await stream.send(context, blob, remaining);
        }
        await stream.send(context, hash.digest(), 0);
    } finally {
        await rm(file, { force: true });
    }
}

class SnapshotStream implements CallListener {
    readonly #call: ServerCall;
    #state: 'open' | 'cancelled' = 'open';
    #resume: (() => void) | undefined;

    constructor(call: ServerCall) {
        this.#call = call;
    }

    /** Resolves when more may be sent. Rejects when the client is gone. */
    async send(context: EtcdContext, blob: Buffer, remainingBytes: number): Promise<void> {
        this.#checkOpen();
        const response = { header: context.header(), remainingBytes, blob };
        this.#call.send(encodeResponse(methods.snapshot, response));
        if (this.#call.backlogBytes <= backlogBytesMax) return;
        await new Promise<void>((resolve) => {
            this.#resume = resolve;
        });
        this.#checkOpen();
    }

    onMessage(): void {
        // The request has no fields.
    }

    onHalfClose(): void {
        // The answer is under way.
    }

    onCancel(): void {
        this.#state = 'cancelled';
        this.#resume?.();
    }

    onDrain(): void {
        this.#resume?.();
    }

    #checkOpen(): void {
        if (this.#state === 'cancelled') throw new GrpcError('cancelled', 'context canceled');
    }
}
