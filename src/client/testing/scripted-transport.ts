import type {
    Transport,
    TransportRequest,
    TransportResponse,
    TransportWatch,
    WatchEvent,
    WatchHandler,
} from '../transport.ts';

export interface OpenWatch {
    path: string;
    handler: WatchHandler;
    stopped: boolean;
    send(...events: WatchEvent[]): void;
}

/** A transport whose answers a test gives: requests by a function, watches by hand. */
export class ScriptedTransport implements Transport {
    readonly requests: TransportRequest[] = [];
    readonly watches: OpenWatch[] = [];
    answer: (request: TransportRequest) => TransportResponse | Promise<TransportResponse> = () => ({
        status: 404,
        body: '',
    });
    /** Throws to refuse a watch. */
    accept: (path: string) => void = () => undefined;

    async request(request: TransportRequest): Promise<TransportResponse> {
        this.requests.push(request);
        return await this.answer(request);
    }

    watch(request: TransportRequest, handler: WatchHandler): Promise<TransportWatch> {
        return new Promise((resolve) => {
            this.accept(request.path);
            const watch: OpenWatch = {
                path: request.path,
                handler,
                stopped: false,
                send: (...events) => {
                    for (const event of events) handler.onEvent(event);
                },
            };
            this.watches.push(watch);
            resolve({ stop: () => (watch.stopped = true) });
        });
    }

    close(): void {
        // Nothing is open.
    }

    /** The watch that was opened last. */
    get current(): OpenWatch {
        const watch = this.watches.at(-1);
        if (watch === undefined) throw new Error('no watch was opened');
        return watch;
    }
}
