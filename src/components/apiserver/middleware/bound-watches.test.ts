import { describe, expect, it } from '@jest/globals';
import { StatusError } from '../../../api/meta/status-error.ts';
import type { ApiRequest, ApiResult, WatchResult } from '../request.ts';
import { boundWatches } from './bound-watches.ts';

const sink = {
    event: () => undefined,
    bookmark: () => undefined,
    error: () => undefined,
    end: () => undefined,
};
const requestOf = (username: string): ApiRequest =>
    ({
        info: { kind: 'resource', verb: 'watch' },
        identity: { username },
        origin: { type: 'http', response: undefined },
    }) as unknown as ApiRequest;
const watch = (): Promise<ApiResult> =>
    Promise.resolve({ type: 'watch', open: () => () => undefined } as unknown as WatchResult);

describe('the bound of watches', () => {
    it('is for each user on its own, and a watch that ended makes room', async () => {
        const bound = boundWatches(2);
        const open = async (username: string): Promise<() => void> => {
            const result = await bound(requestOf(username), watch);
            if (result.type !== 'watch') throw new Error('no watch was opened');
            return result.open(sink);
        };
        const stop = await open('jane');
        await open('jane');
        await expect(open('jane')).rejects.toMatchObject({ code: 429 });
        await expect(open('jane')).rejects.toBeInstanceOf(StatusError);
        await open('joe');
        stop();
        await open('jane');
        await expect(open('jane')).rejects.toMatchObject({ code: 429 });
    });
});
