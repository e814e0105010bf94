import { describe, expect, it } from '@jest/globals';
import type { V1PodList, V1Service } from '../../../src/api/meta/object.ts';
import type { Kubectl } from '../../harness/kubectl.ts';
import { eventually } from '../../harness/machine.ts';

/** Sections 2 and 3: run, expose, a load balancer's address, an image that is late. */
export function walkRunAndExpose(kubectl: () => Kubectl): void {
    describe('run and expose', () => {
        it('three replicas go from ContainerCreating to Running and answer at the ClusterIP', async () => {
            const k = kubectl();
            const watch = k.start('get pods -l app=my-nginx -w');
            await watch.until(/No resources|^$/m);
            expect(
                await k.ok('create deployment my-nginx --image=hyperkube/hello:1 --replicas=3 --port=80'),
            ).toBe('deployment.apps/my-nginx created\n');
            expect(await k.ok('expose deployment my-nginx --port=80')).toBe('service/my-nginx exposed\n');
            await watch.until(/^my-nginx-\S+\s+0\/1\s+ContainerCreating/m);
            await watch.until(/^my-nginx-\S+\s+1\/1\s+Running/m);
            await watch.end();
            await k.ok('rollout status deployment/my-nginx --timeout=60s');
            expect(await k.ok('get svc my-nginx')).toMatch(/10\.96\.\d+\.\d+\s+<none>\s+80\/TCP/);
            expect(await k.ok('get deployments')).toMatch(/^my-nginx\s+3\/3\s+3\s+3/m);
            const { spec } = await k.json<V1Service>('get svc my-nginx');
            await eventually('the page is there', async () =>
                (await k.cluster.fetchPage(`http://${spec?.clusterIP}/`))?.includes('Hello from hyperkube'),
            );
        }, 90_000);

        it('run --expose makes a pod and a Service before it', async () => {
            const k = kubectl();
            expect(await k.ok('run one --image=hyperkube/hello:1 --expose --port=80')).toBe(
                'service/one created\npod/one created\n',
            );
            await k.untilReady('one');
            const { spec } = await k.json<V1Service>('get svc one');
            await eventually('it answers', async () =>
                (await k.cluster.fetchPage(`http://${spec?.clusterIP}/`))?.includes('served by one'),
            );
            await k.ok('delete pod,svc one --grace-period=1');
        }, 60_000);

        it('pages are there through the API server, and their links lead through it too', async () => {
            const k = kubectl();
            const page = `mkdir /w; echo '<a href="/next">next</a>' > /w/index.html; exec httpd -f -p 80 -h /w`;
            const run = 'run linked --image=hyperkube/hello:1 --expose --port=80 --command --';
            await k.ok([...run.split(' '), 'sh', '-c', page]);
            await k.untilReady('linked');
            for (const backend of ['pods/linked:80', 'services/http:linked:80', 'services/linked']) {
                const proxy = `/api/v1/namespaces/default/${backend}/proxy`;
                const link = `<a href="${proxy}/next">next</a>\n`;
                await eventually(`the page of ${backend} is there`, async () => {
                    const { code, stdout } = await k.run(['get', '--raw', `${proxy}/`]);
                    return code === 0 && stdout === link;
                });
                expect(await k.ok(['get', '--raw', proxy])).toBe(link);
            }
            await k.ok('delete pod,svc linked --grace-period=1');
        }, 60_000);

        it('a LoadBalancer with an external IP answers at another port, before and after scaling', async () => {
            const k = kubectl();
            await k.ok('create deployment hello-kube --image=hyperkube/hello:1 --replicas=3 --port=80');
            await k.ok(
                'expose deployment hello-kube --port=8300 --target-port=80 --type=LoadBalancer --external-ip=10.213.0.2',
            );
            await k.ok('rollout status deployment/hello-kube --timeout=60s');
            await k.ok('scale deployment hello-kube --replicas=5');
            await k.ok('rollout status deployment/hello-kube --timeout=60s');
            await eventually('all five answer at the external IP', async () => {
                const pages = await k.cluster.fetchPages('http://10.213.0.2:8300/', 60);
                return new Set(pages).size === 5;
            });
            const text = await k.ok('describe service hello-kube');
            expect(text).toMatch(/^NodePort:\s+<unset>\s+3\d{4}\/TCP$/m);
            const { items } = await k.json<V1PodList>('get pods -l app=hello-kube');
            expect(new Set(items.map(({ status }) => status?.podIP)).size).toBe(5);
            await k.ok('delete service,deployment hello-kube');
            await eventually(
                'nothing answers any more',
                async () => (await k.cluster.fetchPage('http://10.213.0.2:8300/')) === undefined,
            );
        }, 120_000);

        it('an image that cannot be pulled is ErrImagePull, then ImagePullBackOff, and starts once it is there', async () => {
            const k = kubectl();
            const image = '10.213.0.2:5000/late:1';
            const watch = k.start('get pod late -w --ignore-not-found');
            await k.ok(`run late --image=${image}`);
            const status = k.start('get pods -l run=late -w');
            await k.untilPod('late', ({ status }) =>
                ['ErrImagePull', 'ImagePullBackOff'].includes(
                    status?.containerStatuses?.[0]?.state?.waiting?.reason ?? '',
                ),
            );
            await status.until(/ImagePullBackOff/);
            expect(status.output + watch.output).toMatch(/ErrImagePull/);
            await status.end();
            await watch.end();
            const text = await eventually('all events are there', async () => {
                const description = await k.ok('describe pod late');
                return /ImagePullBackOff/.test(description) && /Error: ErrImagePull/.test(description)
                    ? description
                    : undefined;
            });
            expect(text).toMatch(/Warning\s+Failed\s+.*Failed to pull image "10\.213\.0\.2:5000\/late:1"/);
            expect(text).toMatch(/Warning\s+Failed\s+.*Error: ErrImagePull/);
            expect(text).toMatch(/Normal\s+BackOff\s+.*Back-off pulling image "10\.213\.0\.2:5000\/late:1"/);
            await k.cluster.docker('tag', 'hyperkube/hello:1', image);
            await k.untilReady('late');
            await k.ok('delete pod late --grace-period=1');
        }, 120_000);
    });
}
