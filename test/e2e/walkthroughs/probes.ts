import { describe, expect, it } from '@jest/globals';
import type { V1EndpointSliceList } from '../../../src/api/meta/object.ts';
import type { Kubectl } from '../../harness/kubectl.ts';
import { eventually } from '../../harness/machine.ts';
import { idle, pod, shell } from '../../harness/manifests.ts';

/** Addresses of the ready endpoints of a Service. */
async function readyEndpoints(kubectl: Kubectl, service: string): Promise<string[]> {
    const { items } = await kubectl.json<V1EndpointSliceList>(
        `get endpointslices -l kubernetes.io/service-name=${service}`,
    );
    return items.flatMap(({ endpoints }) =>
        (endpoints ?? [])
            .filter(({ conditions }) => conditions?.ready === true)
            .flatMap(({ addresses }) => addresses),
    );
}

/** Section 4: liveness, readiness and startup probes. */
export function walkProbes(kubectl: () => Kubectl): void {
    describe('probes', () => {
        it('a failing liveness probe restarts the container, with events', async () => {
            const k = kubectl();
            const main = shell('main', `touch /tmp/alive; ${idle}`, {
                livenessProbe: {
                    exec: { command: ['cat', '/tmp/alive'] },
                    periodSeconds: 1,
                    failureThreshold: 1,
                    initialDelaySeconds: 1,
                },
            });
            await k.send('create', pod('lively', { containers: [main] }));
            await k.untilReady('lively');
            await k.inPod('lively', 'rm /tmp/alive');
            const { status } = await k.untilPod(
                'lively',
                ({ status }) => status?.containerStatuses?.[0]?.restartCount === 1,
            );
            expect(status?.phase).toBe('Running');
            const text = await k.ok('describe pod lively');
            expect(text).toMatch(/Warning\s+Unhealthy\s+.*Liveness probe failed:/);
            expect(text).toMatch(
                /Normal\s+Killing\s+.*Container main failed liveness probe, will be restarted/,
            );
            await k.ok('delete pod lively');
        }, 60_000);

        it('readiness decides whether a pod is among the endpoints of its Service', async () => {
            const k = kubectl();
            const main = shell('main', `mkdir /tmp/w; echo up > /tmp/w/ok; httpd -p 80 -h /tmp/w; ${idle}`, {
                ports: [{ containerPort: 80 }],
                readinessProbe: {
                    httpGet: { path: '/ok', port: 80 },
                    periodSeconds: 1,
                    failureThreshold: 1,
                },
            });
            await k.send('create', pod('readable-pod', { containers: [main] }));
            await k.ok('expose pod readable-pod --port=80');
            const { status } = await k.untilReady('readable-pod');
            await eventually('it is an endpoint', async () =>
                (await readyEndpoints(k, 'readable-pod')).includes(status?.podIP ?? '?'),
            );
            await k.inPod('readable-pod', 'mv /tmp/w/ok /tmp/w/gone');
            await eventually(
                'it is none',
                async () => (await readyEndpoints(k, 'readable-pod')).length === 0,
            );
            expect(await k.ok('get pod readable-pod')).toMatch(/0\/1\s+Running\s+0/);
            expect(await k.ok('describe pod readable-pod')).toMatch(
                /Warning\s+Unhealthy\s+.*Readiness probe failed: HTTP probe failed with statuscode: 404/,
            );
            const ip = await k.ok('get service readable-pod -o jsonpath={.spec.clusterIP}');
            await eventually('the Service refuses', async () => {
                const [page] = await k.cluster.fetchPages(`http://${ip}/`, 1);
                return typeof page === 'object' && page.error === 'ECONNREFUSED';
            });
            await k.inPod('readable-pod', 'mv /tmp/w/gone /tmp/w/ok');
            await eventually(
                'it is an endpoint again',
                async () => (await k.cluster.fetchPage(`http://${ip}/ok`)) === 'up\n',
            );
            await k.ok('delete pod,service readable-pod');
        }, 90_000);

        it('a startup probe holds back readiness and liveness until it succeeds', async () => {
            const k = kubectl();
            const main = shell('main', `sleep 3; httpd -p 7000 -h /www; ${idle}`, {
                startupProbe: { tcpSocket: { port: 7000 }, periodSeconds: 1, failureThreshold: 30 },
                livenessProbe: { tcpSocket: { port: 7000 }, periodSeconds: 1, failureThreshold: 1 },
            });
            await k.send('create', pod('starter', { containers: [main] }));
            const { status } = await k.untilPhase('starter', 'Running');
            expect(status?.containerStatuses?.[0]).toMatchObject({ started: false, ready: false });
            const ready = await k.untilReady('starter');
            expect(ready.status?.containerStatuses?.[0]).toMatchObject({ started: true, restartCount: 0 });
            await k.ok('delete pod starter');
        }, 60_000);
    });
}
