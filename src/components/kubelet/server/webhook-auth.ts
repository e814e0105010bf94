import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { V1SubjectAccessReview, V1TokenReview } from '../../../api/meta/object.ts';
import type { Client } from '../../../client/client.ts';
import { systemClock, type Clock } from '../../../util/clock.ts';
import type { KubeletAccess, KubeletUser } from './access.ts';
import { ExpiringCache } from './expiring-cache.ts';

/** Upstream's defaults of the kubelet's authentication.webhook.cacheTTL and authorization.webhook.*. */
const tokenCacheMs = 2 * 60_000;
const allowedCacheMs = 5 * 60_000;
const deniedCacheMs = 30_000;
const cacheEntriesMax = 1000;
const tokenMaxChars = 16 * 1024;

/** Decides who may use the kubelet's server by asking the API server, and remembers the answers a while. */
export class WebhookAuth {
    readonly #client: Client;
    readonly #nodeName: string;
    readonly #users: ExpiringCache<KubeletUser | undefined>;
    readonly #decisions: ExpiringCache<boolean>;

    constructor(options: { client: Client; nodeName: string; clock?: Clock }) {
        const clock = options.clock ?? systemClock;
        this.#client = options.client;
        this.#nodeName = options.nodeName;
        this.#users = new ExpiringCache(clock, cacheEntriesMax);
        this.#decisions = new ExpiringCache(clock, cacheEntriesMax);
    }

    /** A client certificate that the server's CA has signed, else a bearer token; undefined: nobody. */
    readonly authenticate = async (req: IncomingMessage): Promise<KubeletUser | undefined> => {
        const fromCertificate = certificateUser(req);
        if (fromCertificate !== undefined) return fromCertificate;
        const token = /^Bearer +(\S+)$/i.exec(req.headers.authorization ?? '')?.[1];
        if (token === undefined || token.length > tokenMaxChars) return undefined;
        const key = createHash('sha256').update(token).digest('base64');
        return await this.#users.get(key, async () => ({
            value: await this.#reviewToken(token),
            keepMs: tokenCacheMs,
        }));
    };

    readonly authorize = async (user: KubeletUser, access: KubeletAccess): Promise<boolean> => {
        for (const subresource of access.subresources) {
            if (await this.#isAllowed(user, { verb: access.verb, subresource })) return true;
        }
        return false;
    };

    async #isAllowed(user: KubeletUser, what: { verb: string; subresource: string }): Promise<boolean> {
        const key = JSON.stringify([user, what]);
        return await this.#decisions.get(key, async () => {
            const value = await this.#reviewAccess(user, what);
            return { value, keepMs: value ? allowedCacheMs : deniedCacheMs };
        });
    }

    async #reviewToken(token: string): Promise<KubeletUser | undefined> {
        const body: V1TokenReview = {
            apiVersion: 'authentication.k8s.io/v1',
            kind: 'TokenReview',
            spec: { token },
        };
        const path = '/apis/authentication.k8s.io/v1/tokenreviews';
        const { status } = (await this.#client.request({ method: 'POST', path, body })) as V1TokenReview;
        const { username, uid, groups, extra } = status?.user ?? {};
        if (status?.authenticated !== true || username === undefined) return undefined;
        return {
            name: username,
            groups: groups ?? [],
            ...(uid === undefined ? {} : { uid }),
            ...(extra === undefined ? {} : { extra }),
        };
    }

    async #reviewAccess(
        { name, uid, groups, extra }: KubeletUser,
        { verb, subresource }: { verb: string; subresource: string },
    ): Promise<boolean> {
        const body: V1SubjectAccessReview = {
            apiVersion: 'authorization.k8s.io/v1',
            kind: 'SubjectAccessReview',
            spec: {
                user: name,
                groups: [...groups],
                ...(uid === undefined ? {} : { uid }),
                ...(extra === undefined ? {} : { extra: { ...extra } }),
                resourceAttributes: {
                    verb,
                    group: '',
                    version: 'v1',
                    resource: 'nodes',
                    subresource,
                    name: this.#nodeName,
                },
            },
        };
        const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
        const answer = (await this.#client.request({ method: 'POST', path, body })) as V1SubjectAccessReview;
        return answer.status?.allowed === true;
    }
}

/** The subject of a verified client certificate: CN is the user, each O a group. */
export function certificateUser(req: IncomingMessage): KubeletUser | undefined {
    const { socket } = req;
    if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
    const { subject } = socket.getPeerCertificate() as { subject?: { CN?: unknown; O?: unknown } };
    const names = listOf(subject?.CN);
    const name = names[0];
    if (name === undefined) return undefined;
    return { name, groups: [...listOf(subject?.O), 'system:authenticated'] };
}

function listOf(value: unknown): string[] {
    const values: unknown[] = Array.isArray(value) ? value : [value];
    return values.filter((one) => typeof one === 'string' && one !== '') as string[];
}
