import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import http2 from 'node:http2';
import type {
    ApiList,
    Stored,
    V1ConfigMap,
    V1Deployment,
    V1Namespace,
    V1Pod,
    V1Scale,
    V1Status,
} from '../../src/api/meta/object.ts';
import { configMaps, pods } from '../../src/client/resource-type.ts';
import { ApiServerFixture, type Frame } from './apiserver/fixture.ts';

const configMap = (name: string, data: Record<string, string> = {}): V1ConfigMap => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name },
    data,
});
const pod = (name: string, extra: Partial<NonNullable<V1Pod['metadata']>> = {}): V1Pod => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, ...extra },
    spec: { containers: [{ name: 'main', image: 'busybox' }] },
});
const deployment = (name: string): V1Deployment => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
        replicas: 2,
        selector: { matchLabels: { app: name } },
        template: {
            metadata: { labels: { app: name } },
            spec: { containers: [{ name: 'main', image: 'busybox' }] },
        },
    },
});
const merge = { 'content-type': 'application/merge-patch+json' };

describe('API server', () => {
    let server: ApiServerFixture;
    let nextNamespace = 0;

    beforeAll(async () => {
        server = await ApiServerFixture.start();
    });
    afterAll(async () => {
        await server.stop();
    });

    /** A namespace of its own for a test. */
    async function namespace(): Promise<string> {
        const name = `test-${nextNamespace++}`;
        await server.call('POST', '/api/v1/namespaces', { body: { metadata: { name } } });
        return name;
    }
    async function configMapPath(): Promise<string> {
        return `/api/v1/namespaces/${await namespace()}/configmaps`;
    }
    async function podPath(): Promise<string> {
        return `/api/v1/namespaces/${await namespace()}/pods`;
    }

    describe('events', () => {
        const event = (name: string): object => ({
            metadata: { name },
            reason: 'Tested',
            type: 'Normal',
            action: 'Testing',
            eventTime: '2026-01-01T00:00:00.000000Z',
            reportingController: 'example.com/tests',
            reportingInstance: 'tests-1',
            regarding: { kind: 'Pod', name: 'web', namespace: 'default' },
        });
        const path = (name: string): string => `/apis/events.k8s.io/v1/namespaces/default/events${name}`;

        it('share one lease that ends an hour after they were written, whichever version wrote them', async () => {
            const core = '/api/v1/namespaces/default/events';
            const involvedObject = { kind: 'Pod', name: 'web', namespace: 'default' };
            await server.call('POST', core, { body: { metadata: { name: 'old' }, involvedObject } });
            await server.call('POST', path(''), { body: event('new') });
            const series = { count: 2, lastObservedTime: '2026-01-01T00:00:01.000000Z' };
            const patched = await server.call('PATCH', path('/new'), { body: { series }, headers: merge });
            expect(patched.status).toBe(200);
            const [lease = 0, ...others] = await server.store.leases.list();
            expect(others).toEqual([]);
            expect(await server.store.leases.timeToLive(lease, { keys: true })).toMatchObject({
                grantedTtlSeconds: 3_660,
                keys: ['/registry/events/default/new', '/registry/events/default/old'],
            });
        });

        it('are found by the field names of events.k8s.io', async () => {
            const names = async (selector: string): Promise<string[]> => {
                const reply = await server.call('GET', `${path('')}?fieldSelector=${selector}`);
                return reply.json<ApiList<Stored<V1Pod>>>().items.map(({ metadata }) => metadata.name);
            };
            await server.call('POST', path(''), { body: event('found') });
            expect(await names('reportingController%3Dexample.com/tests')).toContain('found');
            expect(await names('regarding.name%3Dother')).toEqual([]);
            expect(
                (await server.call('GET', `${path('')}?fieldSelector=involvedObject.name%3Da`)).status,
            ).toBe(400);
        });

        it('of events.k8s.io need to be complete', async () => {
            const body = { ...event('odd'), type: 'Odd', eventTime: null };
            expect((await server.call('POST', path(''), { body })).status).toBe(422);
        });
    });

    describe('create', () => {
        it('sets uid, creationTimestamp and resourceVersion, and sends the same object to GET', async () => {
            const path = await configMapPath();
            const created = await server.call('POST', path, { body: configMap('a', { x: '1' }) });
            expect(created.status).toBe(201);
            const { metadata } = created.json<Stored<V1ConfigMap>>();
            expect(metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
            expect(metadata.creationTimestamp).toMatch(/^\d{4}-.*Z$/);
            expect(Number(metadata.resourceVersion)).toBeGreaterThan(1);
            expect((await server.call('GET', `${path}/a`)).text).toBe(created.text);
        });

        it('answers 409 AlreadyExists for a name that is taken', async () => {
            const path = await configMapPath();
            await server.call('POST', path, { body: configMap('a') });
            const second = await server.call('POST', path, { body: configMap('a') });
            expect(second.status).toBe(409);
            expect(second.json<V1Status>()).toMatchObject({
                reason: 'AlreadyExists',
                message: 'configmaps "a" already exists',
                details: { name: 'a', kind: 'configmaps' },
            });
        });

        it('makes up a name from generateName', async () => {
            const path = await configMapPath();
            const body = { metadata: { generateName: 'gen-' } };
            const { metadata } = (await server.call('POST', path, { body })).json<Stored<V1ConfigMap>>();
            expect(metadata.name).toMatch(/^gen-[a-z0-9]{5}$/);
        });

        it('says what is wrong with an object without name', async () => {
            const path = await configMapPath();
            const reply = await server.call('POST', path, { body: { metadata: {} } });
            expect(reply.status).toBe(422);
            expect(reply.json<V1Status>().message).toBe(
                'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required',
            );
        });

        it('writes nothing in a dry run and gives no resourceVersion', async () => {
            const path = await configMapPath();
            const reply = await server.call('POST', `${path}?dryRun=All`, { body: configMap('a') });
            expect(reply.status).toBe(201);
            expect(reply.json<Stored<V1ConfigMap>>().metadata.resourceVersion).toBeUndefined();
            expect((await server.call('GET', `${path}/a`)).status).toBe(404);
        });

        it('treats unknown fields as fieldValidation says', async () => {
            const path = await configMapPath();
            const body = { ...configMap('a'), foo: 1 };
            const strict = await server.call('POST', `${path}?fieldValidation=Strict`, { body });
            expect(strict.status).toBe(400);
            expect(strict.json<V1Status>().message).toBe(
                'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "foo"',
            );
            const warn = await server.call('POST', path, { body });
            expect(warn.headers['warning']).toBe('299 - "unknown field \\"foo\\""');
            expect(warn.text).not.toContain('foo');
            const other = { ...body, metadata: { name: 'b' } };
            const ignore = await server.call('POST', `${path}?fieldValidation=Ignore`, { body: other });
            expect(ignore.headers['warning']).toBeUndefined();
        });

        it('refuses duplicate fields when strict', async () => {
            const path = await configMapPath();
            const body = '{"metadata":{"name":"a"},"data":{"x":"1"},"data":{"x":"2"}}';
            const reply = await server.call('POST', `${path}?fieldValidation=Strict`, { body });
            expect(reply.json<V1Status>().message).toContain('duplicate field "data"');
        });

        it('refuses broken JSON, other kinds, other versions and other media types', async () => {
            const path = await configMapPath();
            expect((await server.call('POST', path, { body: '{"a":' })).status).toBe(400);
            const kind = await server.call('POST', path, { body: { kind: 'Pod', apiVersion: 'v1' } });
            expect(kind.status).toBe(400);
            const version = await server.call('POST', path, { body: { apiVersion: 'v2' } });
            expect(version.status).toBe(400);
            expect(version.json<V1Status>().message).toContain(
                'no kind "ConfigMap" is registered for version "v2"',
            );
            const headers = { 'content-type': 'text/plain' };
            expect((await server.call('POST', path, { body: 'x', headers })).status).toBe(415);
        });

        it('takes YAML', async () => {
            const path = await configMapPath();
            const headers = { 'content-type': 'application/yaml' };
            const body = 'metadata:\n  name: from-yaml\ndata:\n  x: "1"\n';
            expect((await server.call('POST', path, { body, headers })).status).toBe(201);
        });

        it('refuses a body of more than 3 MiB with 413', async () => {
            const path = await configMapPath();
            const body = configMap('big', { x: 'x'.repeat(3 * 1024 * 1024) });
            const reply = await server.call('POST', path, { body });
            expect(reply.status).toBe(413);
            expect(reply.json<V1Status>()).toMatchObject({
                reason: 'RequestEntityTooLarge',
                message: 'Request entity too large: limit is 3145728',
            });
        });

        it('refuses an object of another namespace', async () => {
            const path = await configMapPath();
            const body = { metadata: { name: 'a', namespace: 'elsewhere' } };
            const reply = await server.call('POST', path, { body });
            expect(reply.json<V1Status>().message).toBe(
                'the namespace of the provided object does not match the namespace sent on the request',
            );
        });
    });

    describe('update and patch', () => {
        it('answers 409 for an outdated resourceVersion and keeps the object', async () => {
            const path = await configMapPath();
            const first = (await server.call('POST', path, { body: configMap('a') })).json<V1ConfigMap>();
            await server.call('PUT', `${path}/a`, { body: { ...first, data: { x: '1' } } });
            const reply = await server.call('PUT', `${path}/a`, { body: { ...first, data: { x: '2' } } });
            expect(reply.status).toBe(409);
            expect(reply.json<V1Status>()).toMatchObject({
                reason: 'Conflict',
                message:
                    'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again',
            });
        });

        it('keeps the resourceVersion of a write that changes nothing', async () => {
            const path = await configMapPath();
            const body = configMap('a', { x: '1' });
            const created = (await server.call('POST', path, { body })).json<Stored<V1ConfigMap>>();
            const again = await server.call('PUT', `${path}/a`, { body });
            expect(again.json<Stored<V1ConfigMap>>().metadata.resourceVersion).toBe(
                created.metadata.resourceVersion,
            );
        });

        it('increments generation for spec and not for status', async () => {
            const path = `/apis/apps/v1/namespaces/${await namespace()}/deployments`;
            const created = (await server.call('POST', path, { body: deployment('d') })).json<V1Deployment>();
            expect(created.metadata?.generation).toBe(1);
            const status = { status: { replicas: 7, observedGeneration: 1 }, spec: { replicas: 9 } };
            const patched = (
                await server.call('PATCH', `${path}/d/status`, { body: status, headers: merge })
            ).json<V1Deployment>();
            expect(patched.metadata?.generation).toBe(1);
            expect(patched.status?.replicas).toBe(7);
            expect(patched.spec?.replicas).toBe(2);
            const both = { spec: { replicas: 5 }, status: { replicas: 1 } };
            const scaled = (
                await server.call('PATCH', `${path}/d`, { body: both, headers: merge })
            ).json<V1Deployment>();
            expect(scaled.metadata?.generation).toBe(2);
            expect(scaled.status?.replicas).toBe(7);
        });

        it('applies JSON, merge and strategic patches, and refuses to apply for nobody', async () => {
            const path = await podPath();
            await server.call('POST', path, { body: pod('p') });
            const patch = async (type: string, body: unknown): ReturnType<typeof server.call> =>
                await server.call('PATCH', `${path}/p`, {
                    body,
                    headers: { 'content-type': `application/${type}` },
                });
            const json = [{ op: 'add', path: '/metadata/labels', value: { a: '1' } }];
            expect((await patch('json-patch+json', json)).json<V1Pod>().metadata?.labels).toEqual({ a: '1' });
            const body = { spec: { containers: [{ name: 'main', image: 'other' }] } };
            const strategic = (await patch('strategic-merge-patch+json', body)).json<V1Pod>();
            expect(strategic.spec?.containers[0]).toMatchObject({ name: 'main', image: 'other' });
            const merged = (await patch('merge-patch+json', { metadata: { labels: null } })).json<V1Pod>();
            expect(merged.metadata?.labels).toBeUndefined();
            // Who applies must say so.
            expect((await patch('apply-patch+yaml', {})).status).toBe(422);
            const test = [{ op: 'test', path: '/metadata/name', value: 'q' }];
            expect((await patch('json-patch+json', test)).status).toBe(422);
        });

        it('loses no patch when many write at once', async () => {
            const path = await configMapPath();
            await server.call('POST', path, { body: configMap('a') });
            const keys = Array.from({ length: 15 }, (_, i) => `k${i}`);
            const replies = await Promise.all(
                keys.map(
                    async (key) =>
                        await server.call('PATCH', `${path}/a`, {
                            body: { data: { [key]: '1' } },
                            headers: merge,
                        }),
                ),
            );
            expect(replies.map(({ status }) => status)).toEqual(keys.map(() => 200));
            const { data = {} } = (await server.call('GET', `${path}/a`)).json<V1ConfigMap>();
            expect(Object.keys(data).sort()).toEqual([...keys].sort());
        });

        it('refuses a name in the body that is not the name in the path', async () => {
            const path = await configMapPath();
            await server.call('POST', path, { body: configMap('a') });
            const reply = await server.call('PUT', `${path}/a`, { body: configMap('b') });
            expect(reply.json<V1Status>().message).toBe(
                'the name of the object (b) does not match the name on the URL (a)',
            );
        });
    });

    describe('list', () => {
        it('pages through one revision and counts what remains', async () => {
            const path = await configMapPath();
            for (const name of ['a', 'b', 'c', 'd', 'e']) {
                await server.call('POST', path, { body: configMap(name) });
            }
            const first = (await server.call('GET', `${path}?limit=2`)).json<ApiList<V1ConfigMap>>();
            expect(first.kind).toBe('ConfigMapList');
            expect(first.metadata.remainingItemCount).toBe(3);
            await server.call('DELETE', `${path}/c`);
            await server.call('POST', path, { body: configMap('c2') });
            const names: string[] = [];
            let token = first.metadata.continue ?? '';
            while (token !== '') {
                const page = (
                    await server.call('GET', `${path}?limit=2&continue=${encodeURIComponent(token)}`)
                ).json<ApiList<Stored<V1ConfigMap>>>();
                names.push(...page.items.map(({ metadata }) => metadata.name));
                expect(page.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
                token = page.metadata.continue ?? '';
            }
            expect(names).toEqual(['c', 'd', 'e']);
        });

        it('answers 410 with a fresh token when the revision of a token was compacted', async () => {
            const path = await configMapPath();
            for (const name of ['a', 'b', 'c']) await server.call('POST', path, { body: configMap(name) });
            const first = (await server.call('GET', `${path}?limit=1`)).json<ApiList<V1ConfigMap>>();
            await server.call('POST', path, { body: configMap('d') });
            await server.store.compact(server.store.revision);
            const query = `limit=1&continue=${encodeURIComponent(first.metadata.continue ?? '')}`;
            const expired = await server.call('GET', `${path}?${query}`);
            expect(expired.status).toBe(410);
            const status = expired.json<V1Status>();
            expect(status.reason).toBe('Expired');
            const fresh = encodeURIComponent(status.metadata?.continue ?? '');
            const rest = (await server.call('GET', `${path}?continue=${fresh}`)).json<
                ApiList<Stored<V1ConfigMap>>
            >();
            expect(rest.items.map(({ metadata }) => metadata.name)).toEqual(['b', 'c', 'd']);
        });

        it('reads an exact older revision', async () => {
            const path = await configMapPath();
            const made = (await server.call('POST', path, { body: configMap('a', { x: '1' }) })).json<
                Stored<V1ConfigMap>
            >();
            await server.call('PUT', `${path}/a`, { body: configMap('a', { x: '2' }) });
            const query = `resourceVersion=${made.metadata.resourceVersion ?? ''}&resourceVersionMatch=Exact`;
            const old = (await server.call('GET', `${path}?${query}`)).json<ApiList<V1ConfigMap>>();
            expect(old.items[0]?.data).toEqual({ x: '1' });
        });

        it('answers 504 with ResourceVersionTooLarge for a future revision', async () => {
            const path = await configMapPath();
            const query = 'resourceVersion=999999999&resourceVersionMatch=NotOlderThan';
            const reply = await server.call('GET', `${path}?${query}`);
            expect(reply.status).toBe(504);
            expect(reply.headers['retry-after']).toBe('1');
            expect(reply.json<V1Status>().details?.causes).toEqual([
                { reason: 'ResourceVersionTooLarge', message: 'Too large resource version' },
            ]);
        });

        it('selects by labels and fields, and refuses fields it does not know', async () => {
            const path = await podPath();
            await server.call('POST', path, { body: pod('a', { labels: { app: 'x' } }) });
            await server.call('POST', path, { body: pod('b', { labels: { app: 'y' } }) });
            const names = async (query: string): Promise<string[]> =>
                (await server.call('GET', `${path}?${query}`))
                    .json<ApiList<Stored<V1Pod>>>()
                    .items.map(({ metadata }) => metadata.name);
            expect(await names('labelSelector=app%3Dx')).toEqual(['a']);
            expect(await names('fieldSelector=metadata.name%3Db')).toEqual(['b']);
            expect(await names('fieldSelector=status.phase%3DRunning')).toEqual([]);
            const reply = await server.call('GET', `${path}?fieldSelector=foo%3Dbar`);
            expect(reply.status).toBe(400);
            expect(reply.json<V1Status>().message).toBe('field label not supported: foo');
        });

        it('compresses large answers only when asked to', async () => {
            const path = await configMapPath();
            for (const name of ['a', 'b']) {
                await server.call('POST', path, { body: configMap(name, { x: 'x'.repeat(100_000) }) });
            }
            const headers = { 'accept-encoding': 'gzip' };
            const packed = await server.call('GET', path, { headers });
            expect(packed.headers['content-encoding']).toBe('gzip');
            expect((await server.call('GET', path)).headers['content-encoding']).toBeUndefined();
        });
    });

    describe('encodings', () => {
        it('serves tables, metadata alone and YAML, and 406 for the rest', async () => {
            const path = await configMapPath();
            await server.call('POST', path, { body: configMap('a', { x: '1' }) });
            const get = async (accept: string): ReturnType<typeof server.call> =>
                await server.call('GET', path, { headers: { accept } });
            const table = (await get('application/json;as=Table;v=v1;g=meta.k8s.io')).json<{
                kind: string;
                columnDefinitions: { name: string }[];
                rows: { cells: unknown[]; object: { kind: string } }[];
            }>();
            expect(table.columnDefinitions.map(({ name }) => name)).toEqual(['Name', 'Data', 'Age']);
            expect(table.rows[0]?.cells.slice(0, 2)).toEqual(['a', 1]);
            expect(table.rows[0]?.object.kind).toBe('PartialObjectMetadata');
            const partial = await get('application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io');
            expect(partial.json<ApiList<object>>().kind).toBe('PartialObjectMetadataList');
            const yaml = await get('application/yaml');
            expect(yaml.headers['content-type']).toBe('application/yaml');
            expect(yaml.text).toContain('kind: ConfigMapList');
            expect((await get('application/vnd.kubernetes.protobuf')).status).toBe(406);
            const both = await get('application/vnd.kubernetes.protobuf,application/json');
            expect(both.headers['content-type']).toBe('application/json');
        });

        it('serves the two versions of events from one stored object', async () => {
            const name = await namespace();
            const body = {
                metadata: { name: 'e', namespace: name },
                involvedObject: { kind: 'Pod', name: 'p', namespace: name },
                reason: 'Testing',
                message: 'hello',
                type: 'Normal',
            };
            await server.call('POST', `/api/v1/namespaces/${name}/events`, { body });
            const path = `/apis/events.k8s.io/v1/namespaces/${name}/events/e`;
            expect((await server.call('GET', path)).json<object>()).toMatchObject({
                apiVersion: 'events.k8s.io/v1',
                note: 'hello',
                regarding: { name: 'p' },
            });
        });
    });

    describe('delete', () => {
        it('answers with a Status that names what is gone', async () => {
            const path = await configMapPath();
            const { metadata } = (await server.call('POST', path, { body: configMap('a') })).json<
                Stored<V1ConfigMap>
            >();
            const reply = await server.call('DELETE', `${path}/a`);
            expect(reply.json<V1Status>()).toMatchObject({
                status: 'Success',
                details: { name: 'a', kind: 'configmaps', uid: metadata.uid },
            });
            expect((await server.call('GET', `${path}/a`)).status).toBe(404);
        });

        it('waits for finalizers, and completes with the update that takes off the last', async () => {
            const path = await configMapPath();
            const held = { metadata: { name: 'a', finalizers: ['example.com/hold'] } };
            await server.call('POST', path, { body: held });
            const marked = (await server.call('DELETE', `${path}/a`)).json<V1ConfigMap>();
            expect(marked.metadata).toMatchObject({ deletionGracePeriodSeconds: 0 });
            expect(marked.metadata?.deletionTimestamp).toBeDefined();
            const more = { metadata: { finalizers: ['example.com/hold', 'example.com/more'] } };
            const refused = await server.call('PATCH', `${path}/a`, { body: more, headers: merge });
            expect(refused.status).toBe(422);
            const free = { metadata: { finalizers: null } };
            const last = await server.call('PATCH', `${path}/a`, { body: free, headers: merge });
            expect(last.status).toBe(200);
            expect((await server.call('GET', `${path}/a`)).status).toBe(404);
        });

        it('tells the garbage collector by finalizers, from the body or the query', async () => {
            const path = await configMapPath();
            await server.call('POST', path, { body: configMap('a') });
            await server.call('POST', path, { body: configMap('b') });
            const body = { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Foreground' };
            const foreground = await server.call('DELETE', `${path}/a`, { body });
            expect(foreground.status).toBe(202);
            expect(foreground.json<V1ConfigMap>().metadata?.finalizers).toEqual(['foregroundDeletion']);
            const orphan = await server.call('DELETE', `${path}/b?propagationPolicy=Orphan`);
            expect(orphan.json<V1ConfigMap>().metadata?.finalizers).toEqual(['orphan']);
        });

        it('checks uid and resourceVersion preconditions', async () => {
            const path = await configMapPath();
            await server.call('POST', path, { body: configMap('a') });
            for (const preconditions of [{ uid: 'x' }, { resourceVersion: '1' }]) {
                const reply = await server.call('DELETE', `${path}/a`, { body: { preconditions } });
                expect(reply.status).toBe(409);
            }
        });

        it('gives a scheduled pod its grace period, which can only be shortened', async () => {
            const path = await podPath();
            await server.call('POST', path, { body: pod('p') });
            await server.call('POST', `${path}/p/binding`, { body: { target: { name: 'n1' } } });
            const first = (await server.call('DELETE', `${path}/p`)).json<V1Pod>();
            expect(first.metadata?.deletionGracePeriodSeconds).toBe(30);
            const longer = await server.call('DELETE', `${path}/p?gracePeriodSeconds=60`);
            expect(longer.json<V1Pod>().metadata?.deletionGracePeriodSeconds).toBe(30);
            await server.call('DELETE', `${path}/p?gracePeriodSeconds=0`);
            expect((await server.call('GET', `${path}/p`)).status).toBe(404);
        });

        it('deletes the selected part of a collection', async () => {
            const path = await configMapPath();
            for (const name of ['a', 'b', 'c']) {
                const labels = { keep: String(name === 'b') };
                await server.call('POST', path, { body: { metadata: { name, labels } } });
            }
            const reply = await server.call('DELETE', `${path}?labelSelector=keep%3Dfalse`);
            expect(reply.json<ApiList<object>>().items).toHaveLength(2);
            const rest = (await server.call('GET', path)).json<ApiList<Stored<V1ConfigMap>>>();
            expect(rest.items.map(({ metadata }) => metadata.name)).toEqual(['b']);
        });

        it('turns a namespace to Terminating and removes it when it is finalized', async () => {
            const name = await namespace();
            const path = `/api/v1/namespaces/${name}`;
            const marked = (await server.call('DELETE', path)).json<V1Namespace>();
            expect(marked.status?.phase).toBe('Terminating');
            expect(marked.spec?.finalizers).toEqual(['kubernetes']);
            const body = { ...marked, spec: { finalizers: [] } };
            expect((await server.call('PUT', `${path}/finalize`, { body })).status).toBe(200);
            expect((await server.call('GET', path)).status).toBe(404);
        });
    });

    describe('subresources', () => {
        it('binds a pod once', async () => {
            const path = await podPath();
            await server.call('POST', path, { body: pod('p') });
            const bind = async (node: string): ReturnType<typeof server.call> =>
                await server.call('POST', `${path}/p/binding`, { body: { target: { name: node } } });
            expect((await bind('n1')).status).toBe(201);
            const { spec, status } = (await server.call('GET', `${path}/p`)).json<V1Pod>();
            expect(spec?.nodeName).toBe('n1');
            expect(status?.conditions).toMatchObject([{ type: 'PodScheduled', status: 'True' }]);
            const second = await bind('n2');
            expect(second.status).toBe(409);
            expect(second.json<V1Status>().message).toContain('is already assigned to node "n1"');
        });

        it('scales by GET, PUT and PATCH of scale', async () => {
            const path = `/apis/apps/v1/namespaces/${await namespace()}/deployments`;
            await server.call('POST', path, { body: deployment('d') });
            const scale = (await server.call('GET', `${path}/d/scale`)).json<V1Scale>();
            expect(scale).toMatchObject({
                kind: 'Scale',
                spec: { replicas: 2 },
                status: { replicas: 0, selector: 'app=d' },
            });
            const put = { ...scale, spec: { replicas: 4 } };
            expect((await server.call('PUT', `${path}/d/scale`, { body: put })).status).toBe(200);
            const body = { spec: { replicas: 6 } };
            const patched = await server.call('PATCH', `${path}/d/scale`, { body, headers: merge });
            expect(patched.json<V1Scale>().spec?.replicas).toBe(6);
            const after = (await server.call('GET', `${path}/d`)).json<V1Deployment>();
            expect(after.metadata?.generation).toBe(3);
            expect((await server.call('PUT', `${path}/d/scale`, { body: put })).status).toBe(409);
        });

        it('evicts as the disruption budget allows', async () => {
            const name = await namespace();
            const path = `/api/v1/namespaces/${name}/pods`;
            const budgetPath = `/apis/policy/v1/namespaces/${name}/poddisruptionbudgets`;
            await server.call('POST', path, { body: pod('p', { labels: { app: 'x' } }) });
            await server.call('POST', `${path}/p/binding`, { body: { target: { name: 'n1' } } });
            const ready = { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } };
            await server.call('PATCH', `${path}/p/status`, { body: ready, headers: merge });
            const spec = { minAvailable: 1, selector: { matchLabels: { app: 'x' } } };
            await server.call('POST', budgetPath, { body: { metadata: { name: 'b' }, spec } });
            const figures = { currentHealthy: 1, desiredHealthy: 1, expectedPods: 1, observedGeneration: 1 };
            const allow = async (disruptionsAllowed: number): Promise<void> => {
                const body = { status: { ...figures, disruptionsAllowed } };
                await server.call('PATCH', `${budgetPath}/b/status`, { body, headers: merge });
            };
            await allow(0);
            const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'p' } };
            const blocked = await server.call('POST', `${path}/p/eviction`, { body });
            expect(blocked.status).toBe(429);
            expect(blocked.headers['retry-after']).toBeDefined();
            expect(blocked.json<V1Status>()).toMatchObject({
                reason: 'TooManyRequests',
                message: "Cannot evict pod as it would violate the pod's disruption budget.",
                details: { causes: [{ reason: 'DisruptionBudget' }] },
            });
            await allow(1);
            expect((await server.call('POST', `${path}/p/eviction`, { body })).status).toBe(201);
            const gone = (await server.call('GET', `${path}/p`)).json<V1Pod>();
            expect(gone.metadata?.deletionTimestamp).toBeDefined();
        });
    });

    describe('watch', () => {
        const brief = (frame: Frame | undefined): string =>
            `${frame?.type ?? 'end'} ${frame?.object.metadata?.name ?? ''}`;

        it('starts with the current state, then follows', async () => {
            const path = await configMapPath();
            await server.call('POST', path, { body: configMap('a') });
            const watch = await server.watch(`${path}?watch=1`);
            expect(watch.headers['content-encoding']).toBeUndefined();
            expect(brief(await watch.next())).toBe('ADDED a');
            await server.call('PUT', `${path}/a`, { body: configMap('a', { x: '1' }) });
            await server.call('DELETE', `${path}/a`);
            expect(brief(await watch.next())).toBe('MODIFIED a');
            const gone = await watch.next();
            expect(brief(gone)).toBe('DELETED a');
            expect(gone?.object.metadata?.resourceVersion).toBe(String(server.store.revision));
            watch.close();
        });

        it('goes on after a resourceVersion without a gap', async () => {
            const path = await configMapPath();
            const made = (await server.call('POST', path, { body: configMap('a') })).json<
                Stored<V1ConfigMap>
            >();
            await server.call('POST', path, { body: configMap('b') });
            const from = made.metadata.resourceVersion ?? '';
            const watch = await server.watch(`${path}?watch=1&resourceVersion=${from}`);
            expect(brief(await watch.next())).toBe('ADDED b');
            watch.close();
        });

        it('streams the state and its end to sendInitialEvents', async () => {
            const path = await configMapPath();
            await server.call('POST', path, { body: configMap('a') });
            const watch = await server.watch(
                `${path}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`,
            );
            expect(brief(await watch.next())).toBe('ADDED a');
            const end = await watch.next();
            expect(end).toMatchObject({
                type: 'BOOKMARK',
                object: {
                    kind: 'ConfigMap',
                    metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } },
                },
            });
            expect(Number(end?.object.metadata?.resourceVersion)).toBeGreaterThan(0);
            watch.close();
        });

        it('shows objects that begin or cease to match as added or deleted', async () => {
            const path = await configMapPath();
            const watch = await server.watch(`${path}?watch=1&labelSelector=app%3Dx`);
            const put = async (app: string): Promise<void> => {
                const body = { metadata: { name: 'a', labels: { app } } };
                await server.call('PUT', `${path}/a`, { body });
            };
            await server.call('POST', path, { body: { metadata: { name: 'a', labels: { app: 'y' } } } });
            await put('x');
            expect(brief(await watch.next())).toBe('ADDED a');
            await put('z');
            const gone = await watch.next();
            expect(brief(gone)).toBe('DELETED a');
            expect(gone?.object.metadata?.resourceVersion).toBe(String(server.store.revision));
            watch.close();
        });

        it('ends after timeoutSeconds', async () => {
            const path = await configMapPath();
            const watch = await server.watch(`${path}?watch=1&timeoutSeconds=1`);
            expect(await watch.next()).toBeUndefined();
        });

        it('sends tables whose columns come once', async () => {
            const path = await configMapPath();
            const watch = await server.watch(`${path}?watch=1`, {
                accept: 'application/json;as=Table;v=v1;g=meta.k8s.io',
            });
            await server.call('POST', path, { body: configMap('a') });
            await server.call('POST', path, { body: configMap('b') });
            expect((await watch.next())?.object.columnDefinitions).toHaveLength(3);
            const second = await watch.next();
            expect(second?.object.columnDefinitions).toEqual([]);
            expect(second?.object.rows).toHaveLength(1);
            watch.close();
        });

        it('ends with an event that says 410 for a revision whose events are forgotten', async () => {
            const small = await ApiServerFixture.start({ eventsMax: 2 });
            try {
                const path = '/api/v1/namespaces/default/configmaps';
                const made = (await small.call('POST', path, { body: configMap('a') })).json<
                    Stored<V1ConfigMap>
                >();
                for (const name of ['b', 'c', 'd']) {
                    await small.call('POST', path, { body: configMap(name) });
                }
                const from = made.metadata.resourceVersion ?? '';
                const watch = await small.watch(`${path}?watch=1&resourceVersion=${from}`);
                expect(await watch.next()).toMatchObject({
                    type: 'ERROR',
                    object: { kind: 'Status', code: 410, reason: 'Expired' },
                });
                expect(await watch.next()).toBeUndefined();
                watch.close();
            } finally {
                await small.stop();
            }
        });
    });

    describe('access', () => {
        it('refuses requests without credentials except for health and version', async () => {
            const reply = await server.call('GET', '/api/v1/pods', { as: null });
            expect(reply.status).toBe(401);
            expect(reply.json<V1Status>()).toMatchObject({ reason: 'Unauthorized', message: 'Unauthorized' });
        });

        it('forbids what no rule allows, in upstream words', async () => {
            const jane = await server.user('jane');
            const reply = await server.call('GET', '/api/v1/namespaces/default/pods', { as: jane });
            expect(reply.status).toBe(403);
            expect(reply.json<V1Status>().message).toBe(
                'pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "default"',
            );
        });

        it('impersonates for those who may', async () => {
            const headers = { 'impersonate-user': 'jane', 'impersonate-group': 'devs' };
            const reply = await server.call('GET', '/api/v1/pods', { headers });
            expect(reply.json<V1Status>().message).toContain('User "jane" cannot list resource "pods"');
            const jane = await server.user('jane');
            const refused = await server.call('GET', '/api/v1/pods', {
                as: jane,
                headers: { 'impersonate-user': 'admin' },
            });
            expect(refused.json<V1Status>().message).toContain(
                'User "jane" cannot impersonate-on:user-info:list resource "pods"',
            );
        });

        it('answers unknown paths, resources and methods with a Status', async () => {
            expect((await server.call('GET', '/nowhere')).json<V1Status>().reason).toBe('NotFound');
            expect((await server.call('GET', '/apis/none/v1/things')).status).toBe(404);
            expect((await server.call('POST', '/api/v1/pods', { body: pod('p') })).status).toBe(405);
            expect((await server.call('DELETE', '/api/v1/namespaces')).status).toBe(405);
        });
    });

    it('is healthy, says its version and gives metrics', async () => {
        expect((await server.call('GET', '/readyz')).text).toBe('ok');
        expect((await server.call('GET', '/livez?verbose')).text).toContain('[+]etcd ok');
        expect((await server.call('GET', '/version')).json<object>()).toMatchObject({
            major: '1',
            minor: '36',
        });
        const metrics = await server.call('GET', '/metrics');
        expect(metrics.text).toContain('apiserver_request_total{verb="GET"');
        expect(metrics.text).toContain('apiserver_request_duration_seconds_bucket');
    });

    it('speaks HTTP/2', async () => {
        const session = http2.connect(server.url, { ca: server.certificateAuthority, ...server.admin });
        try {
            const body = await new Promise<string>((resolve, reject) => {
                let text = '';
                const stream = session.request({ ':path': '/api/v1/namespaces' });
                stream.setEncoding('utf8');
                stream.on('data', (chunk: string) => (text += chunk));
                stream.on('end', () => resolve(text));
                stream.on('error', reject);
            });
            expect((JSON.parse(body) as ApiList<object>).kind).toBe('NamespaceList');
        } finally {
            session.close();
        }
    });

    it('bounds requests in flight with 429 and Retry-After', async () => {
        const small = await ApiServerFixture.start({ inFlightLimits: { mutating: 0, readOnly: 0 } });
        try {
            const jane = await small.user('jane');
            const reply = await small.call('GET', '/api/v1/pods', { as: jane });
            expect(reply.status).toBe(429);
            expect(reply.headers['retry-after']).toBe('1');
        } finally {
            await small.stop();
        }
    });

    describe('inside the process', () => {
        it('gives the frozen objects of the cache, and leaves the given ones alone', async () => {
            const name = await namespace();
            const given = { ...configMap('a', { x: '1' }), metadata: { name: 'a', namespace: name } };
            const created = await server.client.resource(configMaps).create(given);
            expect(Object.isFrozen(created)).toBe(true);
            expect(Object.isFrozen(given.data)).toBe(false);
            const got = await server.client.resource(configMaps).get({ namespace: name, name: 'a' });
            expect(got).toBe(created);
        });

        it('watches with the same frozen objects', async () => {
            const name = await namespace();
            const seen: string[] = [];
            const watch = await server.client.resource(pods).watch(
                { namespace: name },
                {
                    onEvent: ({ type, object }) =>
                        seen.push(
                            `${type} ${object.metadata?.name ?? ''} ${String(Object.isFrozen(object))}`,
                        ),
                    onEnd: () => undefined,
                },
            );
            const made = pod('p', { namespace: name });
            await server.client.resource(pods).create(made);
            await new Promise((resolve) => setImmediate(resolve));
            expect(seen).toEqual(['ADDED p true']);
            watch.stop();
        });

        it('throws StatusError as a remote server would', async () => {
            const missing = server.client.resource(configMaps).get({ namespace: 'none', name: 'a' });
            await expect(missing).rejects.toMatchObject({ reason: 'NotFound', code: 404 });
        });
    });

    it('ends watches and closes within its bound when it stops', async () => {
        const other = await ApiServerFixture.start();
        const watch = await other.watch('/api/v1/configmaps?watch=1');
        const startMs = performance.now();
        await other.stop();
        expect(await watch.next()).toBeUndefined();
        expect(performance.now() - startMs).toBeLessThan(6_000);
    });
});
