import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, Server as TlsServer } from 'node:tls';
import { BoundedMap } from '../../util/bounded-map.ts';
import type { MemberId } from '../raft/types.ts';
import { Connection } from './connection.ts';
import type { Credentials } from './credentials.ts';
import { parsePeerUrl } from './dial.ts';
import type { LogRecord } from './endpoint-events.ts';
import { encodeFrame, type Frame } from './frame.ts';
import {
    decodeHello,
    decodeRefusal,
    encodeRefusal,
    encodeWelcome,
    greetingVersion,
    greetingVersionOf,
    type Hello,
    nobody,
} from './greeting.ts';
import { checkPeerCertificate } from './peer-certificate.ts';
import { PeerRefusalError, type RefusalReason } from './refusal.ts';
import {
    callerSilentIntervalsMax,
    callersPerMemberMax,
    greetingTimeoutMs,
    pingIntervalMs,
    refusalLogIntervalMs,
    refusalsRememberedMax,
    strangersMax,
} from './transport-bounds.ts';

export interface ListenerOptions {
    /** --listen-peer-urls */
    urls: readonly string[];
    credentials: Credentials | undefined;
    organization: string | undefined;
    clusterId: string;
    memberId: MemberId;
    /** Hosts of a member's peer addresses; undefined for a member that is not known. */
    hostsOf: (member: MemberId) => readonly string[] | undefined;
    isRemoved: (member: MemberId) => boolean;
    /** A member, or somebody anonymous, has been welcomed. */
    onWelcomed: (caller: WelcomedCaller) => void;
    /** A frame that is neither of the greeting nor a ping. */
    onFrame: (caller: WelcomedCaller, frame: Frame) => void;
    log: (record: LogRecord) => void;
}

export interface WelcomedCaller {
    number: number;
    /** Undefined: anonymous. */
    from: MemberId | undefined;
    connection: Connection;
}

/**
 * Accepts connections and finds out who is there. Nothing of a caller is believed, or kept, before its certificate
 * and its hello have been checked: at most `strangersMax` at a time, of at most `greetingBytesMax` each.
 */
export class PeerListener {
    readonly #options: ListenerOptions;
    readonly #servers: (Server | TlsServer)[] = [];
    readonly #callers = new Map<number, WelcomedCaller>();
    readonly #strangers = new Set<Connection>();
    /** When a refusal was logged last, by caller's address and reason. */
    readonly #logged = new BoundedMap<string, number>(refusalsRememberedMax);
    readonly #silenceTimer: NodeJS.Timeout;
    #nextNumber = 1;

