import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';

export interface Answer {
    status: number;
    bytes: number;
    body: Buffer;
}

export interface RequestOptions {
    body?: Buffer;
    contentType?: string;
    accept?: string;
    /** Keeps the body; only its length is counted otherwise. */
    keep?: boolean;
}

const lineFeed = 10;

/** One HTTP/2 connection that decodes nothing that is not asked for: what is measured is the server. */
export class ApiConnection {
    readonly #session: ClientHttp2Session;

    constructor(session: ClientHttp2Session) {
        this.#session = session;
        session.on('error', () => undefined);
    }

    /** Rejects when the stream ends early. Any status resolves. */
    async request(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
        const { body, keep = false } = options;
        const stream = this.#open(method, path, options);
        return await new Promise((resolve, reject) => {
            const answer = { status: 0, bytes: 0 };
            const chunks: Buffer[] = [];
            stream.on('response', (headers) => {
                answer.status = headers[':status'] ?? 0;
            });
            stream.on('data', (chunk: Buffer) => {
                answer.bytes += chunk.length;
                if (keep || answer.status >= 400) chunks.push(chunk);
            });
            stream.on('end', () => {
                resolve({ ...answer, body: Buffer.concat(chunks) });
            });
            stream.on('error', reject);
            stream.end(body);
        });
    }

    /** Calls `onEvents` with the number of events that each piece of the stream ends. Resolves once it is open. */
    async watch(path: string, onEvents: (count: number) => void): Promise<void> {
        const stream = this.#open('GET', path, {});
        stream.end();
        await new Promise<void>((resolve, reject) => {
            stream.on('response', (headers) => {
                if (headers[':status'] === 200) resolve();
                else reject(new Error(`watch: HTTP ${headers[':status'] ?? 0}`));
            });
            stream.on('error', reject);
        });
        stream.on('data', (chunk: Buffer) => {
            let events = 0;
            for (let at = chunk.indexOf(lineFeed); at !== -1; at = chunk.indexOf(lineFeed, at + 1)) events++;
            if (events > 0) onEvents(events);
        });
    }

    close(): void {
        this.#session.destroy();
    }

    #open(
        method: string,
        path: string,
        { body, contentType = 'application/json', accept = 'application/json' }: RequestOptions,
    ): ClientHttp2Stream {
        return this.#session.request({
            ':method': method,
            ':path': path,
            accept,
            ...(body === undefined ? {} : { 'content-type': contentType, 'content-length': body.length }),
        });
    }
}
