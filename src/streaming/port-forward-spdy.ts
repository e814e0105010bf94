import type { Duplex } from 'node:stream';
import { join } from './join.ts';
import type { PortForward } from './port-forward.ts';
import { SpdyConnection } from './spdy/connection.ts';
import type { SpdyHeaders } from './spdy/header-block.ts';
import type { SpdyStream } from './spdy/stream.ts';

/** An error stream waits this long for its data stream, and the other way round. */
const pairTimeoutMs = 30_000;

interface Pair {
    data?: SpdyStream;
    error?: SpdyStream;
    timer: NodeJS.Timeout;
}

/** portforward.k8s.io: per connection a pair of streams, of types "data" and "error", with one requestID. */
export function forwardOverSpdy(transport: Duplex, forward: PortForward): void {
    const pairs = new Map<string, Pair>();
    new SpdyConnection(transport, {
        accepts: (headers) => isType(headers['streamtype']) && portOf(headers) !== undefined,
        onStream: (stream) => {
            const id = requestIdOf(stream);
            const pair = pairs.get(id) ?? { timer: setTimeout(() => giveUp(id), pairTimeoutMs) };
            pairs.set(id, pair);
            if (stream.headers['streamtype'] === 'error') pair.error = stream;
            else pair.data = stream;
            if (pair.data === undefined || pair.error === undefined) return;
            clearTimeout(pair.timer);
            pairs.delete(id);
            void forwardPair(pair.data, pair.error, forward);
        },
        onClose: () => {
            for (const { timer } of pairs.values()) clearTimeout(timer);
            pairs.clear();
        },
    });

    function giveUp(id: string): void {
        const pair = pairs.get(id);
        pairs.delete(id);
        pair?.error?.end(`timed out waiting for streams for request ${id}`);
        pair?.data?.destroy();
    }
}

async function forwardPair(data: SpdyStream, error: SpdyStream, forward: PortForward): Promise<void> {
    error.resume();
    const port = portOf(data.headers) ?? 0;
    try {
        const connection = await forward.connect(port);
        await join(data, connection);
        error.end();
    } catch (failure) {
        const words = failure instanceof Error ? failure.message : String(failure);
        error.end(`error forwarding port ${port} to ${forward.subject}: ${words}`);
        data.destroy();
    }
}

function isType(type: string | undefined): boolean {
    return type === 'data' || type === 'error';
}

function portOf(headers: SpdyHeaders): number | undefined {
    const text = headers['port'] ?? '';
    const port = Number(text);
    return /^\d+$/.test(text) && port >= 1 && port <= 65_535 ? port : undefined;
}

/** Old clients send no requestID: they open the error stream, then the data stream, so the ids tell. */
function requestIdOf(stream: SpdyStream): string {
    const given = stream.headers['requestid'];
    if (given !== undefined && given !== '') return given;
    return String(stream.headers['streamtype'] === 'error' ? stream.id : stream.id - 2);
}
