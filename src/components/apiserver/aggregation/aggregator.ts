import { randomUUID } from 'node:crypto';
import { StatusError, statusErrors } from '../../../api/meta/status-error.ts';
import { readWatch } from '../../../client/watch-stream.ts';
import type { UpgradeConnection } from '../extensions.ts';
import { type Backend, forward, forwardUpgrade } from '../node-proxy/forward.ts';
import { type ApiRequest, type ApiResult, headerOf } from '../request.ts';
import { askExtension, type ExtensionQuestion, watchExtension } from './extension-client.ts';
import type { Address, ExtensionService, ExtensionServices } from './extension-services.ts';
import { identityHeaders } from './identity-headers.ts';

/** Answers for groups and versions that are served by others. */
export interface Aggregation {
    /** Undefined for what this server answers itself. */
    extensionOf(path: string): ExtensionService | undefined;
    handle(request: ApiRequest, extension: ExtensionService): Promise<ApiResult> | ApiResult;
    upgrade(request: ApiRequest, extension: ExtensionService, connection: UpgradeConnection): Promise<void>;
}

/** The headers by which extension servers are told who asks: a client must not send them itself. */
export interface RequestHeaderNames {
    /** Names of headers: user, uid, groups. */
    names: readonly string[];
    prefixes: readonly string[];
}

const unavailableText = 'service unavailable';
/** Of requests inside the process: for the whole answer, or until a watch begins. */
const answerTimeoutMs = 60_000;
const answerBytesMax = 32 * 1024 * 1024;

/**
 * Passes /apis/<group>/<version> and all below on to the Service of the APIService, as the user who asks.
 *
 * A request goes through one server once at most: each leaves its mark in `Via`, so that an APIService whose
 * Service leads back here ends with a 503.
 */
export class Aggregator implements Aggregation {
    readonly #services: ExtensionServices;
    readonly #isOwn: (header: string) => boolean;
    /** This process among all that a request may pass. */
    readonly #mark = `kube-aggregator-${randomUUID()}`;

    constructor(services: ExtensionServices, requestHeaders: RequestHeaderNames) {
        this.#services = services;
        this.#isOwn = requestHeaderCheck(requestHeaders);
    }

    /** What a `Via` header says of a request that came from here. */
    get via(): string {
        return `1.1 ${this.#mark}`;
    }

    extensionOf(path: string): ExtensionService | undefined {
        const [, root, first, second] = path.split('/', 4);
        if (root === 'api' && first) return this.#services.get('', first);
        if (root !== 'apis' || !first || !second) return undefined;
        return this.#services.get(first, second);
    }

    async handle(request: ApiRequest, extension: ExtensionService): Promise<ApiResult> {
        const address = this.#addressOf(request, extension);
        if (request.origin.type === 'inProcess') return await this.#ask(request, extension, address);
        if (address === undefined) return unavailable();
        return forward(this.#backend(request, extension, address));
    }

    async upgrade(
        request: ApiRequest,
        extension: ExtensionService,
        connection: UpgradeConnection,
    ): Promise<void> {
        const address = this.#addressOf(request, extension);
        if (address === undefined) throw statusErrors.serviceUnavailable(unavailableText);
        const backend = this.#backend(request, extension, address);
        // A client must not have the next hop drop the headers that tell who it is.
        await forwardUpgrade(connection, {
            ...backend,
            headers: { ...backend.headers, connection: 'Upgrade' },
        });
    }

    /** Undefined while there is no way to the extension server. */
    #addressOf(request: ApiRequest, extension: ExtensionService): Address | undefined {
        const via = [request.headers['via'] ?? []].flat().join();
        if (via.includes(this.#mark) || !extension.isAvailable) return undefined;
        try {
            return this.#services.addressOf(extension);
        } catch {
            return undefined;
        }
    }

    #backend(request: ApiRequest, extension: ExtensionService, address: Address): Backend {
        return {
            scheme: 'https',
            ...address,
            path: pathOf(request),
            tls: extension.tls,
            refusesRedirects: true,
            withholds: this.#isOwn,
            headers: this.#headers(request, extension),
        };
    }

    #headers(request: ApiRequest, { tls }: ExtensionService): Record<string, string | string[]> {
        const { identity, origin, auditId } = request;
        const before = headerOf(request, 'x-forwarded-for');
        const client = origin.type === 'http' ? origin.remoteAddress : '';
        const forwarded = [before ?? '', client].filter((one) => one !== '').join(', ');
        const via = [request.headers['via'] ?? [], this.via].flat().join(', ');
        return {
            ...identityHeaders(identity),
            Host: tls.servername,
            Via: via,
            'Audit-Id': auditId,
            ...(forwarded === '' ? {} : { 'X-Forwarded-For': forwarded }),
        };
    }

    /** For components of this process: the answer as a whole, or the events of a watch. */
    async #ask(
        request: ApiRequest,
        extension: ExtensionService,
        address: Address | undefined,
    ): Promise<ApiResult> {
        if (address === undefined) throw statusErrors.serviceUnavailable(unavailableText);
        const given = await request.body();
        const body = given.type === 'value' && given.value !== undefined ? JSON.stringify(given.value) : '';
        const question: ExtensionQuestion = {
            ...address,
            tls: extension.tls,
            path: pathOf(request),
            method: request.method,
            headers: {
                ...this.#headers(request, extension),
                ...(body === '' ? {} : { 'Content-Type': given.contentType }),
            },
            ...(body === '' ? {} : { body }),
            timeoutMs: answerTimeoutMs,
            answerBytesMax,
            signal: request.signal,
        };
        if (request.info.verb === 'watch') {
            const stream = await watchExtension(question).catch(unreachable);
            return { type: 'relayedWatch', open: (handler) => readWatch(stream, handler) };
        }
        const answer = await askExtension(question).catch(unreachable);
        return {
            type: 'bytes',
            status: answer.status,
            contentType: answer.headers['content-type'] ?? 'text/plain',
            body: answer.body,
        };
    }
}

function unreachable(error: unknown): never {
    if (error instanceof StatusError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw statusErrors.serviceUnavailable(`error trying to reach service: ${why}`);
}

function pathOf({ path, query }: ApiRequest): string {
    const text = query.toString();
    // What was authorized is what the extension server reads, however the client had encoded it.
    const encoded = path.split('/').map(encodeURIComponent).join('/');
    return text === '' ? encoded : `${encoded}?${text}`;
}

/** As upstream's proxy says it, which is no Status. */
function unavailable(): ApiResult {
    return {
        type: 'bytes',
        status: 503,
        contentType: 'text/plain; charset=utf-8',
        body: Buffer.from(`${unavailableText}\n`),
    };
}

/** Servers may take "_" for "-" in names of headers. */
function requestHeaderCheck({ names, prefixes }: RequestHeaderNames): (header: string) => boolean {
    const plain = (name: string): string => name.toLowerCase().replaceAll('_', '-');
    const known = new Set(names.map(plain));
    const starts = prefixes.map(plain).filter((prefix) => prefix !== '');
    return (header) => {
        const name = plain(header);
        return known.has(name) || starts.some((prefix) => name.startsWith(prefix));
    };
}