    constructor(options: ListenerOptions) {
        this.#options = options;
        this.#silenceTimer = setInterval(() => {
            for (const { connection } of this.#callers.values())
                if (connection.countSilence() > callerSilentIntervalsMax)
                    connection.destroy(new Error('nothing was heard of the caller'));
        }, pingIntervalMs);
        this.#silenceTimer.unref();
    }

    /** Rejects when an address cannot be listened on; nothing listens then. */
    async listen(): Promise<void> {
        try {
            for (const url of this.#options.urls) await this.#listenOn(url);
        } catch (error) {
            await this.close();
            throw error;
        }
    }

    caller(number: number): WelcomedCaller | undefined {
        return this.#callers.get(number);
    }

    /** New connections are made with these; callers are asked to come anew. */
    renew(credentials: Credentials): void {
        const { cert, key, ca } = credentials;
        for (const server of this.#servers)
            if (server instanceof TlsServer)
                server.setSecureContext({ cert, key, ca, minVersion: 'TLSv1.3' });
        for (const { connection } of this.#callers.values())
            connection.write(encodeFrame('renew', Buffer.alloc(0)));
    }

    /** Ends the connections of members that are not wanted any more, and tells them why. */
    dropRemoved(): void {
        for (const { from, connection } of this.#callers.values()) {
            if (from === undefined || !this.#options.isRemoved(from)) continue;
            connection.end(
                encodeRefusal({ reason: 'removed', text: `member ${from} was removed from the cluster` }),
            );
        }
    }

    async close(): Promise<void> {
        clearInterval(this.#silenceTimer);
        const closed = this.#servers.map(
            async (server) =>
                await new Promise<void>((resolve) => {
                    server.close(() => {
                        resolve();
                    });
                }),
        );
        for (const connection of this.#strangers) connection.destroy();
        for (const { connection } of this.#callers.values()) connection.destroy();
        await Promise.all(closed);
    }

    async #listenOn(url: string): Promise<void> {
        const { hostname, port, secure } = parsePeerUrl(url);
        const { credentials } = this.#options;
        if (secure !== (credentials !== undefined))
            throw new Error(`cannot listen on ${url}: https needs certificates, http must have none`);
        const server = credentials === undefined ? createTcpServer() : createListeningTls(credentials);
        server.on(secure ? 'secureConnection' : 'connection', (socket: Socket) => {
            this.#accept(socket);
        });
        server.on('tlsClientError', (error: Error, socket: Socket) => {
            this.#logRefusal(socket.remoteAddress, 'malformed', { error: error.message });
        });
        await new Promise<void>((resolve, reject) => {
            server.once('error', reject);
            server.listen({ host: hostname, port }, () => {
                server.off('error', reject);
                resolve();
            });
        });
        server.on('error', (error: Error) => {
            this.#options.log({
                level: 'error',
                fields: { url, error: error.message },
                message: 'peer listener',
            });
        });
        this.#servers.push(server);
    }

    #accept(socket: Socket): void {
        const connection = new Connection(socket);
        this.#strangers.add(connection);
        const timer = setTimeout(() => {
            connection.destroy(new Error('no hello in time'));
        }, greetingTimeoutMs);
        const known = () => {
            clearTimeout(timer);
            this.#strangers.delete(connection);
        };
        connection.onClose = known;
        connection.onFrame = (frame) => {
            connection.onFrame = () => undefined;
            const welcomed = this.#attempt(connection, () => this.#greet(connection, frame));
            if (welcomed === undefined) return;
            known();
            this.#welcome(welcomed);
        };
        this.#attempt(connection, () => {
            if (this.#strangers.size > strangersMax)
                throw new PeerRefusalError('busy', 'self', 'too many callers at a time');
            checkPeerCertificate(socket, { organization: this.#options.organization, hosts: undefined });
        });
    }

    #attempt<T>(connection: Connection, step: () => T): T | undefined {
        try {
            return step();
        } catch (error) {
            if (!(error instanceof PeerRefusalError)) throw error;
            connection.onFrame = () => undefined;
            this.#logRefusal(connection.socket.remoteAddress, error.reason, {
                error: error.message,
                by: error.by === 'self' ? undefined : 'the caller',
            });
            if (error.by === 'self')
                connection.end(encodeRefusal({ reason: error.reason, text: error.message }));
            else connection.destroy();
            return undefined;
        }
    }

    #greet(connection: Connection, frame: Frame): WelcomedCaller {
        const refuse = (reason: RefusalReason, text: string) => new PeerRefusalError(reason, 'self', text);
        if (frame.kind === 'refusal') {
            const { reason, text } = decodeRefusal(frame.body);
            throw new PeerRefusalError(reason, 'peer', text);
        }
        if (frame.kind !== 'hello') throw refuse('malformed', `a ${frame.kind} instead of a hello`);
        const version = greetingVersionOf(frame.body);
        if (version !== greetingVersion)
            throw refuse('otherFormat', `format ${version}, this member knows ${greetingVersion}`);
        const hello = decodeHello(frame.body);
        if (hello === undefined) throw refuse('malformed', 'the hello is malformed');
        const from = hello.from === nobody ? undefined : hello.from;
        if (from !== undefined) this.#checkMember(connection, hello);
        return { number: this.#nextNumber++, from, connection };
    }

    #checkMember(connection: Connection, { clusterId, from, to }: Hello): void {
        const refuse = (reason: RefusalReason, text: string) => new PeerRefusalError(reason, 'self', text);
        const options = this.#options;
        if (clusterId !== options.clusterId)
            throw refuse('otherCluster', `this is cluster ${options.clusterId}, not ${clusterId}`);
        if (options.isRemoved(from)) throw refuse('removed', `member ${from} was removed from the cluster`);
        if (to !== options.memberId)
            throw refuse('wrongMember', `this is member ${options.memberId}, not ${to}`);
        const { organization } = options;
        checkPeerCertificate(connection.socket, { organization, hosts: options.hostsOf(from) });
    }

    #welcome(caller: WelcomedCaller): void {
        const { clusterId, memberId } = this.#options;
        const { connection } = caller;
        this.#callers.set(caller.number, caller);
        this.#dropSurplus(caller.from);
        connection.trust();
        connection.onClose = () => {
            this.#callers.delete(caller.number);
        };
        connection.onFrame = (frame) => {
            if (frame.kind === 'ping') connection.write(encodeFrame('pong', frame.body));
            else this.#options.onFrame(caller, frame);
        };
        connection.write(encodeWelcome({ clusterId, memberId }));
        this.#options.onWelcomed(caller);
    }

    /** A caller that comes again and again has lost its older connections, whatever TCP thinks. */
    #dropSurplus(from: MemberId | undefined): void {
        const same = [...this.#callers.values()].filter((caller) => caller.from === from);
        if (same.length > callersPerMemberMax) same[0]?.connection.destroy();
    }

    #logRefusal(
        address: string | undefined,
        reason: RefusalReason,
        fields: Record<string, string | undefined>,
    ): void {
        const key = `${address ?? ''} ${reason}`;
        const nowMs = performance.now();
        if (nowMs - (this.#logged.get(key) ?? -Infinity) < refusalLogIntervalMs) return;
        this.#logged.set(key, nowMs);
        this.#options.log({
            level: 'warn',
            fields: { address, reason, ...fields },
            message: 'peer connection refused',
        });
    }
}

function createListeningTls({ cert, key, ca }: Credentials): TlsServer {
    return createTlsServer({
        cert,
        key,
        ca,
        minVersion: 'TLSv1.3',
        requestCert: true,
        // checkPeerCertificate does it: a caller is told what is wrong with its certificate.
        rejectUnauthorized: false,
        handshakeTimeout: greetingTimeoutMs,
    });
}
