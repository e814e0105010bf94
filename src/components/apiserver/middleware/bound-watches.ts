import type { Middleware } from '../request.ts';
import { followWatch } from './follow-watch.ts';
import { tooManyRequests } from './too-many-requests.ts';

/** Watches that one user may have open over the network. An operator's informers are tens of them. */
export const watchesPerUserMax = 1000;
const retryAfterSeconds = 10;

/** 429 for a user with too many open watches, so that no client fills the memory with them. */
export function boundWatches(max = watchesPerUserMax): Middleware {
    const open = new Map<string, number>();
    return async (request, next) => {
        if (request.info.verb !== 'watch' || request.origin.type === 'inProcess') return await next();
        const { username } = request.identity;
        if ((open.get(username) ?? 0) >= max) return tooManyRequests(request, retryAfterSeconds);
        const result = await next();
        if (result.type !== 'watch') return result;
        return followWatch(result, () => {
            open.set(username, (open.get(username) ?? 0) + 1);
            return () => {
                const left = (open.get(username) ?? 1) - 1;
                if (left > 0) open.set(username, left);
                else open.delete(username);
            };
        });
    };
}
