import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { writeFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { V1ManagedFieldsEntry, V1ObjectMeta, V1Status } from '../../src/api/meta/object.ts';
import { openApiRoutes } from '../../src/components/apiserver/openapi/routes.ts';
import { ApiServerFixture, type Reply } from './apiserver/fixture.ts';

interface Loose {
    metadata: V1ObjectMeta;
    data?: Record<string, string>;
    spec?: {
        replicas?: number;
        ports?: { port: number; protocol?: string; name?: string }[];
        selector?: unknown;
        template?: { spec: { containers: { name: string; image: string }[] } };
    };
    status?: { replicas?: number };
}

let server: ApiServerFixture;
let count = 0;
let name = '';

beforeAll(async () => {
    server = await ApiServerFixture.start({ extensions: { routes: openApiRoutes() } });
});
afterAll(async () => {
    await server.stop();
});
beforeEach(() => {
    name = `o${++count}`;
});

const configMaps = '/api/v1/namespaces/default/configmaps';
const deployments = '/apis/apps/v1/namespaces/default/deployments';

async function apply(path: string, body: unknown, query: string): Promise<Reply> {
    return await server.call('PATCH', `${path}?${query}`, {
        body,
        headers: { 'content-type': 'application/apply-patch+yaml' },
    });
}

async function applied(path: string, body: unknown, query: string, status = 200): Promise<Loose> {
    const reply = await apply(path, body, query);
    expect([reply.status, reply.status === status ? '' : reply.text]).toEqual([status, '']);
    return reply.json<Loose>();
}

async function write(
    method: string,
    path: string,
    body: unknown,
    headers: Record<string, string> = {},
): Promise<Loose> {
    const reply = await server.call(method, path, { body, headers });
    expect([reply.status < 300, reply.status < 300 ? '' : reply.text]).toEqual([true, '']);
    return reply.json<Loose>();
}

async function get(path: string): Promise<Loose> {
    return (await server.call('GET', path)).json<Loose>();
}

const mergePatch = { 'content-type': 'application/merge-patch+json' };

const configMap = (data: Record<string, string>): object => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name },
    data,
});

const deployment = (spec: object): object => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec,
});

const podTemplate = {
    selector: { matchLabels: { app: 'a' } },
    template: {
        metadata: { labels: { app: 'a' } },
        spec: { containers: [{ name: 'web', image: 'nginx', ports: [{ containerPort: 80 }] }] },
    },
};

/** The entries without times, as text that is easy to compare. */
function owners({ metadata }: Loose): Record<string, unknown> {
    return Object.fromEntries(
        (metadata.managedFields ?? []).map((entry: V1ManagedFieldsEntry) => [
            [entry.manager, entry.operation, entry.apiVersion, entry.subresource].filter(Boolean).join(' '),
            entry.fieldsV1,
        ]),
    );
}

