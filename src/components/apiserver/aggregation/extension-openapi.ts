import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip as gunzipCallback, gzip as gzipCallback } from 'node:zlib';
import { statusErrors } from '../../../api/meta/status-error.ts';
import { bodyBytesMax, parseJson } from '../../../api/schema/parse.ts';
import type { OpenApiBytes } from '../../../api/schema/openapi-v3.ts';
import type { Clock } from '../../../util/clock.ts';
import { ByteBoundedMap } from './byte-bounded-map.ts';
import { convertSwagger } from './convert-swagger.ts';
import { askExtension, type ExtensionAnswer } from './extension-client.ts';
import type { ExtensionService, ExtensionServices } from './extension-services.ts';
import { checkedJson } from './json-depth.ts';
import { type ForeignSwagger, readSwagger } from './swagger.ts';

/** OpenAPI documents of group versions that other servers answer for. */
export interface ForeignOpenApi {
    /** Hashes by path ("apis/fruits.example.com/v1") for the index of OpenAPI v3. */
    v3Hashes(): Promise<Map<string, string>>;
    /** Undefined for paths of this server. Throws 404 and 503. */
    v3(path: string, hash: string | undefined): Promise<OpenApiBytes> | undefined;
    /** What to add to the Swagger document; `signature` changes with it. */
    v2(): Promise<{ signature: string; read(): Promise<ForeignSwagger[]> }>;
}

const answerTimeoutMs = 5_000;
const documentBytesMax = 16 * 1024 * 1024;
/** Compressed documents of all extension servers that are kept. */
const keptBytesMax = 8 * 1024 * 1024;
/** How long an answer holds; upstream asks again every minute. */
const freshMs = 60_000;
/** How long a server that gave no document is not asked again. */
const failedMs = 10_000;

/** A document as it is kept. */
interface Kept extends OpenApiBytes {
    uid: string;
    etag: string;
    askedAtMs: number;
}
/** What the index of an extension server says of its group version. */
interface Indexed {
    uid: string;
    /** Undefined: no document. */
    hash: string | undefined;
    /** The server speaks OpenAPI v2 alone. */
    isLegacy: boolean;
    askedAtMs: number;
}

const gzip = promisify(gzipCallback);
const gunzip = promisify(gunzipCallback);

/**
 * Fetches OpenAPI documents from extension servers when somebody asks for them, and keeps them compressed.
 *
 * Invariants: a server that is not available is not asked, what it said before holds; one question of a kind and
 * server is under way at a time; what is kept is bounded by `keptBytesMax`, the longest unused goes first.
 */
export class ExtensionOpenApi implements ForeignOpenApi {
    readonly #services: ExtensionServices;
    readonly #clock: Clock;
    readonly #via: string;
    readonly #indexes = new Map<string, Indexed>();
    /** By kind ("v2", "v3") and name of the APIService. */
    readonly #documents = new ByteBoundedMap<Kept>(keptBytesMax);
    /** When a document that there has never been was asked for. */
    readonly #failedAtMs = new Map<string, number>();
    readonly #asking = new Map<string, Promise<unknown>>();

    constructor(options: { services: ExtensionServices; clock: Clock; via: string }) {
        this.#services = options.services;
        this.#clock = options.clock;
        this.#via = options.via;
    }

