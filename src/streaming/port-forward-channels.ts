import type { WebSocket } from 'ws';
import { Duplex } from 'node:stream';
import { join } from './join.ts';
import type { PortForward } from './port-forward.ts';
import { WebSocketChannels } from './websocket-channels.ts';

const portsMax = 64;
const normalClosure = 1000;
const policyViolation = 1008;

/**
 * The older protocol, v4.channel.k8s.io: the ports are in the query, and port number i has the channels
 * 2i (data) and 2i+1 (error). Each starts with its port as two bytes, little endian.
 */
export function forwardOverChannels(
    webSocket: WebSocket,
    { forward, base64 }: { forward: PortForward; base64: boolean },
): void {
    const { ports } = forward;
    if (ports.length === 0 || ports.length > portsMax) {
        webSocket.close(policyViolation, 'query parameter "port" is required');
        return;
    }
    const channels = new WebSocketChannels(webSocket, { base64, halfClose: false });
    const all = ports.map((port, index) => forwardPort(channels, { forward, port, index }));
    void Promise.all(all).then(() => webSocket.close(normalClosure));
}

async function forwardPort(
    channels: WebSocketChannels,
    { forward, port, index }: { forward: PortForward; port: number; index: number },
): Promise<void> {
    const [dataChannel, errorChannel] = [2 * index, 2 * index + 1];
    const greeting = Buffer.alloc(2);
    greeting.writeUInt16LE(port);
    channels.send(dataChannel, greeting);
    channels.send(errorChannel, greeting);
    const data = Duplex.from({
        readable: channels.reader(dataChannel),
        writable: channels.writer(dataChannel),
    });
    try {
        await join(data, await forward.connect(port));
    } catch (failure) {
        const words = failure instanceof Error ? failure.message : String(failure);
        channels.send(
            errorChannel,
            Buffer.from(`error forwarding port ${port} to ${forward.subject}: ${words}`),
        );
    }
}