describe('server-side apply', () => {
    it('creates what does not exist, and writes nothing when nothing changes', async () => {
        const path = `${configMaps}/${name}`;
        const created = await applied(path, configMap({ a: '1' }), 'fieldManager=one', 201);
        expect(owners(created)).toEqual({ 'one Apply v1': { 'f:data': { 'f:a': {} } } });
        const [entry] = created.metadata.managedFields ?? [];
        expect(entry?.time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
        expect(entry?.fieldsType).toBe('FieldsV1');
        const again = await applied(path, configMap({ a: '1' }), 'fieldManager=one');
        expect(again.metadata.resourceVersion).toBe(created.metadata.resourceVersion);
    });

    it('takes YAML, and sharing a value with another manager is no conflict', async () => {
        const path = `${configMaps}/${name}`;
        const yaml = `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\ndata:\n  a: "1"\n`;
        await applied(path, yaml, 'fieldManager=one', 201);
        const shared = await applied(path, yaml, 'fieldManager=two');
        expect(Object.keys(owners(shared))).toEqual(['one Apply v1', 'two Apply v1']);
        const { data: _data, ...nothing } = { data: {}, ...configMap({}) };
        const left = await applied(path, nothing, 'fieldManager=one');
        expect(left.data).toEqual({ a: '1' });
        const gone = await applied(path, nothing, 'fieldManager=two');
        expect(gone.data ?? {}).toEqual({});
    });

    it('who applies an empty map owns what others put into it, as upstream takes it for once atomic', async () => {
        const path = `${configMaps}/${name}`;
        await applied(path, configMap({ a: '1' }), 'fieldManager=two', 201);
        await applied(path, configMap({}), 'fieldManager=one');
        const left = await applied(path, configMap({}), 'fieldManager=two');
        expect(left.data).toEqual({ a: '1' });
        expect(owners(left)['one Apply v1']).toEqual({ 'f:data': { '.': {}, 'f:a': {} } });
    });

    it('refuses to change what others own, in upstream words, unless forced', async () => {
        const path = `${deployments}/${name}`;
        await write(
            'POST',
            `${deployments}?fieldManager=kubectl-client-side-apply`,
            deployment({ replicas: 1, ...podTemplate }),
        );
        const reply = await apply(path, deployment({ replicas: 3 }), 'fieldManager=one');
        const status = reply.json<V1Status>();
        expect([reply.status, status.reason, status.message]).toEqual([
            409,
            'Conflict',
            'Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using apps/v1: .spec.replicas',
        ]);
        expect(status.details?.causes).toEqual([
            {
                reason: 'FieldManagerConflict',
                message: 'conflict with "kubectl-client-side-apply" using apps/v1',
                field: '.spec.replicas',
            },
        ]);
        const two = await apply(
            path,
            deployment({
                replicas: 3,
                template: { spec: { containers: [{ name: 'web', image: 'other' }] } },
            }),
            'fieldManager=one',
        );
        expect(two.json<V1Status>().message).toBe(
            'Apply failed with 2 conflicts: conflicts with "kubectl-client-side-apply" using apps/v1:\n- .spec.replicas\n- .spec.template.spec.containers[name="web"].image',
        );
        const forced = await applied(path, deployment({ replicas: 3 }), 'fieldManager=one&force=true');
        expect(forced.spec?.replicas).toBe(3);
        expect(owners(forced)['one Apply apps/v1']).toEqual({ 'f:spec': { 'f:replicas': {} } });
        const other = owners(forced)['kubectl-client-side-apply Update apps/v1'] as Record<string, object>;
        expect(Object.keys(other['f:spec'] ?? {})).not.toContain('f:replicas');
    });

    it('keeps defaulted keys of list items apart, and removes an item that is applied no longer', async () => {
        const path = `/api/v1/namespaces/default/services/${name}`;
        const service = (...ports: object[]): object => ({
            apiVersion: 'v1',
            kind: 'Service',
            metadata: { name },
            spec: { ports, selector: { app: 'a' } },
        });
        const dns = [
            { name: 'udp', port: 53, protocol: 'UDP' },
            { name: 'tcp', port: 53 },
        ];
        const created = await applied(path, service(...dns), 'fieldManager=one', 201);
        expect(created.spec?.ports?.map(({ protocol }) => protocol)).toEqual(['UDP', 'TCP']);
        expect(owners(created)).toEqual({
            'one Apply v1': {
                'f:spec': {
                    'f:ports': {
                        'k:{"port":53,"protocol":"TCP"}': { '.': {}, 'f:name': {}, 'f:port': {} },
                        'k:{"port":53,"protocol":"UDP"}': {
                            '.': {},
                            'f:name': {},
                            'f:port': {},
                            'f:protocol': {},
                        },
                    },
                    'f:selector': {},
                },
            },
        });
        const left = await applied(path, service({ name: 'tcp', port: 53 }), 'fieldManager=one');
        expect(left.spec?.ports?.map(({ name: port }) => port)).toEqual(['tcp']);
    });

    it('needs a manager, a fitting type, and no managedFields', async () => {
        const path = `${configMaps}/${name}`;
        const message = async (body: unknown, query: string): Promise<[number, string | undefined]> => {
            const reply = await apply(path, body, query);
            return [reply.status, reply.json<V1Status>().message];
        };
        expect(await message(configMap({}), '')).toEqual([
            422,
            'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
        ]);
        expect(await message({ ...configMap({}), foo: 1 }, 'fieldManager=a')).toEqual([
            500,
            `failed to create typed patch object (/${name}; /v1, Kind=ConfigMap): .foo: field not declared in schema`,
        ]);
        expect(await message({ ...configMap({}), apiVersion: 'v2' }, 'fieldManager=a')).toEqual([
            400,
            'Incorrect version specified in apply patch. Specified patch version: v2, expected: v1',
        ]);
        const managed = { ...configMap({}), metadata: { name, managedFields: [{}] } };
        expect(await message(managed, 'fieldManager=a')).toEqual([400, 'metadata.managedFields must be nil']);
        const duplicate = `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\ndata:\n  a: x\n  a: y\n`;
        const [code, text] = await message(duplicate, 'fieldManager=a&fieldValidation=Strict');
        expect([code, text]).toEqual([400, expect.stringContaining('error strict decoding YAML: ')]);
        const cbor = await server.call('PATCH', `${path}?fieldManager=a`, {
            body: 'x',
            headers: { 'content-type': 'application/apply-patch+cbor' },
        });
        expect(cbor.status).toBe(415);
        const force = await server.call('PATCH', `${path}?force=true`, { body: {}, headers: mergePatch });
        expect(force.json<V1Status>().message).toContain(
            'force: Forbidden: may not be specified for non-apply patch',
        );
    });

    it('keeps the ownership of status and of scale apart from that of the object', async () => {
        const path = `${deployments}/${name}`;
        const body = { ...deployment({ replicas: 1, ...podTemplate }), status: { replicas: 7 } };
        const created = await applied(path, body, 'fieldManager=one', 201);
        expect(created.status?.replicas).toBeUndefined();
        expect(JSON.stringify(owners(created))).not.toContain('f:status');
        const status = { ...deployment({ replicas: 9 }), status: { replicas: 4 } };
        const withStatus = await applied(`${path}/status`, status, 'fieldManager=two');
        expect([withStatus.spec?.replicas, withStatus.status?.replicas]).toEqual([1, 4]);
        expect(owners(withStatus)['two Apply apps/v1 status']).toEqual({
            'f:status': { 'f:replicas': {} },
        });
        const scale = {
            apiVersion: 'autoscaling/v1',
            kind: 'Scale',
            metadata: { name, namespace: 'default' },
            spec: { replicas: 5 },
        };
        const refused = await apply(`${path}/scale`, scale, 'fieldManager=three');
        expect(refused.json<V1Status>().message).toBe(
            'Apply failed with 1 conflict: conflict with "one": .spec.replicas',
        );
        const scaled = await applied(`${path}/scale`, scale, 'fieldManager=three&force=true');
        expect(scaled.spec?.replicas).toBe(5);
        const after = owners(await get(path));
        expect(after['three Apply apps/v1 scale']).toEqual({ 'f:spec': { 'f:replicas': {} } });
        expect(JSON.stringify(after['one Apply apps/v1'])).not.toContain('f:replicas');
    });

    it('a dry run of a creation stores nothing', async () => {
        const path = `${configMaps}/${name}`;
        await applied(path, configMap({ a: '1' }), 'fieldManager=one&dryRun=All', 201);
        expect((await server.call('GET', path)).status).toBe(404);
        const missing = await apply(`${deployments}/${name}/status`, deployment({}), 'fieldManager=one');
        expect(missing.status).toBe(404);
    });
});

describe('managedFields', () => {
    it('name every writer: by parameter, else by user agent', async () => {
        const path = `${configMaps}/${name}`;
        const created = await write('POST', configMaps, configMap({ a: '1' }), {
            'user-agent': 'kubectl/v1.33.0 (linux/amd64)',
        });
        expect(owners(created)).toEqual({ 'kubectl Update v1': { 'f:data': { '.': {}, 'f:a': {} } } });
        const patched = await write('PATCH', `${path}?fieldManager=two`, { data: { b: '2' } }, mergePatch);
        expect(owners(patched)['two Update v1']).toEqual({ 'f:data': { 'f:b': {} } });
        const labelled = await write('PATCH', path, { metadata: { labels: { x: 'y' } } }, mergePatch);
        expect(owners(labelled)['unknown Update v1']).toEqual({
            'f:metadata': { 'f:labels': { '.': {}, 'f:x': {} } },
        });
        const object = await server.client.request({
            method: 'POST',
            path: configMaps,
            body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `${name}-own` } },
        });
        expect((object as Loose).metadata.name).toBe(`${name}-own`);
    });

    it('stay when an update leaves them out, and are reset by an empty list or entry', async () => {
        const path = `${configMaps}/${name}`;
        await applied(path, configMap({ a: '1' }), 'fieldManager=one', 201);
        const kept = await write('PUT', `${path}?fieldManager=two`, configMap({ a: '1', b: '2' }));
        expect(Object.keys(owners(kept))).toEqual(['one Apply v1', 'two Update v1']);
        const reset = { metadata: { managedFields: [{}] } };
        const stripped = await write('PATCH', path, reset, mergePatch);
        expect(stripped.metadata.managedFields).toBeUndefined();
        const untracked = await write('PATCH', path, { data: { c: '3' } }, mergePatch);
        expect(untracked.metadata.managedFields).toBeUndefined();
        const tracked = await applied(path, configMap({ d: '4' }), 'fieldManager=one');
        expect(Object.keys(owners(tracked))).toEqual(['one Apply v1', 'before-first-apply Update v1']);
        const empty = await write('PUT', path, {
            ...configMap({ d: '4' }),
            metadata: { name, managedFields: [] },
        });
        expect(Object.keys(owners(empty))).not.toContain('one Apply v1');
    });

    it('do not turn a write that changes nothing into one', async () => {
        const path = `${configMaps}/${name}`;
        const created = await write('POST', configMaps, configMap({ a: '1' }));
        const again = await write('PUT', `${path}?fieldManager=other`, configMap({ a: '1' }));
        expect(again.metadata.resourceVersion).toBe(created.metadata.resourceVersion);
        const later = created.metadata.managedFields?.map((entry) => ({
            ...entry,
            time: '2001-01-01T00:00:00Z',
        }));
        const timed = await write('PATCH', path, { metadata: { managedFields: later } }, mergePatch);
        expect(timed.metadata.resourceVersion).toBe(created.metadata.resourceVersion);
    });

    it('remember ten managers that update, and merge older ones', async () => {
        const path = `${configMaps}/${name}`;
        await write('POST', `${configMaps}?fieldManager=m0`, configMap({ k0: '0' }));
        let last: Loose | undefined;
        for (let i = 1; i <= 14; i++) {
            const patch = { data: { [`k${i}`]: String(i) } };
            last = await write('PATCH', `${path}?fieldManager=m${i}`, patch, mergePatch);
        }
        const managers = Object.keys(owners(last!));
        expect(managers).toHaveLength(10);
        expect(managers).toContain('ancient-changes Update v1');
    });
});