    async v3Hashes(): Promise<Map<string, string>> {
        const hashes = new Map<string, string>();
        await Promise.all(
            this.#list().map(async (extension) => {
                const indexed = await this.#index(extension);
                if (indexed?.hash !== undefined) hashes.set(documentPath(extension), indexed.hash);
            }),
        );
        return hashes;
    }

    v3(path: string, hash: string | undefined): Promise<OpenApiBytes> | undefined {
        const extension = this.#ofPath(path);
        return extension && this.#v3(extension, hash);
    }

    async v2(): Promise<{ signature: string; read(): Promise<ForeignSwagger[]> }> {
        const found = await Promise.all(this.#list().map(async (one) => await this.#swagger(one)));
        const documents = found.filter((one) => one !== undefined);
        return {
            signature: documents.map(({ hash }) => hash).join(),
            read: async () =>
                await Promise.all(
                    documents.map(
                        async (one) => JSON.parse((await gunzip(one.gzip)).toString()) as ForeignSwagger,
                    ),
                ),
        };
    }

    #list(): ExtensionService[] {
        const extensions = this.#services.list().sort((a, b) => (a.name < b.name ? -1 : 1));
        const names = new Set(extensions.map(({ name }) => name));
        for (const name of this.#indexes.keys()) if (!names.has(name)) this.#indexes.delete(name);
        for (const [key, failedAtMs] of this.#failedAtMs)
            if (this.#clock.monotonicMs() - failedAtMs >= failedMs) this.#failedAtMs.delete(key);
        for (const key of this.#documents.keys())
            if (!names.has(key.slice(key.indexOf('/') + 1))) this.#documents.delete(key);
        return extensions;
    }

    #ofPath(path: string): ExtensionService | undefined {
        const [root, first, second, ...rest] = path.split('/');
        if (root === 'api' && first && second === undefined) return this.#services.get('', first);
        if (root !== 'apis' || !first || !second || rest.length > 0) return undefined;
        return this.#services.get(first, second);
    }

    async #v3(extension: ExtensionService, hash: string | undefined): Promise<OpenApiBytes> {
        const known = this.#documents.get(`v3/${extension.name}`);
        if (known?.uid === extension.uid && (known.hash === hash || !extension.isAvailable)) return known;
        if (!extension.isAvailable) throw statusErrors.serviceUnavailable('service unavailable');
        const isLegacy = (await this.#index(extension))?.isLegacy === true;
        const kept = isLegacy
            ? await this.#converted(extension)
            : await this.#document(extension, {
                  kind: 'v3',
                  path: `/openapi/v3/${documentPath(extension)}`,
                  read: (body) => body,
              });
        if (kept === undefined) throw statusErrors.pathNotFound();
        return kept;
    }

    /** For servers that have no OpenAPI v3. */
    async #converted(extension: ExtensionService): Promise<OpenApiBytes | undefined> {
        const swagger = await this.#swagger(extension);
        if (swagger === undefined) return undefined;
        const document = JSON.parse((await gunzip(swagger.gzip)).toString()) as ForeignSwagger;
        return { gzip: await gzip(JSON.stringify(convertSwagger(document))), hash: swagger.hash };
    }

    async #swagger(extension: ExtensionService): Promise<Kept | undefined> {
        const prefix = `/${documentPath(extension)}/`;
        return await this.#document(extension, {
            kind: 'v2',
            path: '/openapi/v2',
            read: (body) => JSON.stringify(readSwagger(checkedJson(body), prefix)),
        });
    }

    async #index(extension: ExtensionService): Promise<Indexed | undefined> {
        const { name, uid } = extension;
        const remembered = this.#indexes.get(name);
        const known = remembered?.uid === uid ? remembered : undefined;
        if (!extension.isAvailable || this.#isFresh(known)) return known;
        return await this.#once(`index/${name}`, async () => {
            const indexed = await this.#askIndex(extension).catch(() => undefined);
            const kept: Indexed = {
                ...{ uid, hash: known?.hash, isLegacy: known?.isLegacy ?? false },
                ...indexed,
                askedAtMs: this.#clock.monotonicMs(),
            };
            this.#indexes.set(name, kept);
            return kept;
        });
    }

    async #askIndex(extension: ExtensionService): Promise<Pick<Indexed, 'hash' | 'isLegacy'>> {
        const { status, body } = await this.#ask(extension, '/openapi/v3', { bytesMax: bodyBytesMax });
        if (status === 404) {
            const swagger = await this.#swagger(extension);
            return { hash: swagger?.hash, isLegacy: true };
        }
        if (status !== 200) throw new Error(`bad status ${status}`);
        const { paths } = parseJson(body, { duplicates: false }).value as {
            paths?: Record<string, { serverRelativeURL?: unknown } | undefined>;
        };
        const url = paths?.[documentPath(extension)]?.serverRelativeURL;
        if (typeof url !== 'string') return { hash: undefined, isLegacy: false };
        const hash = new URL(url, 'https://extension').searchParams.get('hash');
        return { hash: isHash(hash) ? hash : hashOf(url), isLegacy: false };
    }

    /** The newest document that there is; undefined when there has never been one. */
    async #document(
        extension: ExtensionService,
        { kind, path, read }: { kind: string; path: string; read: (body: Buffer) => Buffer | string },
    ): Promise<Kept | undefined> {
        const { name, uid } = extension;
        const key = `${kind}/${name}`;
        const remembered = this.#documents.get(key);
        const known = remembered?.uid === uid ? remembered : undefined;
        const failedAtMs = this.#failedAtMs.get(`${key}/${uid}`) ?? -Infinity;
        const isKnown = this.#isFresh(known) || this.#clock.monotonicMs() - failedAtMs < failedMs;
        if (!extension.isAvailable || isKnown) return known;
        return await this.#once(key, async () => {
            const kept = await this.#fetch(extension, { path, known, read }).catch(() => known);
            const askedAtMs = this.#clock.monotonicMs();
            if (kept === undefined) {
                this.#failedAtMs.set(`${key}/${uid}`, askedAtMs);
                return undefined;
            }
            const now = { ...kept, askedAtMs };
            this.#documents.set(key, now);
            return now;
        });
    }

    async #fetch(
        extension: ExtensionService,
        {
            path,
            known,
            read,
        }: { path: string; known: Kept | undefined; read: (body: Buffer) => Buffer | string },
    ): Promise<Kept> {
        const bytesMax = documentBytesMax;
        const answer = await this.#ask(extension, path, { bytesMax, etag: known?.etag ?? '' });
        if (answer.status === 304 && known !== undefined) return known;
        if (answer.status !== 200) throw new Error(`bad status ${answer.status}`);
        const etag = answer.headers.etag ?? '';
        const told = etag.replaceAll(/^"|"$/g, '');
        const hash = isHash(told) ? told : hashOf(answer.body);
        return { uid: extension.uid, etag, hash, gzip: await gzip(read(answer.body)), askedAtMs: 0 };
    }

    async #ask(
        extension: ExtensionService,
        path: string,
        { bytesMax, etag = '' }: { bytesMax: number; etag?: string },
    ): Promise<ExtensionAnswer> {
        return await askExtension({
            ...this.#services.addressOf(extension),
            tls: extension.tls,
            path,
            headers: { Via: this.#via, ...(etag === '' ? {} : { 'If-None-Match': etag }) },
            timeoutMs: answerTimeoutMs,
            answerBytesMax: bytesMax,
        });
    }

    #isFresh(known: { askedAtMs: number } | undefined): boolean {
        return known !== undefined && this.#clock.monotonicMs() - known.askedAtMs < freshMs;
    }

    async #once<T>(key: string, work: () => Promise<T>): Promise<T> {
        const asking = this.#asking.get(key) as Promise<T> | undefined;
        if (asking !== undefined) return await asking;
        const asked = work().finally(() => this.#asking.delete(key));
        this.#asking.set(key, asked);
        return await asked;
    }
}

/** "apis/fruits.example.com/v1" */
function documentPath({ group, version }: ExtensionService): string {
    return group === '' ? `api/${version}` : `apis/${group}/${version}`;
}

const hashOf = (content: string | Buffer): string =>
    createHash('sha512').update(content).digest('hex').toUpperCase();
/** What may stand in a URL and a header as it is. */
const isHash = (text: string | null): text is string => text !== null && /^[\w-]{1,256}$/.test(text);
