import type { Readable } from 'node:stream';
import type Dockerode from 'dockerode';
import type { Clock } from '../../../util/clock.ts';
import type { Logger } from '../../../util/logger.ts';
import { openStream } from './docker-api.ts';
import { labels, sandboxType } from './naming.ts';
import type { RuntimeEvent } from './runtime.ts';

const reconnectMinMs = 100;
const reconnectMaxMs = 5_000;
const eventLineMaxChars = 1024 * 1024;

const eventTypes = { start: 'started', die: 'died', oom: 'oom', destroy: 'removed' } as const;
/** These change what an inspect says, but are no event for the kubelet. */
const silentActions = ['update', 'rename', 'pause', 'unpause'] as const;

interface Known {
    running: boolean;
    podUid: string;
    isSandbox: boolean;
}

export interface DockerEventsOptions {
    docker: Dockerode;
    logger: Logger;
    clock: Clock;
    /** Called before the listeners; without an id when anything may have changed (a reconnect). */
    onChange(id: string | undefined): void;
}

/**
 * The daemon's event stream, always connected. After a gap (the daemon was restarted) the containers are
 * listed once and compared with what was known: listeners get exactly the differences as events, and
 * nothing that they already had.
 */
export class DockerEvents {
    readonly #options: DockerEventsOptions;
    readonly #listeners = new Set<(event: RuntimeEvent) => void>();
    readonly #known = new Map<string, Known>();
    #state: 'running' | 'stopped' = 'running';
    #stream: Readable | undefined;
    #cancelTimer: (() => void) | undefined;
    #backoffMs = reconnectMinMs;

    constructor(options: DockerEventsOptions) {
        this.#options = options;
    }

    /** Resolves when connected for the first time; rejects when the daemon cannot be reached. */
    async start(): Promise<void> {
        await this.#connect('first');
    }

    /** As `start`, but a daemon that is away is waited for in the background. */
    async startPatiently(): Promise<void> {
        try {
            await this.start();
        } catch (error) {
            this.#options.logger.warn({ err: error }, 'the container runtime is not there yet');
            this.#reconnectLater();
        }
    }

    stop(): void {
        this.#state = 'stopped';
        this.#cancelTimer?.();
        this.#stream?.destroy();
        this.#listeners.clear();
    }

    onEvent(listener: (event: RuntimeEvent) => void): () => void {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
    }

    async #connect(which: 'first' | 'again'): Promise<void> {
        const actions = [...Object.keys(eventTypes), ...silentActions];
        const filters = { type: ['container'], event: actions, label: [labels.type] };
        const query = { filters: JSON.stringify(filters) };
        const stream = await openStream(this.#options.docker, '/events', query);
        if (this.#state === 'stopped') {
            stream.destroy();
            return;
        }
        this.#stream = stream;
        this.#backoffMs = reconnectMinMs;
        // From here on nothing is missed: what happens while listing is also in the stream.
        try {
            await this.#compare(which);
        } catch (error) {
            stream.destroy();
            throw error;
        }
        void this.#read(stream);
    }

    /** True when the last that was heard of a container is that it has ended. */
    hasDied(id: string): boolean {
        return this.#known.get(id)?.running === false;
    }

    async #compare(which: 'first' | 'again'): Promise<void> {
        this.#options.onChange(undefined);
        const listed = await this.#options.docker.listContainers({
            all: true,
            filters: { label: [labels.type] },
        });
        const present = new Set<string>();
        for (const { Id, State, Labels } of listed) {
            present.add(Id);
            const running = State === 'running';
            const before = this.#known.get(Id);
            const now = { running, podUid: Labels[labels.podUid] ?? '', isSandbox: isSandbox(Labels) };
            this.#known.set(Id, now);
            if (which === 'again' && running && !before?.running) this.#emit('started', Id, now);
            if (which === 'again' && !running && before?.running) this.#emit('died', Id, now);
        }
        for (const [id, known] of this.#known) {
            if (present.has(id)) continue;
            this.#known.delete(id);
            if (known.running) this.#emit('died', id, known);
            this.#emit('removed', id, known);
        }
    }

    async #read(stream: Readable): Promise<void> {
        try {
            let rest = '';
            for await (const chunk of stream as AsyncIterable<Buffer>) {
                const lines = (rest + chunk.toString()).split('\n');
                rest = lines.pop() ?? '';
                if (rest.length > eventLineMaxChars) throw new Error('the daemon sent an event without end');
                for (const line of lines) if (line !== '') this.#take(line);
            }
            throw new Error('the event stream ended');
        } catch (error) {
            if (this.#hasStopped()) return;
            this.#options.logger.warn({ err: error }, 'lost the event stream of the container runtime');
            stream.destroy();
            this.#reconnectLater();
        }
    }

    /** A method, because `#state` changes while others wait. */
    #hasStopped(): boolean {
        return this.#state === 'stopped';
    }

    #reconnectLater(): void {
        const delayMs = this.#backoffMs;
        this.#backoffMs = Math.min(this.#backoffMs * 2, reconnectMaxMs);
        this.#cancelTimer = this.#options.clock.setTimer(delayMs, () => {
            this.#connect('again').catch((error: unknown) => {
                if (this.#hasStopped()) return;
                this.#options.logger.debug({ err: error }, 'container runtime is not reachable');
                this.#reconnectLater();
            });
        });
    }

    #take(line: string): void {
        const { Action, Actor } = JSON.parse(line) as {
            Action: string;
            Actor: { ID: string; Attributes: Record<string, string> };
        };
        const id = Actor.ID;
        this.#options.onChange(id);
        if (!(Action in eventTypes)) return;
        const type = eventTypes[Action as keyof typeof eventTypes];
        const known = {
            running: type === 'started' || (type === 'oom' && (this.#known.get(id)?.running ?? true)),
            podUid: Actor.Attributes[labels.podUid] ?? '',
            isSandbox: isSandbox(Actor.Attributes),
        };
        if (type === 'removed') this.#known.delete(id);
        else this.#known.set(id, known);
        this.#emit(type, id, known);
    }

    #emit(type: RuntimeEvent['type'], id: string, { podUid, isSandbox: sandbox }: Known): void {
        for (const listener of this.#listeners) listener({ type, id, podUid, isSandbox: sandbox });
    }
}

function isSandbox(all: Readonly<Record<string, string>>): boolean {
    return all[labels.type] === sandboxType;
}
