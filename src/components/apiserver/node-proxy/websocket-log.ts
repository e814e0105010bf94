import type { IncomingMessage } from 'node:http';
import type { WebSocket } from 'ws';
import { statusErrors } from '../../../api/meta/status-error.ts';
import { refuseUpgrade, upgradeKind } from '../../../streaming/upgrade.ts';
import { acceptWebSocket } from '../../../streaming/websocket.ts';
import type { UpgradeConnection } from '../extensions.ts';
import { type Backend, getFrom } from './forward.ts';

const binaryProtocol = 'binary.k8s.io';
const base64Protocol = 'base64.binary.k8s.io';
const refusalMaxBytes = 64 * 1024;

/**
 * A container's log over a WebSocket: an empty message first, then its bytes as they come, as binary messages or, for
 * clients that ask for it, as base64. Rejects with StatusError before anything is answered.
 */
export async function forwardLogByWebSocket(
    { request, socket, head }: UpgradeConnection,
    backend: Backend,
): Promise<void> {
    if (upgradeKind(request) !== 'websocket')
        throw statusErrors.badRequest('a log can be read over a WebSocket, not over SPDY');
    const answer = await getFrom(backend, request.headers);
    if (socket.destroyed) {
        answer.destroy();
        return;
    }
    // However the connection ends, nobody reads the log any more.
    socket.once('close', () => answer.destroy());
    const { statusCode = 502, headers } = answer;
    if (statusCode !== 200) {
        const contentType = headers['content-type'] ?? 'text/plain';
        refuseUpgrade(socket, statusCode, await textOf(answer), { contentType });
        return;
    }
    acceptWebSocket(request, socket, {
        head,
        supported: [binaryProtocol, base64Protocol],
        fallback: binaryProtocol,
        onOpen: (webSocket, protocol) => {
            void copyLog(answer, webSocket, protocol === base64Protocol);
        },
    });
}

async function copyLog(log: IncomingMessage, webSocket: WebSocket, asBase64: boolean): Promise<void> {
    const send = async (bytes: Buffer): Promise<void> => {
        await new Promise<void>((resolve, reject) => {
            webSocket.send(asBase64 ? bytes.toString('base64') : bytes, (error) => {
                if (error instanceof Error) reject(error);
                else resolve();
            });
        });
    };
    try {
        await send(Buffer.alloc(0));
        for await (const bytes of log) await send(bytes as Buffer);
        webSocket.close(1000);
    } catch {
        // One of both hung up.
        webSocket.terminate();
    }
}

/** The beginning of what the backend says. */
async function textOf(answer: IncomingMessage): Promise<string> {
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of answer) {
        chunks.push(chunk as Buffer);
        bytes += (chunk as Buffer).length;
        if (bytes > refusalMaxBytes) break;
    }
    return Buffer.concat(chunks).toString();
}
