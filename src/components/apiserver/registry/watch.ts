import type { Clock } from '../../../util/clock.ts';
import { StatusError, statusErrors } from '../../../api/meta/status-error.ts';
import type { CacheEvent } from '../cache/cache-event.ts';
import { isConvertedRemotely, prepareViews } from '../conversion/versions.ts';
import type { StoredObject } from '../stored-object.ts';
import type { ApiRequest, WatchResult, WatchSink } from '../request.ts';
import { parseResourceVersion, tooOldResourceVersion } from '../resource-version.ts';
import { type WatchOptions, watchOptionsOf } from './list-options.ts';
import { type Registry, type Target, versionFor } from './registry.ts';
import { Selection } from './selection.ts';

/** A watch without timeoutSeconds ends by itself between this and twice this. */
const timeoutMinMs = 30 * 60_000;
/** Bookmarks come about this often; each watch has its own jitter. */
const bookmarkIntervalMs = 60_000;
/** A timed watch gets its last bookmark this long before its end. */
const lastBookmarkLeadMs = 2_000;
/** Events that wait for another server's conversion; a watch that has more ends. */
const conversionsWaitingMax = 1_000;

/** Where a watch begins. */
type Start =
    /** With the current state as ADDED events. */
    { type: 'state' } | { type: 'after'; revision: number };

/** GET of a collection with `watch=1`. */
export async function watch(registry: Registry, request: ApiRequest, target: Target): Promise<WatchResult> {
    const options = watchOptionsOf(request.query);
    const selection = new Selection(target, request.query);
    const revision = parseResourceVersion(options.resourceVersion);
    if (options.resourceVersion === '') await registry.caches.fresh();
    else await registry.caches.waitFor(revision);
    const start = startOf(options, registry.caches.revision, revision);
    if (start.type === 'state') selection.checkReadable();
    return {
        type: 'watch',
        definition: target.definition,
        open: (sink) => {
            const running = new RunningWatch({ registry, selection, options, sink });
            running.begin(start);
            return () => {
                running.stop();
            };
        },
    };
}

function startOf({ resourceVersion, sendInitialEvents }: WatchOptions, now: number, revision: number): Start {
    if (sendInitialEvents === true) return { type: 'state' };
    if (sendInitialEvents === undefined && revision === 0) return { type: 'state' };
    return { type: 'after', revision: resourceVersion === '' || revision === 0 ? now : revision };
}

interface WatchParts {
    registry: Registry;
    selection: Selection;
    options: WatchOptions;
    sink: WatchSink;
}

/**
 * One client's watch. Invariants: registered with the cache in the same turn in which the initial state was
 * read, so nothing is missed or seen twice; the sink gets nothing after `end`.
 */
class RunningWatch {
    readonly #parts: WatchParts;
    readonly #clock: Clock;
    #unsubscribe: (() => void) | undefined;
    #cancelTimers = new Set<() => void>();
    #isEnded = false;
    /** The last of what waits for conversion, and how much that is. */
    #sending = Promise.resolve();
    #waiting = 0;

    constructor(parts: WatchParts) {
        this.#parts = parts;
        this.#clock = parts.registry.clock;
    }

