import { describe, expect, it } from '@jest/globals';
import type { V1Deployment } from '../../../src/api/meta/object.ts';
import type { Kubectl } from '../../harness/kubectl.ts';
import { webPods } from './services.ts';

/** What `get` can print, and which objects it can choose. */
export function tourOfOutput(kubectl: () => Kubectl): void {
    describe('get', () => {
        it('-o wide adds address and node', async () => {
            const text = await kubectl().ok('get pods -l app=web -o wide');
            expect(text).toMatch(
                /^NAME\s+READY\s+STATUS\s+RESTARTS\s+AGE\s+IP\s+NODE\s+NOMINATED NODE\s+READINESS GATES/,
            );
            expect(text).toMatch(/^web-\S+\s+1\/1\s+Running\s+0\s+\S+\s+10\.244\.0\.\d+\s+node-1\s+/m);
        });

        it('-o json and -o yaml give the whole object', async () => {
            const k = kubectl();
            const deployment = await k.json<V1Deployment>('get deployment web');
            expect(deployment).toMatchObject({
                apiVersion: 'apps/v1',
                kind: 'Deployment',
                metadata: { name: 'web', namespace: k.namespace },
            });
            const yaml = await k.ok('get deployment web -o yaml');
            expect(yaml).toMatch(/^apiVersion: apps\/v1$/m);
            expect(yaml).toMatch(/^ {2}name: web$/m);
        });

        it('-o jsonpath, custom-columns and name print what they are asked for', async () => {
            const k = kubectl();
            expect(await k.ok('get deployment web -o jsonpath={.metadata.name}:{.spec.replicas}')).toBe(
                'web:2',
            );
            expect(
                await k.ok(
                    'get deployment web -o custom-columns=NAME:.metadata.name,IMAGE:.spec.template.spec.containers[0].image',
                ),
            ).toMatch(/^NAME\s+IMAGE\nweb\s+hyperkube\/hello:2\n$/);
            expect(await k.ok('get deployment web -o name')).toBe('deployment.apps/web\n');
        });

        it('--field-selector and -l choose objects', async () => {
            const k = kubectl();
            const names = async (args: string) =>
                new Set(
                    (await k.ok(`get pods ${args} --no-headers -o custom-columns=:.metadata.name`))
                        .split('\n')
                        .filter(Boolean),
                );
            const pods = await webPods(k);
            const [one = ''] = pods;
            expect(await names(`--field-selector=metadata.name=${one}`)).toEqual(new Set([one]));
            expect(await names('--field-selector=spec.nodeName=node-1 -l app=web')).toEqual(pods);
            expect(await names('--field-selector=status.phase=Failed')).toEqual(new Set());
            expect(await names('-l app=web,app!=other')).toEqual(pods);
            expect(await names('-l app=other')).toEqual(new Set());
        });

        it('several kinds, short names and all namespaces in one command', async () => {
            const k = kubectl();
            const text = await k.ok('get deploy,svc,rs');
            for (const name of ['deployment.apps/web', 'service/web', 'replicaset.apps/web-'])
                expect(text).toContain(name);
            expect(await k.ok('get pods -A')).toMatch(new RegExp(`^${k.namespace}\\s+web-`, 'm'));
        });

        it('-w follows a pod from its creation to its end', async () => {
            const k = kubectl();
            const watch = k.start('get pods -l run=seen -w');
            await new Promise((resolve) => setTimeout(resolve, 500));
            await k.ok('run seen --image=busybox:local --restart=Never -- true');
            await watch.until(/^seen\s+0\/1\s+Pending/m);
            await watch.until(/^seen\s+0\/1\s+ContainerCreating/m);
            await watch.until(/^seen\s+0\/1\s+Completed/m);
            await watch.end();
            expect(await k.ok('delete pod seen')).toMatch(/pod "seen" deleted/);
        }, 60_000);

        it('a name that is not there is NotFound, with exit code 1', async () => {
            expect(await kubectl().refused('get pod nobody')).toBe(
                'Error from server (NotFound): pods "nobody" not found\n',
            );
        });
    });
}
