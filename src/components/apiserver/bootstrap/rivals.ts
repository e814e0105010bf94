import type { ApiObject, Stored } from '../../../api/meta/object.ts';
import { isReason } from '../../../api/meta/status-error.ts';
import type { ResourceClient } from '../../../client/client.ts';

/** Masters that start together do the same writes: each loses to some of the others, but not for ever. */
const attemptsMax = 10;

/**
 * Runs `first`, and `again` from a fresh read as often as another member turns out to have changed, made or
 * deleted the same object meanwhile. Throws what the last attempt throws, and every other error at once.
 */
export async function againstRivals(
    first: () => Promise<void>,
    again: () => Promise<void> = first,
): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
        try {
            await (attempt === 1 ? first() : again());
            return;
        } catch (error) {
            const isLost = (['Conflict', 'NotFound', 'AlreadyExists'] as const).some((reason) =>
                isReason(error, reason),
            );
            if (!isLost || attempt === attemptsMax) throw error;
        }
    }
}

/** The object as it is now; undefined where there is none. */
export async function find<T extends ApiObject>(
    resource: ResourceClient<T>,
    { metadata }: ApiObject,
): Promise<Stored<T> | undefined> {
    try {
        return await resource.get({ namespace: metadata?.namespace, name: metadata?.name ?? '' });
    } catch (error) {
        if (isReason(error, 'NotFound')) return undefined;
        throw error;
    }
}