describe('kubectl', () => {
    let directory: string;
    beforeAll(async () => {
        directory = await mkdtemp(join(tmpdir(), 'hyperkube-apply-'));
    });
    afterAll(async () => {
        await rm(directory, { recursive: true });
    });

    async function kubectl(...args: string[]): Promise<string> {
        const { code, stdout, stderr } = await server.kubectl(...args);
        expect({ args, code, stderr: code === 0 ? '' : stderr }).toEqual({ args, code: 0, stderr: '' });
        return stdout.trim();
    }
    async function file(...objects: object[]): Promise<string> {
        const path = join(directory, `${name}-${Math.random()}.json`);
        await writeFile(path, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
        return path;
    }

    it('applies on the server, shows the difference, and reports conflicts', async () => {
        const one = await file(deployment({ replicas: 1, ...podTemplate }));
        expect(await kubectl('apply', '--server-side', '-f', one)).toBe(
            `deployment.apps/${name} serverside-applied`,
        );
        const two = await file(deployment({ replicas: 2, ...podTemplate }));
        const diff = await server.kubectl('diff', '--server-side', '-f', two);
        expect([diff.code, diff.stdout]).toEqual([1, expect.stringContaining('+  replicas: 2')]);
        await kubectl('scale', 'deployment', name, '--replicas=4');
        const conflict = await server.kubectl('apply', '--server-side', '-f', two);
        expect(conflict.code).toBe(1);
        expect(conflict.stderr).toContain(
            'conflict with "kubectl" with subresource "scale" using apps/v1: .spec.replicas',
        );
        await kubectl('apply', '--server-side', '--force-conflicts', '-f', two);
        expect((await get(`${deployments}/${name}`)).spec?.replicas).toBe(2);
    });

    it('goes over from client-side to server-side apply and back', async () => {
        const one = await file(deployment({ replicas: 1, ...podTemplate }));
        await kubectl('apply', '-f', one);
        const two = await file(deployment({ replicas: 2, ...podTemplate }));
        await kubectl('apply', '--server-side', '-f', two);
        const object = await get(`${deployments}/${name}`);
        expect(object.spec?.replicas).toBe(2);
        // The second is kubectl's own, which keeps the annotation alive until it is applied no longer.
        expect(Object.keys(owners(object))).toEqual([
            'kubectl Apply apps/v1',
            'kubectl-last-applied Apply apps/v1',
        ]);
        const annotation =
            object.metadata.annotations?.['kubectl.kubernetes.io/last-applied-configuration'] ?? '';
        expect((JSON.parse(annotation) as Loose).spec?.replicas).toBe(2);
        const three = await file(deployment({ replicas: 3, ...podTemplate }));
        await kubectl('apply', '-f', three);
        expect((await get(`${deployments}/${name}`)).spec?.replicas).toBe(3);
    });

    it('prunes, labels and hides managedFields', async () => {
        const labelled = (suffix: string): object => ({
            apiVersion: 'v1',
            kind: 'ConfigMap',
            metadata: { name: `${name}-${suffix}`, namespace: 'default', labels: { set: name } },
        });
        const prune = ['--prune', '-l', `set=${name}`, '--prune-allowlist=core/v1/ConfigMap'];
        await kubectl('apply', '-f', await file(labelled('a'), labelled('b')));
        const output = await kubectl('apply', '-f', await file(labelled('a')), ...prune);
        expect(output).toContain(`configmap/${name}-b pruned`);
        await kubectl('label', 'configmap', `${name}-a`, 'x=y');
        expect(await kubectl('get', 'configmap', `${name}-a`, '-o', 'yaml')).not.toContain('managedFields');
        const shown = await kubectl('get', 'configmap', `${name}-a`, '-o', 'yaml', '--show-managed-fields');
        expect(shown).toContain('manager: kubectl-label');
    });
});
