import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { WebSocket } from 'ws';
import { statusOf, type RemoteCommand } from './remote-command.ts';
import { encodeStatus } from './status.ts';
import { TerminalSizes } from './terminal-size.ts';
import { acceptWebSocket } from './websocket.ts';
import { WebSocketChannels } from './websocket-channels.ts';

/** v5 adds closing one half; v4 sends the status as JSON; base64 is for clients without binary messages. */
const protocols: Readonly<Record<string, { base64: boolean; halfClose: boolean; asJson: boolean }>> = {
    'v5.channel.k8s.io': { base64: false, halfClose: true, asJson: true },
    'v4.channel.k8s.io': { base64: false, halfClose: false, asJson: true },
    'v4.base64.channel.k8s.io': { base64: true, halfClose: false, asJson: true },
    'v3.channel.k8s.io': { base64: false, halfClose: false, asJson: false },
    'v2.channel.k8s.io': { base64: false, halfClose: false, asJson: false },
    'channel.k8s.io': { base64: false, halfClose: false, asJson: false },
    'base64.channel.k8s.io': { base64: true, halfClose: false, asJson: false },
};
const fallback = 'channel.k8s.io';
const channels = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 } as const;
const normalClosure = 1000;

/** Remote commands over a WebSocket: one channel per standard stream. */
export function serveWebSocketRemoteCommand(
    req: IncomingMessage,
    socket: Duplex,
    { head, command }: { head: Buffer; command: RemoteCommand },
): void {
    acceptWebSocket(req, socket, {
        head,
        supported: Object.keys(protocols),
        fallback,
        onOpen: (webSocket, protocol) => {
            void runOver(webSocket, { command, protocol }).catch(() => webSocket.terminate());
        },
    });
}

async function runOver(
    webSocket: WebSocket,
    { command, protocol }: { command: RemoteCommand; protocol: string },
): Promise<void> {
    const settings = protocols[protocol] ?? { base64: false, halfClose: false, asJson: false };
    const { stdin, stdout, stderr, tty } = command.options;
    const gone = new AbortController();
    webSocket.once('close', () => {
        gone.abort();
    });
    const multiplexed = new WebSocketChannels(webSocket, settings);
    const sizes = new TerminalSizes();
    multiplexed.reader(channels.resize).on('data', (chunk: Buffer) => sizes.feed(chunk));
    const output = stdout ? multiplexed.writer(channels.stdout) : undefined;
    const errors = stderr ? multiplexed.writer(channels.stderr) : undefined;
    for (const stream of [output, errors]) stream?.on('error', () => undefined);
    const input = stdin ? multiplexed.reader(channels.stdin) : undefined;
    // An empty message tells clients that the session stands.
    multiplexed.send(stdout ? channels.stdout : stderr ? channels.stderr : channels.error, Buffer.alloc(0));
    const status = await statusOf(command, {
        tty,
        stdin: input,
        stdout: output,
        stderr: errors,
        ...(tty ? { onResize: sizes.listen } : {}),
        signal: gone.signal,
    });
    await Promise.all([ended(output), ended(errors)]);
    input?.destroy();
    webSocket.resume();
    const lastWords = encodeStatus(status, settings.asJson);
    if (lastWords.length > 0) multiplexed.send(channels.error, lastWords);
    webSocket.close(normalClosure);
}

async function ended(stream: Writable | undefined): Promise<void> {
    if (stream === undefined) return;
    stream.end();
    await finished(stream).catch(() => undefined);
}
