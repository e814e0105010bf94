import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { createWebSocketStream } from 'ws';
import { forwardOverChannels } from './port-forward-channels.ts';
import { forwardOverSpdy } from './port-forward-spdy.ts';
import { acceptSpdy, refuseUpgrade, upgradeKind } from './upgrade.ts';
import { acceptWebSocket } from './websocket.ts';

export interface PortForward {
    /** Ports of the query: the older WebSocket protocol names them beforehand. */
    ports: readonly number[];
    /** Names the pod in error messages: `pod <id>, uid <uid>`. */
    subject: string;
    /** A connection to a port of the pod; a rejection is told to the client. */
    connect(port: number): Promise<Duplex>;
}

const spdyProtocol = 'portforward.k8s.io';
const tunnelProtocol = 'SPDY/3.1+portforward.k8s.io';
const channelProtocols: Readonly<Record<string, { base64: boolean }>> = {
    'v4.channel.k8s.io': { base64: false },
    'v4.base64.channel.k8s.io': { base64: true },
};

/** Ports of a query: `ports=80,443` (the API's name) or `port=80` (the kubelet's). Throws on bad ones. */
export function parsePorts(query: URLSearchParams): number[] {
    const texts = [...query.getAll('ports'), ...query.getAll('port')].flatMap((text) => text.split(','));
    return texts.map((text) => {
        const port = Number(text);
        if (!/^\d+$/.test(text) || port < 1 || port > 65_535)
            throw new Error(`unable to parse "${text}" as a port`);
        return port;
    });
}

/** Upgrades to whichever protocol the client speaks and forwards until it leaves. Never throws. */
export function servePortForward(
    req: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    forward: PortForward,
): void {
    switch (upgradeKind(req)) {
        case 'spdy':
            if (acceptSpdy(req, socket, { head, supported: [spdyProtocol] }) !== undefined) {
                forwardOverSpdy(socket, forward);
            }
            return;
        case 'websocket':
            overWebSocket(req, socket, { head, forward });
            return;
        default:
            refuseUpgrade(socket, 400, 'unable to upgrade: missing upgrade headers in request');
    }
}

/** kubectl since 1.31 carries SPDY inside a WebSocket; before, browsers used channels per port. */
function overWebSocket(
    req: IncomingMessage,
    socket: Duplex,
    { head, forward }: { head: Buffer; forward: PortForward },
): void {
    acceptWebSocket(req, socket, {
        head,
        supported: [tunnelProtocol, ...Object.keys(channelProtocols)],
        fallback: forward.ports.length === 0 ? undefined : 'v4.channel.k8s.io',
        onOpen: (webSocket, protocol) => {
            const settings = channelProtocols[protocol];
            if (settings === undefined) forwardOverSpdy(createWebSocketStream(webSocket), forward);
            else forwardOverChannels(webSocket, { base64: settings.base64, forward });
        },
    });
}
