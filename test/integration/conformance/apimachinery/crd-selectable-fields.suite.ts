import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Cluster, eventually, type Thing } from '../support/cluster.ts';
import { convertHostPort, hostPortVersions } from '../support/conversion.ts';
import { define, undefine } from '../support/definitions.ts';
import type { Watch } from '../support/watch.ts';
import { startWebhookService, type WebhookService } from '../support/webhook-service.ts';

interface Endpoint extends Thing {
    host?: string;
}

/** Names that a watch has shown as added and as deleted. */
class Seen {
    readonly added = new Set<string>();
    readonly deleted = new Set<string>();
    readonly #watch: Watch<Endpoint>;

    constructor(watch: Watch<Endpoint>) {
        this.#watch = watch;
    }

    async becomes(added: string[], deleted: string[]): Promise<void> {
        while (this.added.size < added.length || this.deleted.size < deleted.length) {
            const { type, object } = await this.#watch.next();
            if (type === 'ADDED') this.added.add(object.metadata.name);
            if (type === 'DELETED') this.deleted.add(object.metadata.name);
        }
        expect({ added: [...this.added].sort(), deleted: [...this.deleted].sort() }).toEqual({
            added: [...added].sort(),
            deleted: [...deleted].sort(),
        });
        expect(this.#watch.pending()).toEqual([]);
    }

    close(): void {
        this.#watch.close();
    }
}

/** Field selectors of custom resources in two versions, as the suite's crd_selectable_fields.go asks for them. */
export function selectableFields(cluster: Cluster): void {
    let service: WebhookService;
    let namespace: string;

    beforeAll(async () => {
        namespace = await cluster.namespace('crd-selectable-fields');
        service = await startWebhookService(
            cluster,
            { '/crdconvert': convertHostPort },
            { namespace, name: 'e2e-test-crd-conversion-webhook', port: 9443 },
        );
    });
    afterAll(async () => {
        await service.stop();
    });

    it('select what is listed, watched and followed by clients, in each version by its own fields', async () => {
        const resource = await define(cluster, {
            group: 'selectable.example.com',
            name: 'endpoint',
            versions: hostPortVersions('v1', { selectable: true }),
            conversion: {
                strategy: 'Webhook',
                webhook: {
                    clientConfig: service.at('/crdconvert'),
                    conversionReviewVersions: ['v1', 'v1beta1'],
                },
            },
        });
        const v2 = resource.path('v2', namespace);
        const where = (version: string, selector: string): string =>
            `${resource.path(version, namespace)}?fieldSelector=${encodeURIComponent(selector)}`;
        const watch = async (version: string, selector: string, more = ''): Promise<Seen> =>
            new Seen(await cluster.watch<Endpoint>(`${where(version, selector)}${more}`));
        /** As informers open it: with the state first, up to a bookmark that nothing comes before here. */
        const follow = async (selector: string): Promise<Seen> => {
            const query =
                '&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&resourceVersion=';
            const opened = await cluster.watch<Endpoint>(`${where('v2', selector)}${query}`);
            const { type, object } = await opened.next();
            expect(type).toBe('BOOKMARK');
            expect(object.metadata.annotations).toMatchObject({ 'k8s.io/initial-events-end': 'true' });
            return new Seen(opened);
        };
        const hosts = [await watch('v2', 'host=host1'), await follow('host=host1')];
        const hostPorts = [
            await watch('v2', 'host=host1,port=80'),
            await watch('v1', 'hostPort=host1:80'),
            await follow('host=host1,port=80'),
        ];

        const names = ['one', 'two', 'three'];
        const specs = [{ host: 'host1', port: '80' }, { host: 'host1', port: '8080' }, { host: 'host2' }];
        for (const [at, spec] of specs.entries())
            await cluster.create(v2, resource.object('v2', names[at] ?? '', spec));
        const listed = async (version: string, selector: string): Promise<string[]> =>
            (await cluster.list(where(version, selector))).items.map(({ metadata }) => metadata.name).sort();
        expect(await listed('v2', 'host=host1')).toEqual(['one', 'two']);
        expect(await listed('v2', 'host=host1,port=80')).toEqual(['one']);
        expect(await listed('v1', 'hostPort=host1:80')).toEqual(['one']);
        expect(await listed('v1', 'hostPort=host1:8080')).toEqual(['two']);
        for (const seen of hosts) await seen.becomes(['one', 'two'], []);
        for (const seen of hostPorts) await seen.becomes(['one'], []);

        await cluster.delete(where('v2', 'host=host1,port=80'), { gracePeriodSeconds: 0 });
        await cluster.change<Endpoint>(`${v2}/two`, (object) => {
            object.host = 'host2';
        });
        expect(await listed('v2', 'host=host1')).toEqual([]);
        expect(await listed('v2', 'host=host1,port=80')).toEqual([]);
        for (const seen of hosts) await seen.becomes(['one', 'two'], ['one', 'two']);
        for (const seen of hostPorts) await seen.becomes(['one'], ['one']);
        for (const seen of [...hosts, ...hostPorts]) seen.close();
        const { stderr } = await cluster.kubectl([
            ...['-n', namespace, 'get', `endpoints.v2.${resource.group}`, '--field-selector', 'nothing=x'],
        ]);
        expect(stderr).toContain('field label not supported: nothing');
        await undefine(cluster, resource);
        await eventually('it is gone', async () => (await cluster.find(resource.definition)) === undefined);
    });
}
