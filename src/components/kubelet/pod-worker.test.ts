import { describe, expect, it } from '@jest/globals';
import { systemClock } from '../../util/clock.ts';
import { silentLogger } from '../../util/logger.ts';
import { PodWorker, type PodSteps } from './pod-worker.ts';

const pod = (name: string, deletion = false) => ({
    metadata: {
        name,
        uid: 'u',
        ...(deletion ? { deletionTimestamp: 'now', deletionGracePeriodSeconds: 5 } : {}),
    },
});

async function settled(): Promise<void> {
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}

function setUp(overrides: Partial<PodSteps> = {}) {
    const calls: string[] = [];
    const steps: PodSteps = {
        sync: async ({ metadata }) => {
            calls.push(`sync ${metadata?.name ?? ''}`);
            return await Promise.resolve({ type: 'done', retryAfterMs: undefined });
        },
        terminate: async (_, { graceSeconds }) => {
            calls.push(`terminate ${graceSeconds ?? 'default'}`);
            await Promise.resolve();
        },
        finish: async () => {
            calls.push('finish');
            await Promise.resolve();
        },
        forget: async () => {
            calls.push('forget');
            await Promise.resolve();
        },
        ...overrides,
    };
    let gone = false;
    const worker = new PodWorker({
        uid: 'u',
        steps,
        clock: systemClock,
        logger: silentLogger(),
        onGone: () => {
            gone = true;
        },
    });
    return { worker, calls, isGone: () => gone };
}

describe('PodWorker', () => {
    it('runs one step at a time, and the newest state after it', async () => {
        const started: string[] = [];
        let release: () => void = () => undefined;
        const { worker } = setUp({
            sync: async ({ metadata }) => {
                started.push(metadata?.name ?? '');
                await new Promise<void>((resolve) => {
                    release = resolve;
                });
                return { type: 'done', retryAfterMs: undefined };
            },
        });
        worker.update(pod('a'));
        worker.update(pod('b'));
        worker.update(pod('c'));
        await settled();
        expect(started).toEqual(['a']);
        release();
        await settled();
        expect(started).toEqual(['a', 'c']);
        release();
    });

    it('ends a deleted pod, keeps the object until it is gone, then forgets it', async () => {
        const { worker, calls, isGone } = setUp();
        worker.update(pod('a'));
        await settled();
        worker.update(pod('a', true));
        await settled();
        expect(calls).toEqual(['sync a', 'terminate 5', 'finish']);
        expect(worker.phase).toBe('terminated');
        worker.remove(undefined);
        await settled();
        expect(calls.slice(3)).toEqual(['finish', 'forget']);
        expect(isGone()).toBe(true);
    });

    it('never syncs again once it ends', async () => {
        const { worker, calls } = setUp();
        worker.update(pod('a', true));
        await settled();
        worker.update(pod('a'));
        await settled();
        expect(calls).not.toContain('sync a');
    });

    it('interrupts a slow end when less time is given', async () => {
        const graces: (number | undefined)[] = [];
        const { worker } = setUp({
            terminate: async (_, { graceSeconds, signal }) => {
                graces.push(graceSeconds);
                if (graceSeconds === 0) return;
                await new Promise((_resolve, reject) => {
                    signal.addEventListener('abort', () => {
                        reject(new Error('aborted'));
                    });
                });
            },
        });
        worker.update(pod('a', true));
        await settled();
        worker.terminate({ graceSeconds: 0 });
        await settled();
        expect(graces).toEqual([5, 0]);
        expect(worker.phase).toBe('terminated');
    });

    it('ends a pod whose sync says that it is over', async () => {
        const { worker, calls } = setUp({
            sync: async () => await Promise.resolve({ type: 'ended', end: undefined }),
        });
        worker.update(pod('a'));
        await settled();
        expect(calls).toEqual(['terminate default', 'finish']);
    });
});