    begin(start: Start): void {
        const { registry, selection, options, sink } = this.#parts;
        const { target, keyPrefix } = selection;
        if (start.type === 'state') {
            const objects = [...target.cache.objects.range(keyPrefix)];
            const resourceVersion = String(registry.caches.revision);
            this.#inOrder(objects, () => {
                target.cache.counts.initEvents += objects.length;
                for (const stored of objects) {
                    if (selection.matches(stored)) sink.event('ADDED', versionFor(target, stored), undefined);
                }
                if (options.sendInitialEvents === true && options.allowBookmarks) {
                    sink.bookmark(resourceVersion, true);
                }
            });
        } else {
            // As upstream's: the watch opens, and its only event says that the revision is gone.
            if (start.revision < target.cache.ring.oldest) {
                sink.error(tooOldResourceVersion(start.revision, target.cache.ring.oldest).status);
                this.#end();
                return;
            }
            for (const event of target.cache.ring.after(start.revision)) {
                if (event.object.key.startsWith(keyPrefix)) this.#accept(event);
            }
        }
        this.#unsubscribe = target.cache.subscribe({
            keyPrefix,
            onEvent: (event) => {
                this.#accept(event);
            },
            onClose: () => {
                this.#end();
            },
        });
        this.#startTimers();
    }

    /** The client has gone: nothing more is delivered. */
    stop(): void {
        this.#isEnded = true;
        this.#unsubscribe?.();
        for (const cancel of this.#cancelTimers) cancel();
        this.#cancelTimers.clear();
    }

    #end(): void {
        if (this.#isEnded) return;
        this.stop();
        this.#parts.sink.end();
    }

    #accept(event: CacheEvent): void {
        if (!isConvertedRemotely(this.#parts.selection.target.definition)) {
            this.#deliver(event);
            return;
        }
        const { object, previous, previousAtRevision } = event;
        const states = [object, previous, previousAtRevision].filter((state) => state !== undefined);
        this.#inOrder(states, () => {
            this.#deliver(event);
        });
    }

    /** Runs `send` at once, or, where another server converts the objects, after what came before. */
    #inOrder(objects: readonly StoredObject[], send: () => void): void {
        const { definition } = this.#parts.selection.target;
        if (!isConvertedRemotely(definition)) {
            send();
            return;
        }
        if (++this.#waiting > conversionsWaitingMax) {
            this.#end();
            return;
        }
        this.#sending = this.#sending
            .then(async () => {
                if (this.#isEnded) return;
                await prepareViews(objects, definition);
                send();
            })
            .catch((error: unknown) => {
                if (this.#isEnded) return;
                const failure = error instanceof StatusError ? error : statusErrors.internal(error);
                this.#parts.sink.error(failure.status);
                this.#end();
            })
            .finally(() => this.#waiting--);
    }

    #deliver(event: CacheEvent): void {
        if (this.#isEnded) return;
        const { selection, sink } = this.#parts;
        const { target } = selection;
        if (selection.isWhole || event.type === 'DELETED') {
            if (!selection.matches(event.object)) return;
            sink.event(event.type, versionFor(target, event.object), event);
            return;
        }
        const matched = event.previous !== undefined && selection.matches(event.previous);
        if (selection.matches(event.object)) {
            sink.event(matched ? 'MODIFIED' : 'ADDED', versionFor(target, event.object), event);
        } else if (matched && event.previousAtRevision !== undefined) {
            sink.event('DELETED', versionFor(target, event.previousAtRevision), event);
        }
    }

    #startTimers(): void {
        const { options } = this.#parts;
        const timeoutMs =
            options.timeoutSeconds > 0
                ? options.timeoutSeconds * 1000
                : timeoutMinMs + Math.random() * timeoutMinMs;
        this.#timer(timeoutMs, () => {
            this.#end();
        });
        if (!options.allowBookmarks) return;
        const bookmark = (): void => {
            const resourceVersion = String(this.#parts.registry.caches.revision);
            this.#inOrder([], () => {
                if (!this.#isEnded) this.#parts.sink.bookmark(resourceVersion, false);
            });
        };
        if (timeoutMs > lastBookmarkLeadMs) this.#timer(timeoutMs - lastBookmarkLeadMs, bookmark);
        const repeat = (): void => {
            this.#timer(bookmarkIntervalMs * (0.9 + Math.random() * 0.2), () => {
                bookmark();
                repeat();
            });
        };
        repeat();
    }

    #timer(delayMs: number, callback: () => void): void {
        const cancel = this.#clock.setTimer(delayMs, () => {
            this.#cancelTimers.delete(cancel);
            callback();
        });
        this.#cancelTimers.add(cancel);
    }
}
