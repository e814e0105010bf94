import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { HttpRequest } from './http-request.ts';

const requestOf = (): HttpRequest =>
    new HttpRequest(
        { url: '/api', method: 'GET', rawHeaders: [], socket: {} } as unknown as IncomingMessage,
        undefined,
    );

describe('the signal of a request', () => {
    it('is aborted at the end, whether it was asked for before or is asked for afterwards', () => {
        const before = requestOf();
        const { signal } = before;
        expect([signal.aborted, before.isOver]).toEqual([false, false]);
        let told = 0;
        signal.addEventListener('abort', () => told++);
        before.end();
        expect([signal.aborted, before.isOver, told]).toEqual([true, true, 1]);
        expect(before.signal).toBe(signal);

        const afterwards = requestOf();
        afterwards.end();
        expect(afterwards.isOver).toBe(true);
        expect(afterwards.signal.aborted).toBe(true);
        expect(afterwards.signal.reason).toMatchObject({ name: 'AbortError' });
    });
});
