import { describe, expect, it } from '@jest/globals';
import type { FlowControl } from '../flow-control/flow-control.ts';
import type { ApiRequest, ApiResult, WatchSink } from '../request.ts';
import { controlFlow } from './flow-control.ts';

class Case {
    readonly abort = new AbortController();
    finished = 0;
    readonly request: ApiRequest;

    constructor(verb: string, origin: 'http' | 'inProcess') {
        this.request = {
            info: { kind: 'nonResource', path: '/', verb },
            origin: { type: origin, response: { headersSent: true } },
            signal: this.abort.signal,
        } as unknown as ApiRequest;
    }

    async run(next: () => Promise<unknown>): Promise<ApiResult> {
        const seated = { state: 'executing', finish: () => this.finished++ };
        const admitted = { schema: { uid: '' }, level: { uid: '' }, seated };
        const flowControl = { admit: () => admitted } as unknown as FlowControl;
        return await controlFlow(flowControl, () => false)(this.request, next as () => Promise<ApiResult>);
    }
}

describe('seats', () => {
    it('are held until the answer is sent or its client has gone', async () => {
        const list = new Case('list', 'http');
        await list.run(() => Promise.resolve({ type: 'list' }));
        expect(list.finished).toBe(0);
        list.abort.abort();
        expect(list.finished).toBe(1);
    });

    it('are held until the answer is sent where it tells of a failure', async () => {
        const failing = new Case('get', 'http');
        await expect(failing.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
        expect(failing.finished).toBe(0);
        failing.abort.abort();
        expect(failing.finished).toBe(1);
    });

    it('are free at once inside the process, and where the client has gone before', async () => {
        const inside = new Case('get', 'inProcess');
        await inside.run(() => Promise.resolve({ type: 'value' }));
        expect(inside.finished).toBe(1);
        const late = new Case('get', 'http');
        late.abort.abort();
        await late.run(() => Promise.resolve({ type: 'value' }));
        expect(late.finished).toBe(1);
    });

    it.each(['http', 'inProcess'] as const)(
        'of a watch (%s) are free after its first events',
        async (origin) => {
            const watch = new Case('watch', origin);
            let heldAtOpen: number | undefined;
            const result = await watch.run(() =>
                Promise.resolve({
                    type: 'watch',
                    open: () => {
                        heldAtOpen = watch.finished;
                        return () => undefined;
                    },
                }),
            );
            expect([result.type, watch.finished]).toEqual(['watch', 0]);
            if (result.type === 'watch') result.open({} as WatchSink);
            expect([heldAtOpen, watch.finished]).toEqual([0, 1]);
        },
    );

    it('of a watch that nobody begins are free when its client has gone', async () => {
        const watch = new Case('watch', 'http');
        await watch.run(() => Promise.resolve({ type: 'watch', open: () => () => undefined }));
        watch.abort.abort();
        expect(watch.finished).toBe(1);
    });
});
