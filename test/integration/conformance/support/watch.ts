import https from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { Thing } from './cluster.ts';

export interface WatchEvent<T extends Thing = Thing> {
    type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
    object: T;
}

const waitMs = 20_000;

/** An open watch, whose events are kept until they are asked for. */
export class Watch<T extends Thing = Thing> {
    readonly #close: () => void;
    #events: WatchEvent<T>[] = [];
    #text = '';
    #hasEnded = false;
    #wake: () => void = () => undefined;

    private constructor(response: IncomingMessage, close: () => void) {
        this.#close = close;
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
            const lines = (this.#text + chunk).split('\n');
            this.#text = lines.pop() ?? '';
            this.#events.push(...lines.map((line) => JSON.parse(line) as WatchEvent<T>));
            this.#wake();
        });
        const end = (): void => {
            this.#hasEnded = true;
            this.#wake();
        };
        for (const event of ['end', 'error', 'close']) response.on(event, end);
    }

    /** Throws when the server refuses to watch. */
    static async open<T extends Thing>(url: URL, agent: https.Agent): Promise<Watch<T>> {
        return await new Promise((resolve, reject) => {
            const request = https.get(url, { agent }, (response) => {
                const { statusCode = 0 } = response;
                if (statusCode === 200) {
                    resolve(new Watch<T>(response, () => request.destroy()));
                    return;
                }
                response.resume();
                reject(new Error(`watch of ${url.pathname}: ${statusCode}`));
            });
            request.on('error', reject);
        });
    }

    /** The next event; throws when none comes, or when the watch ends. */
    async next(): Promise<WatchEvent<T>> {
        const deadline = performance.now() + waitMs;
        for (;;) {
            const event = this.#events.shift();
            if (event !== undefined) return event;
            if (this.#hasEnded) throw new Error('the watch has ended');
            const leftMs = deadline - performance.now();
            if (leftMs <= 0) throw new Error('no event came');
            await new Promise<void>((resolve) => {
                const timer = setTimeout(resolve, leftMs);
                this.#wake = () => {
                    clearTimeout(timer);
                    resolve();
                };
            });
        }
    }

    /** The first of the next events that `is` holds for. */
    async until(is: (event: WatchEvent<T>) => boolean): Promise<WatchEvent<T>> {
        for (;;) {
            const event = await this.next();
            if (is(event)) return event;
        }
    }

    /** What has come and was not asked for. */
    pending(): readonly WatchEvent<T>[] {
        return this.#events;
    }

    close(): void {
        this.#close();
    }
}
