import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { Connection } from './connection.ts';
import type { Credentials } from './credentials.ts';
import type { Frame } from './frame.ts';
import {
    decodeRefusal,
    decodeWelcome,
    encodeHello,
    encodeRefusal,
    greetingVersion,
    greetingVersionOf,
    type Hello,
    nobody,
} from './greeting.ts';
import { checkPeerCertificate } from './peer-certificate.ts';
import { PeerRefusalError } from './refusal.ts';
import { greetingTimeoutMs } from './transport-bounds.ts';

export interface DialOptions {
    /** https://host:port, or http:// where the operator wants no TLS. */
    url: string;
    hello: Hello;
    credentials: Credentials | undefined;
    organization: string | undefined;
    signal: AbortSignal;
    /** In place from the very frame after the welcome on. */
    onFrame: (connection: Connection, frame: Frame) => void;
    onClose: (connection: Connection, error: Error | undefined) => void;
}

/**
 * Connects, checks the other's certificate and greets; resolves with the connection once welcomed. Rejects with
 * PeerRefusalError when either side does not want the other, with the socket's error otherwise.
 */
export async function dial(options: DialOptions): Promise<Connection> {
    const { hostname, port, secure } = parsePeerUrl(options.url);
    if (secure !== (options.credentials !== undefined)) {
        throw new Error(`${options.url}: peers of one cluster either all use https or none does`);
    }
    const connection = new Connection(openSocket(hostname, port, options.credentials));
    const timer = setTimeout(() => {
        connection.destroy(new Error(`no welcome within ${greetingTimeoutMs} ms`));
    }, greetingTimeoutMs);
    const abort = () => {
        connection.destroy(new Error('the transport is closing'));
    };
    options.signal.addEventListener('abort', abort, { once: true });
    try {
        if (options.signal.aborted) abort();
        await greet(connection, hostname, options);
        return connection;
    } finally {
        clearTimeout(timer);
        options.signal.removeEventListener('abort', abort);
    }
}

/** Throws TypeError with the reason. An IPv6 address loses its brackets. */
export function parsePeerUrl(url: string): { hostname: string; port: number; secure: boolean } {
    if (!URL.canParse(url)) throw new TypeError(`"${url}" is not a peer address`);
    const { protocol, hostname, port } = new URL(url);
    if (protocol !== 'https:' && protocol !== 'http:')
        throw new TypeError(`"${url}" is neither https nor http`);
    const defaultPort = protocol === 'https:' ? 443 : 80;
    return {
        hostname: hostname.replace(/^\[(.*)\]$/, '$1'),
        port: port === '' ? defaultPort : Number(port),
        secure: protocol === 'https:',
    };
}

function openSocket(host: string, port: number, credentials: Credentials | undefined): Socket {
    if (credentials === undefined) return connect({ host, port });
    return connectTls({
        host,
        port,
        ...(isIP(host) === 0 && { servername: host }),
        secureContext: credentials.context,
        minVersion: 'TLSv1.3',
        // checkPeerCertificate does it: after the handshake both sides can say what is wrong.
        rejectUnauthorized: false,
    });
}

async function greet(connection: Connection, hostname: string, options: DialOptions): Promise<void> {
    await new Promise<void>((resolve, reject) => {
        const attempt = (step: () => void) => {
            try {
                step();
            } catch (error) {
                connection.onFrame = () => undefined;
                if (error instanceof PeerRefusalError && error.by === 'self')
                    connection.end(encodeRefusal({ reason: error.reason, text: error.message }));
                else connection.destroy();
                reject(error instanceof Error ? error : new Error(String(error)));
            }
        };
        connection.onClose = (error) => {
            reject(error ?? new Error('the connection was closed without a word'));
        };
        connection.onFrame = (frame) => {
            attempt(() => {
                checkWelcome(frame, options.hello);
                connection.trust();
                connection.onFrame = (next) => options.onFrame(connection, next);
                connection.onClose = (error) => options.onClose(connection, error);
                resolve();
            });
        };
        connection.socket.once(options.credentials === undefined ? 'connect' : 'secureConnect', () => {
            attempt(() => {
                const { organization } = options;
                checkPeerCertificate(connection.socket, { organization, hosts: [hostname] });
                connection.write(encodeHello(options.hello));
            });
        });
    });
}

function checkWelcome(frame: Frame, hello: Hello): void {
    const refuse = (reason: PeerRefusalError['reason'], text: string) =>
        new PeerRefusalError(reason, 'self', text);
    if (frame.kind === 'refusal') {
        const { reason, text } = decodeRefusal(frame.body);
        throw new PeerRefusalError(reason, 'peer', text);
    }
    if (frame.kind !== 'welcome') throw refuse('malformed', `a ${frame.kind} instead of a welcome`);
    const version = greetingVersionOf(frame.body);
    if (version !== greetingVersion)
        throw refuse('otherFormat', `format ${version}, this member knows ${greetingVersion}`);
    const welcome = decodeWelcome(frame.body);
    if (welcome === undefined) throw refuse('malformed', 'the welcome is malformed');
    if (hello.to === nobody) return;
    if (welcome.clusterId !== hello.clusterId)
        throw refuse('otherCluster', `it belongs to cluster ${welcome.clusterId}, not ${hello.clusterId}`);
    if (welcome.memberId !== hello.to)
        throw refuse('wrongMember', `member ${welcome.memberId} is there, not ${hello.to}`);
}
