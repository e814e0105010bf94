import { describe, expect, it } from '@jest/globals';
import type {
    CoreV1Api,
    Informer,
    KubeConfig,
    KubernetesObject,
    ObjectCache,
    V1ConfigMap,
} from '@kubernetes/client-node';
import { eventually } from '../support/api-server.ts';
import { k8s } from '../../harness/client-node.mjs';
import type { ControlPlane } from './control-plane.ts';

const namespace = 'default';

export interface Connected {
    plane: ControlPlane;
    config: KubeConfig;
}

/** An informer, and what it told: "add a", "update a", "delete a". */
interface Followed {
    informer: Informer<V1ConfigMap> & ObjectCache<V1ConfigMap>;
    seen: string[];
    has: (what: string) => Promise<void>;
    /** Resolves at the next error; as its documentation says, who wants more then starts it again. */
    ended: () => Promise<unknown>;
}

/** Follows the ConfigMaps that have a label. */
function follow(config: KubeConfig, core: CoreV1Api, label: string): Followed {
    const informer = k8s.makeInformer(
        config,
        `/api/v1/namespaces/${namespace}/configmaps`,
        async () => await core.listNamespacedConfigMap({ namespace, labelSelector: label }),
        label,
    );
    const seen: string[] = [];
    for (const verb of ['add', 'update', 'delete'] as const)
        informer.on(verb, ({ metadata }) => seen.push(`${verb} ${metadata?.name ?? ''}`));
    return {
        informer,
        seen,
        has: async (what) => {
            await eventually(what, () => seen.includes(what));
        },
        ended: async () =>
            await new Promise((resolve) => {
                informer.on('error', resolve);
            }),
    };
}

/** Informers and watches, and what becomes of them when the server, or what it remembers, goes. */
export function informers(connected: () => Connected): void {
    describe('informers and watches', () => {
        const core = (): CoreV1Api => connected().config.makeApiClient(k8s.CoreV1Api);
        const make = async (name: string, label: string, data = {}): Promise<void> => {
            const body = { metadata: { name, labels: { [label]: 'yes' } }, data };
            await core().createNamespacedConfigMap({ namespace, body });
        };

        it('an informer follows, through dropped connections and a restart of the server', async () => {
            const { plane, config } = connected();
            const { informer, seen, has, ended } = follow(config, core(), 'followed');
            await make('before', 'followed');
            await informer.start();
            await has('add before');
            await make('after', 'followed');
            await has('add after');
            await core().patchNamespacedConfigMap({
                ...{ name: 'after', namespace },
                body: [{ op: 'add', path: '/data', value: { a: 'b' } }],
            });
            await has('update after');
            const cut = ended();
            await plane.stop();
            await cut;
            await plane.start();
            await make('restarted', 'followed');
            await informer.start();
            await has('add restarted');
            await core().deleteNamespacedConfigMap({ name: 'before', namespace });
            await has('delete before');
            expect(seen.filter((one) => one === 'add after')).toHaveLength(1);
            await informer.stop();
        }, 60_000);

        it('an informer lists again when what it has not seen was forgotten', async () => {
            const { plane, config } = connected();
            const { informer, seen, has, ended } = follow(config, core(), 'forgotten');
            await make('gone', 'forgotten');
            await make('kept', 'forgotten');
            await informer.start();
            await has('add kept');
            const cut = ended();
            await plane.stop();
            await cut;
            await plane.start();
            await core().deleteNamespacedConfigMap({ name: 'gone', namespace });
            await make('new', 'forgotten');
            // More than the server remembers of the events of one resource.
            for (let count = 0; count < 4; count++) {
                const name = `large-${count}`;
                await make(name, 'large', { filler: 'x'.repeat(700_000) });
            }
            await informer.start();
            await has('add new');
            await has('delete gone');
            expect(seen).toEqual(['add gone', 'add kept', 'delete gone', 'add new']);
            await make('newer', 'forgotten');
            await has('add newer');
            expect(informer.list().map(({ metadata }) => metadata?.name)).toEqual(['kept', 'new', 'newer']);
            await informer.stop();
        }, 60_000);

        /** What a watch says until it ends or `isEnough`. */
        async function watched(
            path: string,
            query: Record<string, string | boolean>,
            isEnough: (type: string) => boolean = () => false,
        ): Promise<{ events: [string, KubernetesObject & { code?: number }][]; error: unknown }> {
            const watch = new k8s.Watch(connected().config);
            const events: [string, KubernetesObject][] = [];
            let enough: () => void = () => undefined;
            const isOver = new Promise<void>((resolve) => (enough = resolve));
            return await new Promise((resolve, reject) => {
                watch
                    .watch(
                        path,
                        query,
                        (type: string, object: KubernetesObject) => {
                            events.push([type, object]);
                            if (isEnough(type)) enough();
                        },
                        (error: unknown) => {
                            resolve({ events, error });
                        },
                    )
                    .then(async (controller) => {
                        await isOver;
                        controller.abort();
                        resolve({ events, error: undefined });
                    }, reject);
            });
        }
        const secrets = `/api/v1/namespaces/${namespace}/secrets`;
        const configMaps = `/api/v1/namespaces/${namespace}/configmaps`;

        it('a watch ends as it was asked to, and says what it cannot do', async () => {
            expect(await watched(secrets, { timeoutSeconds: '1' })).toEqual({ events: [], error: null });
            const { error } = await watched(secrets, { resourceVersion: 'none' });
            expect((error as { statusCode?: number }).statusCode).toBe(422);
            const { events } = await watched(configMaps, { resourceVersion: '1' });
            expect(events).toMatchObject([
                ['ERROR', { kind: 'Status', code: 410, reason: 'Expired', status: 'Failure' }],
            ]);
        });

        it('a watch that wants the state first gets it, and a bookmark that says where it ends', async () => {
            const list = await core().listNamespacedConfigMap({ namespace });
            const query = {
                ...{ sendInitialEvents: true, allowWatchBookmarks: true, timeoutSeconds: '10' },
                resourceVersionMatch: 'NotOlderThan',
            };
            const { events } = await watched(configMaps, query, (type) => type === 'BOOKMARK');
            const [type, bookmark] = events.pop() ?? [];
            expect(type).toBe('BOOKMARK');
            expect(bookmark).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' });
            expect(bookmark?.metadata?.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' });
            const revision = BigInt(bookmark?.metadata?.resourceVersion ?? '');
            expect(revision).toBeGreaterThanOrEqual(BigInt(list.metadata?.resourceVersion ?? ''));
            expect(events.map(([, { metadata }]) => metadata?.name).sort()).toEqual(
                list.items.map(({ metadata }) => metadata?.name).sort(),
            );
            // A bookmark is a place to go on from.
            await make('marked', 'marked');
            const rest = await watched(
                configMaps,
                { resourceVersion: String(revision), timeoutSeconds: '10' },
                () => true,
            );
            expect(rest.events).toMatchObject([['ADDED', { metadata: { name: 'marked' } }]]);
        });
    });
}
