import { describe, expect, it } from '@jest/globals';
import type { Kubectl } from '../../harness/kubectl.ts';
import { eventually } from '../../harness/machine.ts';
import { idle, once, pod, shell } from '../../harness/manifests.ts';

/** Section 4: phases, restarts, init containers, hooks. */
export function walkLifecycle(kubectl: () => Kubectl): void {
    describe('phases and restarts', () => {
        it('a container that fails for good makes the pod Failed with its exit code', async () => {
            const k = kubectl();
            await k.send('create', once('failing', 'echo no; exit 3'));
            const { status } = await k.untilPhase('failing', 'Failed');
            expect(status?.containerStatuses?.[0]?.state?.terminated).toMatchObject({
                exitCode: 3,
                reason: 'Error',
            });
            expect(await k.ok('get pod failing')).toMatch(/^failing\s+0\/1\s+Error\s+0/m);
        }, 60_000);

        it('a container that fails again and again is CrashLoopBackOff; --previous shows its last words', async () => {
            const k = kubectl();
            await k.send(
                'create',
                pod('crashing', { containers: [shell('main', 'echo last words; exit 1')] }),
            );
            await k.untilPod('crashing', ({ status }) => {
                const container = status?.containerStatuses?.[0];
                return (
                    container?.state?.waiting?.reason === 'CrashLoopBackOff' && container.restartCount >= 1
                );
            });
            expect(await k.ok('get pod crashing')).toMatch(/^crashing\s+0\/1\s+CrashLoopBackOff\s+[1-9]/m);
            expect(await k.ok('logs crashing --previous')).toBe('last words\n');
            expect(await k.ok('describe pod crashing')).toMatch(
                /Warning\s+BackOff\s+.*Back-off restarting failed container main in pod crashing_default/,
            );
            await k.ok('delete pod crashing');
        }, 60_000);

        it('a container over its memory limit is OOMKilled', async () => {
            const k = kubectl();
            const eat = 'x=$(dd if=/dev/zero bs=1M count=64 2>/dev/null | tr "\\0" a); echo survived ${#x}';
            const main = shell('main', eat, { resources: { limits: { memory: '16Mi' } } });
            await k.send('create', once('hungry', '', { containers: [main] }));
            const { status } = await k.untilPhase('hungry', 'Failed');
            expect(status?.containerStatuses?.[0]?.state?.terminated).toMatchObject({
                reason: 'OOMKilled',
                exitCode: 137,
            });
        }, 60_000);

        it('activeDeadlineSeconds ends a pod as DeadlineExceeded', async () => {
            const k = kubectl();
            await k.send('create', once('slow', idle, { activeDeadlineSeconds: 1 }));
            const { status } = await k.untilPhase('slow', 'Failed');
            expect(status?.reason).toBe('DeadlineExceeded');
        }, 60_000);
    });

    describe('init containers', () => {
        it('run one after another before the containers, and share volumes with them', async () => {
            const k = kubectl();
            const volumeMounts = [{ name: 'v', mountPath: '/v' }];
            const step = (name: string) => shell(name, `echo ${name} >> /v/steps`, { volumeMounts });
            const spec = {
                initContainers: [step('first'), step('second')],
                containers: [shell('main', 'cat /v/steps', { volumeMounts })],
                volumes: [{ name: 'v', emptyDir: {} }],
            };
            expect(await k.outputOf(once('initialized', '', spec))).toBe('first\nsecond\n');
        }, 60_000);

        it('show Init:0/1 while they run, and keep the pod Failed when they fail', async () => {
            const k = kubectl();
            await k.send(
                'create',
                pod('initializing', {
                    initContainers: [shell('wait', idle)],
                    containers: [shell('main', 'true')],
                }),
                once('init-fails', 'true', { initContainers: [shell('bad', 'exit 2')] }),
            );
            await eventually('it shows Init:0/1', async () =>
                /^initializing\s+0\/1\s+Init:0\/1/m.test(await k.ok('get pod initializing')),
            );
            await k.untilPhase('init-fails', 'Failed');
            expect(await k.ok('get pod init-fails')).toMatch(/Init:Error/);
            await k.ok('delete pod initializing');
        }, 60_000);

        it('with restartPolicy Always they are sidecars: started before, running beside', async () => {
            const k = kubectl();
            const volumeMounts = [{ name: 'v', mountPath: '/v' }];
            const sidecar = shell('side', `echo ready > /v/side; ${idle}`, {
                restartPolicy: 'Always',
                volumeMounts,
                startupProbe: { exec: { command: ['test', '-f', '/v/side'] }, periodSeconds: 1 },
            });
            const spec = {
                initContainers: [sidecar],
                containers: [shell('main', 'cat /v/side', { volumeMounts })],
                volumes: [{ name: 'v', emptyDir: {} }],
            };
            await k.send('create', once('native-sidecar', '', spec));
            await k.untilPhase('native-sidecar', 'Succeeded');
            expect(await k.ok('logs native-sidecar -c main')).toBe('ready\n');
        }, 60_000);
    });

    describe('hooks', () => {
        it('postStart runs beside the start, preStop before the end', async () => {
            const k = kubectl();
            const path = k.cluster.machine.makeDirectory('hooks');
            const main = shell('main', idle, {
                volumeMounts: [{ name: 'v', mountPath: '/v' }],
                lifecycle: {
                    postStart: { exec: { command: ['sh', '-c', 'echo started > /v/log'] } },
                    preStop: { exec: { command: ['sh', '-c', 'echo stopping >> /v/log'] } },
                },
            });
            const spec = { containers: [main], volumes: [{ name: 'v', hostPath: { path } }] };
            await k.send('create', pod('hooked', { terminationGracePeriodSeconds: 5, ...spec }));
            await k.untilReady('hooked');
            expect(await k.inPod('hooked', 'cat /v/log')).toBe('started\n');
            await k.ok('delete pod hooked');
            const reader = {
                containers: [shell('main', 'cat /v/log', { volumeMounts: main.volumeMounts! })],
            };
            expect(await k.outputOf(once('hook-reader', '', { ...reader, volumes: spec.volumes }))).toBe(
                'started\nstopping\n',
            );
        }, 60_000);

        it('a postStart that fails kills the container and says so', async () => {
            const k = kubectl();
            const main = shell('main', idle, {
                lifecycle: { postStart: { exec: { command: ['sh', '-c', 'exit 5'] } } },
            });
            await k.send('create', pod('bad-hook', { containers: [main] }));
            await eventually('the event is there', async () =>
                /FailedPostStartHook/.test(await k.ok('describe pod bad-hook')),
            );
            await k.ok('delete pod bad-hook');
        }, 60_000);
    });
}
