import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { V1Deployment } from '../../../src/api/meta/object.ts';
import type { Kubectl } from '../../harness/kubectl.ts';
import { eventually } from '../../harness/machine.ts';
import { webPods } from './services.ts';

const imageOf = async (kubectl: Kubectl): Promise<string> =>
    await kubectl.ok('get deployment web -o jsonpath={.spec.template.spec.containers[0].image}');

/** An editor that runs sed over the file, as KUBE_EDITOR. */
function sedEditor(kubectl: Kubectl, expression: string): Record<string, string> {
    const path = join(kubectl.cluster.machine.directory, 'editor');
    writeFileSync(path, `#!/bin/sh\nsed -i '${expression}' "$1"\n`);
    chmodSync(path, 0o755);
    return { KUBE_EDITOR: path };
}

/** Changing a Deployment in every way kubectl has; `tourOfServices` made it. */
export function tourOfRollouts(kubectl: () => Kubectl): void {
    describe('changing the Deployment', () => {
        it('scale adds and removes replicas', async () => {
            const k = kubectl();
            expect(await k.ok('scale deployment web --replicas=5')).toBe('deployment.apps/web scaled\n');
            await k.ok('rollout status deployment/web --timeout=60s');
            expect((await webPods(k)).size).toBe(5);
            await k.ok('scale deployment web --replicas=3 --current-replicas=5');
            await eventually('three pods are left', async () => (await webPods(k)).size === 3);
            expect(await k.refused('scale deployment web --replicas=4 --current-replicas=9')).toMatch(
                /expected.*9/i,
            );
        }, 90_000);

        it('set image rolls to the new image; status, history and undo follow', async () => {
            const k = kubectl();
            await k.ok('set image deployment/web hello=hyperkube/hello:2');
            expect(await k.ok('rollout status deployment/web --timeout=90s')).toContain(
                'deployment "web" successfully rolled out',
            );
            expect(await imageOf(k)).toBe('hyperkube/hello:2');
            expect(await k.ok('rollout history deployment/web')).toMatch(
                /^REVISION\s+CHANGE-CAUSE\n1\s+<none>\n2\s+<none>$/m,
            );
            expect(await k.ok('rollout history deployment/web --revision=2')).toMatch(
                /Image:\s+hyperkube\/hello:2/,
            );
            expect(await k.ok('rollout undo deployment/web')).toContain('rolled back');
            await k.ok('rollout status deployment/web --timeout=90s');
            expect(await imageOf(k)).toBe('hyperkube/hello:1');
            expect(await k.ok('rollout history deployment/web')).toMatch(/^2\s+<none>\n3\s+<none>$/m);
        }, 180_000);

        it('a paused rollout changes nothing until it is resumed', async () => {
            const k = kubectl();
            const before = await eventually('the pods of the last rollout are gone', async () => {
                const pods = await webPods(k);
                return pods.size === 3 && pods;
            });
            expect(await k.ok('rollout pause deployment/web')).toContain('paused');
            await k.ok('set image deployment/web hello=hyperkube/hello:2');
            await eventually('the controller has seen the change', async () => {
                const { metadata, status } = await k.json<V1Deployment>('get deployment web');
                return status?.observedGeneration === metadata?.generation;
            });
            expect(await webPods(k)).toEqual(before);
            expect(await k.ok('rollout resume deployment/web')).toContain('resumed');
            await k.ok('rollout status deployment/web --timeout=90s');
            await eventually('all pods are new ones', async () => {
                const now = await webPods(k);
                return now.size === 3 && [...before].every((pod) => !now.has(pod));
            });
        }, 120_000);

        it('edit by a script changes what the script changed', async () => {
            const k = kubectl();
            const env = sedEditor(k, 's/replicas: 3/replicas: 2/');
            expect(await k.ok('edit deployment web', { env })).toBe('deployment.apps/web edited\n');
            await eventually('two pods are left', async () => (await webPods(k)).size === 2);
            const { stderr } = await k.run('edit deployment web', { env });
            expect(stderr).toMatch(/cancelled, no changes made/);
        }, 60_000);

        it('apply twice: the second says unchanged, a third with a change says configured', async () => {
            const k = kubectl();
            const configMap = (text: string) => ({
                apiVersion: 'v1',
                kind: 'ConfigMap',
                metadata: { name: 'applied', labels: { from: 'apply' } },
                data: { text },
            });
            expect(await k.send('apply', configMap('one'))).toBe('configmap/applied created\n');
            expect(await k.send('apply', configMap('one'))).toBe('configmap/applied unchanged\n');
            expect(await k.send('apply', configMap('two'))).toBe('configmap/applied configured\n');
            expect(await k.ok('get configmap applied -o jsonpath={.data.text}')).toBe('two');
        });

        it('apply of a Deployment twice says unchanged, defaults and all', async () => {
            const k = kubectl();
            const labels = { app: 'applied' };
            const spec = {
                replicas: 0,
                selector: { matchLabels: labels },
                template: {
                    metadata: { labels },
                    spec: { containers: [{ name: 'hello', image: 'hyperkube/hello:1' }] },
                },
            };
            const metadata = { name: 'applied' };
            const apply = async () =>
                await k.send('apply', { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec });
            expect(await apply()).toBe('deployment.apps/applied created\n');
            expect(await apply()).toBe('deployment.apps/applied unchanged\n');
            expect(await k.ok('delete deployment applied')).toContain('deleted');
        });

        it('label and annotate add, refuse to overwrite, overwrite and remove', async () => {
            const k = kubectl();
            expect(await k.ok('label deployment web tier=front')).toMatch(/web labeled/);
            expect(await k.refused('label deployment web tier=back')).toMatch(/already has a value/);
            await k.ok('label deployment web tier=back --overwrite');
            expect(await k.ok('get deployments -l tier=back -o name')).toBe('deployment.apps/web\n');
            await k.ok('label deployment web tier-');
            expect(await k.ok('get deployments -l tier -o name')).toBe('');
            expect(await k.ok('annotate deployment web note=hand-made')).toMatch(/web annotated?/);
            expect(await k.ok('get deployment web -o jsonpath={.metadata.annotations.note}')).toBe(
                'hand-made',
            );
        });
    });
}
