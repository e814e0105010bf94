import type { IncomingMessage } from 'node:http';
import type { Duplex, Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { statusOf, type RemoteCommand } from './remote-command.ts';
import { SpdyConnection } from './spdy/connection.ts';
import type { SpdyStream } from './spdy/stream.ts';
import { encodeStatus } from './status.ts';
import { TerminalSizes } from './terminal-size.ts';
import { acceptSpdy } from './upgrade.ts';

const protocols = ['v4.channel.k8s.io', 'v3.channel.k8s.io', 'v2.channel.k8s.io', 'channel.k8s.io'] as const;
const streamTypes = ['error', 'stdin', 'stdout', 'stderr', 'resize'] as const;
type StreamType = (typeof streamTypes)[number];

/** A client that does not open its streams is let go after this. */
const streamCreationTimeoutMs = 30_000;

/** Remote commands over SPDY/3.1, protocols v1 to v4: one SPDY stream per standard stream. */
export function serveSpdyRemoteCommand(
    req: IncomingMessage,
    socket: Duplex,
    { head, command }: { head: Buffer; command: RemoteCommand },
): void {
    const protocol = acceptSpdy(req, socket, { head, supported: protocols, fallback: 'channel.k8s.io' });
    if (protocol === undefined) return;
    const expected = expectedStreams(command, protocol);
    const streams = new Map<StreamType, SpdyStream>();
    const gone = new AbortController();
    const timer = setTimeout(() => connection.destroy(), streamCreationTimeoutMs);
    const connection: SpdyConnection = new SpdyConnection(socket, {
        accepts: ({ streamtype }) =>
            isStreamType(streamtype) && expected.has(streamtype) && !streams.has(streamtype),
        onStream: (stream) => {
            streams.set(stream.headers['streamtype'] as StreamType, stream);
            if (streams.size < expected.size) return;
            clearTimeout(timer);
            void runOver(streams, { command, signal: gone.signal, asJson: protocol === protocols[0] }).then(
                () => connection.close(),
            );
        },
        onClose: () => {
            clearTimeout(timer);
            gone.abort();
        },
    });
}

async function runOver(
    streams: ReadonlyMap<StreamType, SpdyStream>,
    { command, signal, asJson }: { command: RemoteCommand; signal: AbortSignal; asJson: boolean },
): Promise<void> {
    const [stdin, stdout, stderr] = [streams.get('stdin'), streams.get('stdout'), streams.get('stderr')];
    const [error, resize] = [streams.get('error'), streams.get('resize')];
    const sizes = new TerminalSizes();
    resize?.on('data', (chunk: Buffer) => sizes.feed(chunk));
    // Nothing comes on these, but their end must be read for them to close.
    for (const stream of [stdout, stderr, error]) stream?.resume();
    const status = await statusOf(command, {
        tty: command.options.tty,
        stdin,
        stdout,
        stderr,
        ...(resize === undefined ? {} : { onResize: sizes.listen }),
        signal,
    });
    await Promise.all([
        ended(stdout),
        ended(stderr),
        ended(error, encodeStatus(status, asJson)),
        ended(stdin),
        ended(resize),
    ]);
}

/** Ends a stream, with last words, and waits until they are sent; a stream that broke has ended too. */
async function ended(stream: Writable | undefined, lastWords?: Buffer): Promise<void> {
    if (stream === undefined) return;
    if (lastWords === undefined || lastWords.length === 0) stream.end();
    else stream.end(lastWords);
    await finished(stream, { readable: false }).catch(() => undefined);
}

function expectedStreams({ options }: RemoteCommand, protocol: string): Set<StreamType> {
    const canResize = protocol === 'v3.channel.k8s.io' || protocol === 'v4.channel.k8s.io';
    return new Set(
        streamTypes.filter((type) => {
            if (type === 'error') return true;
            return type === 'resize' ? options.tty && canResize : options[type];
        }),
    );
}

function isStreamType(text: string | undefined): text is StreamType {
    return (streamTypes as readonly (string | undefined)[]).includes(text);
}
