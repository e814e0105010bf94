import { describe, it, expect } from '@jest/globals';
import type { V1ContainerState, V1Pod } from '../../../api/meta/object.ts';
import { parseLogQuery, requireLogs } from './container-logs.ts';

function podWith(state: V1ContainerState | undefined, lastState?: V1ContainerState): V1Pod {
    const status = { name: 'x', image: 'i', imageID: '', ready: false, restartCount: 0 };
    return {
        metadata: { name: 'y', namespace: 'default' },
        spec: { containers: [{ name: 'x' }] },
        status: {
            containerStatuses:
                state === undefined
                    ? []
                    : [{ ...status, state, ...(lastState === undefined ? {} : { lastState }) }],
        },
    };
}
const ended: V1ContainerState = { terminated: { exitCode: 1, containerID: 'docker://1' } };

describe('a container without a log', () => {
    it.each([
        [{ waiting: { reason: 'ContainerCreating' } }, 'is waiting to start: ContainerCreating'],
        [{ waiting: { reason: 'ErrImagePull' } }, "is waiting to start: image can't be pulled"],
        [
            { waiting: { reason: 'ImagePullBackOff' } },
            'is waiting to start: trying and failing to pull image',
        ],
        [{}, 'is waiting to start - no logs yet'],
        [undefined, 'is not available'],
    ])("%j is told in upstream's words", (state, words) => {
        expect(() => requireLogs(podWith(state), 'x', false)).toThrow(`container "x" in pod "y" ${words}`);
    });

    it('no previous instance is told too', () => {
        expect(() => requireLogs(podWith({ running: {} }), 'x', true)).toThrow(
            'previous terminated container "x" in pod "y" not found',
        );
        expect(() => requireLogs(podWith({ running: {} }, ended), 'x', true)).not.toThrow();
    });

    it('a crash loop shows the log of the last run', () => {
        const pod = podWith({ waiting: { reason: 'CrashLoopBackOff' } }, ended);
        expect(() => requireLogs(pod, 'x', false)).not.toThrow();
    });
});

describe('log options', () => {
    it('are read as the API names them', () => {
        const query = new URLSearchParams(
            'follow=true&tailLines=5&sinceSeconds=10&timestamps=1&limitBytes=100',
        );
        expect(parseLogQuery(query, 60_000)).toEqual({
            options: { follow: true, timestamps: true, tailLines: 5, limitBytes: 100, sinceMs: 50_000 },
            previous: false,
            stream: 'All',
        });
    });

    it.each([
        'tailLines=-1',
        'limitBytes=0',
        'sinceTime=soon',
        'sinceTime=2020-01-01T00:00:00Z&sinceSeconds=1',
        'stream=x',
    ])('%s is refused', (text) => {
        expect(() => parseLogQuery(new URLSearchParams(text), 0)).toThrow();
    });
});
