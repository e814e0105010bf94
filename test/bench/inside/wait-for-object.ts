import type { ApiObject, Stored } from '../../../src/api/meta/object.ts';
import type { Client } from '../../../src/client/client.ts';
import type { ResourceType } from '../../../src/client/resource-type.ts';

/** Watches from now on until an object is as wanted; rejects after `timeoutMs`. Open before it is changed. */
export async function watchUntil<T extends ApiObject>(
    client: Client,
    type: ResourceType<T>,
    options: {
        namespace?: string;
        timeoutMs: number;
        isWanted: (object: Stored<T>, event: string) => boolean;
    },
): Promise<{ seen: Promise<void> }> {
    const { namespace, timeoutMs, isWanted } = options;
    const resource = client.resource(type);
    const list = await resource.list({ namespace });
    const { promise, resolve, reject } = pending();
    const timer = setTimeout(() => {
        reject(new Error(`${type.resource}: not as wanted after ${timeoutMs} ms`));
    }, timeoutMs);
    const watch = await resource.watch(
        { namespace, resourceVersion: list.metadata.resourceVersion ?? '' },
        {
            onEvent: ({ type: event, object }) => {
                if (isWanted(object as Stored<T>, event)) resolve();
            },
            onEnd: (error) => {
                reject(error ?? new Error('the watch ended'));
            },
        },
    );
    if (list.items.some((object) => isWanted(object, 'LISTED'))) resolve();
    const seen = promise.finally(() => {
        clearTimeout(timer);
        watch.stop();
    });
    seen.catch(() => undefined);
    return { seen };
}

function pending(): { promise: Promise<void>; resolve: () => void; reject: (error: Error) => void } {
    let resolve!: () => void;
    let reject!: (error: Error) => void;
    const promise = new Promise<void>((...settle) => {
        [resolve, reject] = settle;
    });
    return { promise, resolve, reject };
}
