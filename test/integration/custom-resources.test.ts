import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createCelCompiler } from '../../src/api/cel/compiler.ts';
import { ApiServerFixture } from './apiserver/fixture.ts';

const definitionsPath = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const group = 'stable.example.com';
const cronTabsPath = `/apis/${group}/v1/namespaces/default/crontabs`;

const compiler = createCelCompiler();
const cel = async () => await Promise.resolve(compiler);

interface Version {
    name: string;
    [field: string]: unknown;
}

const specSchema = {
    type: 'object',
    required: ['schedule'],
    properties: {
        schedule: { type: 'string', pattern: '^(\\d+|\\*)(/\\d+)?(\\s+(\\d+|\\*)(/\\d+)?){4}$' },
        replicas: { type: 'integer', minimum: 1, maximum: 10, default: 1 },
        policy: { type: 'string', enum: ['Allow', 'Forbid'], default: 'Allow' },
        template: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        port: { 'x-kubernetes-int-or-string': true },
        steps: {
            type: 'array',
            'x-kubernetes-list-type': 'map',
            'x-kubernetes-list-map-keys': ['name'],
            items: {
                type: 'object',
                required: ['name'],
                properties: { name: { type: 'string' }, cost: { type: 'integer', maximum: 5 } },
            },
        },
    },
};

function version(name: string, fields: object = {}): Version {
    return {
        name,
        served: true,
        storage: true,
        subresources: {
            status: {},
            scale: {
                specReplicasPath: '.spec.replicas',
                statusReplicasPath: '.status.replicas',
                labelSelectorPath: '.status.selector',
            },
        },
        selectableFields: [{ jsonPath: '.spec.policy' }],
        additionalPrinterColumns: [
            { name: 'Schedule', type: 'string', jsonPath: '.spec.schedule' },
            { name: 'Replicas', type: 'integer', jsonPath: '.spec.replicas' },
            { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
            { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
        ],
        schema: {
            openAPIV3Schema: {
                type: 'object',
                properties: {
                    spec: specSchema,
                    status: {
                        type: 'object',
                        properties: {
                            replicas: { type: 'integer' },
                            selector: { type: 'string' },
                            conditions: {
                                type: 'array',
                                items: {
                                    type: 'object',
                                    properties: { type: { type: 'string' }, status: { type: 'string' } },
                                },
                            },
                        },
                    },
                },
            },
        },
        ...fields,
    };
}

function definition(versions: Version[], names: object = {}, spec: object = {}) {
    const all = {
        plural: 'crontabs',
        singular: 'crontab',
        kind: 'CronTab',
        shortNames: ['ct'],
        categories: ['all'],
        ...names,
    };
    return {
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        metadata: { name: `${all.plural}.${group}` },
        spec: { group, scope: 'Namespaced', names: all, versions, ...spec },
    };
}

function cronTab(name: string, spec: object = {}, apiVersion = `${group}/v1`) {
    return { apiVersion, kind: 'CronTab', metadata: { name }, spec: { schedule: '* * * * */5', ...spec } };
}

interface Definition {
    metadata: { resourceVersion: string; finalizers?: string[] };
    spec: { versions: Version[] };
    status: {
        storedVersions: string[];
        acceptedNames: { plural: string };
        conditions: { type: string; status: string; reason: string }[];
    };
}

describe('custom resources', () => {
    let server: ApiServerFixture;
    beforeAll(async () => {
        server = await ApiServerFixture.start({ customResources: { cel } });
        await server.call('POST', '/api/v1/namespaces', { body: { metadata: { name: 'default' } } });
    });
    afterAll(async () => {
        await server.stop();
    });

    const read = async (name: string): Promise<Definition> =>
        (await server.call('GET', `${definitionsPath}/${name}`)).json<Definition>();
    async function until(what: () => Promise<boolean>): Promise<void> {
        const deadline = Date.now() + 5_000;
        while (!(await what())) {
            if (Date.now() > deadline) throw new Error('it did not happen');
            await new Promise((resolve) => setTimeout(resolve, 10));
        }
    }
    const condition = (object: Definition, type: string) =>
        object.status.conditions.find((one) => one.type === type);
    const isServed = async (path: string): Promise<boolean> =>
        (await server.call('GET', path)).status === 200;
    async function install(object: ReturnType<typeof definition>): Promise<void> {
        const created = await server.call('POST', definitionsPath, { body: object });
        expect([created.status, created.text.slice(0, 300)]).toEqual([201, expect.anything()]);
        await until(
            async () => condition(await read(object.metadata.name), 'Established')?.status === 'True',
        );
        const served = object.spec.versions.find((one) => one.served);
        await until(() => isServed(`/apis/${group}/${served?.name ?? ''}/${object.spec.names.plural}`));
    }
    async function uninstall(name: string): Promise<void> {
        await server.call('DELETE', `${definitionsPath}/${name}`);
        await until(async () => (await server.call('GET', `${definitionsPath}/${name}`)).status === 404);
    }

    describe('of an established definition', () => {
        beforeAll(async () => {
            await install(definition([version('v1')]));
        });
        afterAll(async () => {
            await uninstall(`crontabs.${group}`);
        });

        it('has its conditions, names and stored versions', async () => {
            const found = await read(`crontabs.${group}`);
            expect(condition(found, 'NamesAccepted')).toMatchObject({
                status: 'True',
                reason: 'NoConflicts',
            });
            expect(condition(found, 'Established')).toMatchObject({ reason: 'InitialNamesAccepted' });
            expect(found.status.storedVersions).toEqual(['v1']);
            expect(found.status.acceptedNames.plural).toBe('crontabs');
        });

        it('sets defaults, drops unknown fields and keeps what is preserved', async () => {
            const body = cronTab('defaults', { unknown: 1, template: { any: { thing: 1 } }, port: 'http' });
            const created = await server.call('POST', cronTabsPath, { body });
            expect(created.status).toBe(201);
            expect(created.headers.warning).toContain('unknown field \\"spec.unknown\\"');
            expect(created.json<{ spec: object; metadata: object }>()).toMatchObject({
                metadata: { generation: 1 },
                spec: {
                    schedule: '* * * * */5',
                    replicas: 1,
                    policy: 'Allow',
                    template: { any: { thing: 1 } },
                    port: 'http',
                },
            });
            expect(created.json<{ spec: object }>().spec).not.toHaveProperty('unknown');
            const strict = await server.call('POST', `${cronTabsPath}?fieldValidation=Strict`, {
                body: cronTab('strict', { unknown: 1 }),
            });
            expect([strict.status, strict.json<{ message: string }>().message]).toEqual([
                400,
                'CronTab in version "v1" cannot be handled as a CronTab: strict decoding error: unknown field "spec.unknown"',
            ]);
        });

        it.each([
            [
                { replicas: 11 },
                'spec.replicas: Invalid value: 11: spec.replicas in body should be less than or equal to 10',
            ],
            [
                { replicas: 'x' },
                'spec.replicas: Invalid value: "string": spec.replicas in body must be of type integer: "string"',
            ],
            [
                { policy: 'Never' },
                'spec.policy: Unsupported value: "Never": supported values: "Allow", "Forbid"',
            ],
            [
                { schedule: 'x' },
                `spec.schedule: Invalid value: "x": spec.schedule in body should match '${specSchema.properties.schedule.pattern}'`,
            ],
            [{ schedule: undefined }, 'spec.schedule: Required value'],
            [{ steps: [{ name: 'a' }, { name: 'a' }] }, 'spec.steps[1]: Duplicate value: {"name":"a"}'],
        ])('refuses %j', async (spec, message) => {
            const answer = await server.call('POST', cronTabsPath, { body: cronTab('bad', spec) });
            expect([answer.status, answer.json<{ message: string }>().message]).toEqual([
                422,
                `CronTab.${group} "bad" is invalid: ${message}`,
            ]);
        });

        it('takes merge and JSON patches, and no strategic one', async () => {
            await server.call('POST', cronTabsPath, { body: cronTab('patched') });
            const patch = async (type: string, body: unknown) =>
                await server.call('PATCH', `${cronTabsPath}/patched`, {
                    body,
                    headers: { 'content-type': `application/${type}+json` },
                });
            const merged = await patch('merge-patch', { spec: { replicas: 3 } });
            expect(merged.json<object>()).toMatchObject({
                metadata: { generation: 2 },
                spec: { replicas: 3 },
            });
            const replaced = await patch('json-patch', [{ op: 'replace', path: '/spec/replicas', value: 4 }]);
            expect(replaced.json<object>()).toMatchObject({
                metadata: { generation: 3 },
                spec: { replicas: 4 },
            });
            expect((await patch('strategic-merge-patch', {})).status).toBe(415);
        });

        it('keeps status and spec apart, and scales', async () => {
            await server.call('POST', cronTabsPath, {
                body: { ...cronTab('scaled'), status: { replicas: 9 } },
            });
            const found = (await server.call('GET', `${cronTabsPath}/scaled`)).json<{ status?: object }>();
            expect(found.status).toBeUndefined();
            const status = await server.call('PUT', `${cronTabsPath}/scaled/status`, {
                body: { ...found, status: { replicas: 2, selector: 'a=b' }, spec: { schedule: 'ignored' } },
            });
            expect(status.json<object>()).toMatchObject({
                metadata: { generation: 1 },
                spec: { schedule: '* * * * */5' },
                status: { replicas: 2 },
            });
            const scale = await server.call('PATCH', `${cronTabsPath}/scaled/scale`, {
                body: { spec: { replicas: 7 } },
                headers: { 'content-type': 'application/merge-patch+json' },
            });
            expect(scale.json<object>()).toMatchObject({
                kind: 'Scale',
                spec: { replicas: 7 },
                status: { replicas: 2, selector: 'a=b' },
            });
            expect((await server.call('GET', `${cronTabsPath}/scaled`)).json<object>()).toMatchObject({
                metadata: { generation: 2 },
                spec: { replicas: 7 },
            });
        });

        it('tolerates on update what was invalid before, where it has not changed', async () => {
            const name = `crontabs.${group}`;
            const kept = { name: 'kept', cost: 5 };
            await server.call('POST', cronTabsPath, { body: cronTab('ratchet', { steps: [kept] }) });
            const before = await read(name);
            const tighter = structuredClone(before);
            const schema = tighter.spec.versions[0]!.schema as {
                openAPIV3Schema: { properties: { spec: typeof specSchema } };
            };
            schema.openAPIV3Schema.properties.spec.properties.steps.items.properties.cost.maximum = 2;
            expect((await server.call('PUT', `${definitionsPath}/${name}`, { body: tighter })).status).toBe(
                200,
            );
            const patch = async (steps: object[]) =>
                await server.call('PATCH', `${cronTabsPath}/ratchet`, {
                    body: { spec: { steps } },
                    headers: { 'content-type': 'application/merge-patch+json' },
                });
            await until(async () => (await patch([{ name: 'new', cost: 3 }])).status === 422);
            expect((await patch([{ name: 'other', cost: 1 }, kept])).status).toBe(200);
            expect((await patch([{ name: 'kept', cost: 4 }])).status).toBe(422);
        });

        it('selects by field and prints columns', async () => {
            await server.call('POST', cronTabsPath, { body: cronTab('selected', { policy: 'Forbid' }) });
            const list = await server.call('GET', `${cronTabsPath}?fieldSelector=spec.policy%3DForbid`);
            const { kind, items } = list.json<{ kind: string; items: { metadata: { name: string } }[] }>();
            expect([kind, items.map(({ metadata }) => metadata.name)]).toEqual(['CronTabList', ['selected']]);
            const wrong = await server.call('GET', `${cronTabsPath}?fieldSelector=spec.none%3DForbid`);
            expect([wrong.status, wrong.json<{ message: string }>().message]).toEqual([
                400,
                'field label not supported: spec.none',
            ]);
            const { stdout, stderr } = await server.kubectl('get', 'ct', 'selected');
            expect(stderr).toBe('');
            expect(stdout).toMatch(
                /NAME +SCHEDULE +REPLICAS +READY +AGE\nselected +\* \* \* \* \*\/5 +1 +\S* *\d+s/,
            );
        });

        it('is applied by the server, field by field and item by item', async () => {
            const apply = async (manager: string, spec: object) =>
                await server.call('PATCH', `${cronTabsPath}/ssa?fieldManager=${manager}`, {
                    body: { ...cronTab('ssa'), spec },
                    headers: { 'content-type': 'application/apply-patch+yaml' },
                });
            const first = await apply('one', { schedule: '* * * * */5', steps: [{ name: 'a', cost: 1 }] });
            expect(first.status).toBe(201);
            const second = await apply('two', { steps: [{ name: 'b', cost: 2 }] });
            expect(second.json<object>()).toMatchObject({
                spec: {
                    steps: [
                        { name: 'a', cost: 1 },
                        { name: 'b', cost: 2 },
                    ],
                },
            });
            const conflict = await apply('two', { schedule: '1 * * * *' });
            expect([conflict.status, conflict.text]).toEqual([
                409,
                expect.stringContaining('.spec.schedule'),
            ]);
        });

        it('stands in discovery and in OpenAPI documents', async () => {
            const list = (await server.call('GET', `/apis/${group}/v1`)).json<{
                resources: { name: string }[];
            }>();
            expect(list.resources.map(({ name }) => name)).toEqual([
                'crontabs',
                'crontabs/status',
                'crontabs/scale',
            ]);
            const aggregated = await server.call('GET', '/apis', {
                headers: { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' },
            });
            expect(aggregated.text).toContain('"resource":"crontabs"');
            const { paths } = (await server.call('GET', '/openapi/v3')).json<{
                paths: Record<string, { serverRelativeURL: string }>;
            }>();
            const document = await server.call('GET', paths[`apis/${group}/v1`]!.serverRelativeURL);
            expect(document.text).toContain('x-kubernetes-list-map-keys');
            const explained = await server.kubectl('explain', 'crontab.spec.policy');
            expect(explained.stdout).toContain('ENUM');
            const v2 = await server.call('GET', '/openapi/v2');
            expect(v2.text).toContain('com.example.stable.v1.CronTab"');
        });

        it('applies, edits and deletes with kubectl', async () => {
            const file = join(server.kubeconfig, '..', 'tab.json');
            await writeFile(file, JSON.stringify(cronTab('applied')));
            expect((await server.kubectl('apply', '-f', file)).stdout).toContain(
                'crontab.stable.example.com/applied created',
            );
            await writeFile(file, JSON.stringify(cronTab('applied', { replicas: 2 })));
            expect((await server.kubectl('apply', '-f', file)).stdout).toContain('applied configured');
            const deleted = await server.kubectl('delete', 'ct', 'applied');
            expect(deleted.stdout).toContain('crontab.stable.example.com "applied" deleted');
        });
    });

    it('names that are taken are refused, and accepted when they become free', async () => {
        await install(definition([version('v1')]));
        const second = definition([version('v1')], {
            plural: 'others',
            singular: 'other',
            shortNames: ['ot'],
        });
        await server.call('POST', definitionsPath, { body: second });
        const other = `others.${group}`;
        await until(async () => condition(await read(other), 'NamesAccepted') !== undefined);
        expect(condition(await read(other), 'NamesAccepted')).toMatchObject({
            status: 'False',
            reason: 'ListKindConflict',
        });
        expect(condition(await read(other), 'Established')).toMatchObject({
            status: 'False',
            reason: 'NotAccepted',
        });
        expect((await server.call('GET', `/apis/${group}/v1/others`)).status).toBe(404);
        await uninstall(`crontabs.${group}`);
        await until(async () => condition(await read(other), 'Established')?.status === 'True');
        await uninstall(other);
    });

    it('versions show the same objects, and what is not served is not there', async () => {
        await install(
            definition([
                version('v1'),
                version('v2', { storage: false }),
                version('v3', { storage: false, served: false }),
            ]),
        );
        await server.call('POST', cronTabsPath, { body: cronTab('shared') });
        const second = `/apis/${group}/v2/namespaces/default/crontabs`;
        const watch = await server.watch(`${second}?watch=1&resourceVersion=0`);
        expect(await watch.next()).toMatchObject({ type: 'ADDED', object: { apiVersion: `${group}/v2` } });
        await server.call('PATCH', `${cronTabsPath}/shared`, {
            body: { spec: { replicas: 2 } },
            headers: { 'content-type': 'application/merge-patch+json' },
        });
        expect(await watch.next()).toMatchObject({
            type: 'MODIFIED',
            object: { apiVersion: `${group}/v2`, spec: { replicas: 2 } },
        });
        watch.close();
        const through = await server.call('POST', second, { body: cronTab('through', {}, `${group}/v2`) });
        expect(through.json<object>()).toMatchObject({ apiVersion: `${group}/v2` });
        const { kvs } = await server.store.range({ key: `/registry/${group}/crontabs/default/through` });
        expect(kvs[0]?.value.toString()).toContain(`"apiVersion":"${group}/v1"`);
        expect((await server.call('GET', `/apis/${group}/v3/namespaces/default/crontabs`)).status).toBe(404);
        const current = await read(`crontabs.${group}`);
        current.spec.versions[1]!.served = false;
        await server.call('PUT', `${definitionsPath}/crontabs.${group}`, { body: current });
        await until(async () => (await server.call('GET', second)).status === 404);
        await uninstall(`crontabs.${group}`);
    });

    it('a definition that is deleted takes its objects with it, and comes back empty', async () => {
        const name = `crontabs.${group}`;
        await install(definition([version('v1')]));
        await server.call('POST', cronTabsPath, { body: cronTab('free') });
        const held = cronTab('held');
        await server.call('POST', cronTabsPath, {
            body: { ...held, metadata: { ...held.metadata, finalizers: ['example.com/hold'] } },
        });
        const watch = await server.watch(`${cronTabsPath}?watch=1`);
        await server.call('DELETE', `${definitionsPath}/${name}`);
        await until(
            async () => condition(await read(name), 'Terminating')?.reason === 'InstanceDeletionInProgress',
        );
        const refused = await server.call('POST', cronTabsPath, { body: cronTab('late') });
        expect([refused.status, refused.json<{ message: string }>().message]).toEqual([
            405,
            'create not allowed while custom resource definition is terminating',
        ]);
        await server.call('PATCH', `${cronTabsPath}/held`, {
            body: { metadata: { finalizers: null } },
            headers: { 'content-type': 'application/merge-patch+json' },
        });
        await until(async () => (await server.call('GET', `${definitionsPath}/${name}`)).status === 404);
        const events: string[] = [];
        for (let event = await watch.next(); event !== undefined; event = await watch.next())
            events.push(`${event.type} ${event.object.metadata?.name ?? ''}`);
        expect(events).toEqual(expect.arrayContaining(['DELETED free', 'DELETED held']));
        expect((await server.call('GET', cronTabsPath)).status).toBe(404);
        await install(definition([version('v1')]));
        expect((await server.call('GET', cronTabsPath)).json<{ items: object[] }>().items).toEqual([]);
        await uninstall(name);
    });

    it('rules are compiled with the definition and hold for objects', async () => {
        const rules = [
            { rule: 'self.replicas <= 5', message: 'too many replicas' },
            { rule: 'self.replicas >= oldSelf.replicas', message: 'only grows' },
        ];
        const schema = { ...specSchema, 'x-kubernetes-validations': rules };
        const withRules = (spec: object) =>
            version('v1', {
                schema: { openAPIV3Schema: { type: 'object', properties: { spec } } },
                subresources: {},
                selectableFields: [],
            });
        const broken = { ...specSchema, 'x-kubernetes-validations': [{ rule: 'nonsense' }] };
        const refused = await server.call('POST', definitionsPath, { body: definition([withRules(broken)]) });
        expect([refused.status, refused.json<{ message: string }>().message]).toEqual([
            422,
            expect.stringContaining(
                'spec.validation.openAPIV3Schema.properties[spec].x-kubernetes-validations[0].rule: Invalid value: {"Rule":"nonsense","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:1: undeclared reference to \'nonsense\'',
            ),
        ]);
        const tags = {
            type: 'array',
            items: { type: 'string' },
            'x-kubernetes-validations': [{ rule: "self.all(x, x.contains('gpu'))" }],
        };
        const costly = withRules({ ...specSchema, properties: { ...specSchema.properties, tags } });
        const dear = await server.call('POST', definitionsPath, { body: definition([costly]) });
        expect([dear.status, dear.json<{ message: string }>().message]).toEqual([
            422,
            expect.stringContaining('estimated rule cost exceeds budget by factor of more than 100x (try '),
        ]);
        await install(definition([withRules(schema)]));
        const tooMany = await server.call('POST', cronTabsPath, { body: cronTab('a', { replicas: 6 }) });
        expect([tooMany.status, tooMany.json<{ message: string }>().message]).toEqual([
            422,
            `CronTab.${group} "a" is invalid: spec: Invalid value: too many replicas`,
        ]);
        expect(
            (await server.call('POST', cronTabsPath, { body: cronTab('a', { replicas: 4 }) })).status,
        ).toBe(201);
        const shrunk = await server.call('PATCH', `${cronTabsPath}/a`, {
            body: { spec: { replicas: 3 } },
            headers: { 'content-type': 'application/merge-patch+json' },
        });
        expect(shrunk.json<{ message: string }>().message).toContain('only grows');
        await uninstall(`crontabs.${group}`);
    });

    it('rules that were broken before are warned of, and refused in what changes', async () => {
        const withRule = (rules: object[]) =>
            version('v1', {
                schema: {
                    openAPIV3Schema: {
                        type: 'object',
                        properties: {
                            spec: {
                                type: 'object',
                                properties: {
                                    size: { type: 'integer', 'x-kubernetes-validations': rules },
                                    color: { type: 'string' },
                                },
                            },
                        },
                    },
                },
                subresources: {},
                selectableFields: [],
            });
        const body = (spec: object) => ({ ...cronTab('old'), spec });
        await install(definition([withRule([])]));
        await server.call('POST', cronTabsPath, { body: body({ size: 9 }) });
        const rules = [{ rule: 'self < 5', message: 'too large' }];
        const found = await read(`crontabs.${group}`);
        const changed = { ...found, spec: { ...found.spec, versions: [withRule(rules)] } };
        expect(
            (await server.call('PUT', `${definitionsPath}/crontabs.${group}`, { body: changed })).status,
        ).toBe(200);
        const patch = async (spec: object) =>
            await server.call('PATCH', `${cronTabsPath}/old`, {
                body: { spec },
                headers: { 'content-type': 'application/merge-patch+json' },
            });
        const isWarned = async (): Promise<boolean> => {
            const { headers, status } = await patch({ color: randomUUID() });
            expect(status).toBe(200);
            return String(headers.warning).includes('299 - "spec.size: Invalid value: 9: too large"');
        };
        // The new rules hold as soon as the server has seen the changed definition.
        await until(isWarned);
        const refused = await patch({ size: 8 });
        expect([refused.status, refused.json<{ message: string }>().message]).toEqual([
            422,
            `CronTab.${group} "old" is invalid: spec.size: Invalid value: 8: too large`,
        ]);
        await uninstall(`crontabs.${group}`);
    });

    it('definitions that are wrong are refused in the words people know', async () => {
        const wrong = definition([
            version('v1', {
                schema: { openAPIV3Schema: { properties: { a: { type: 'array' } } } },
                selectableFields: [],
            }),
            version('v2'),
        ]);
        const answer = await server.call('POST', definitionsPath, { body: wrong });
        const { message } = answer.json<{ message: string }>();
        expect(answer.status).toBe(422);
        expect(message).toContain(
            'spec.versions: Invalid value: ["v1","v2"]: must have exactly one version marked as storage version',
        );
        expect(message).toContain(
            'spec.versions[0].schema.openAPIV3Schema.type: Required value: must not be empty at the root',
        );
        expect(message).toContain(
            'spec.versions[0].schema.openAPIV3Schema.properties[a].items: Required value: must be specified',
        );
    });
});

describe('without an expression engine', () => {
    it('definitions with rules are refused, the others are served', async () => {
        const server = await ApiServerFixture.start({ customResources: {} });
        try {
            const schema = {
                type: 'object',
                properties: { spec: { type: 'object', 'x-kubernetes-validations': [{ rule: 'true' }] } },
            };
            const body = definition([
                version('v1', { schema: { openAPIV3Schema: schema }, selectableFields: [] }),
            ]);
            const refused = await server.call('POST', definitionsPath, { body });
            expect([refused.status, refused.json<{ message: string }>().message]).toEqual([
                422,
                expect.stringContaining('x-kubernetes-validations rules are not served by this API server'),
            ]);
        } finally {
            await server.stop();
        }
    });
});

describe('definitions of the Gateway API', () => {
    const directory = join(import.meta.dirname, '../../../shared/reference/manifests');

    it('install with kubectl and serve objects', async () => {
        const server = await ApiServerFixture.start({ customResources: { cel } });
        try {
            const files = readdirSync(directory).filter((name) => /^gateway-api-.*(s|es)\.yaml$/.test(name));
            expect(files).toHaveLength(5);
            for (const file of files) {
                const { code, stderr } = await server.kubectl(
                    ...['apply', '--server-side', '-f', join(directory, file)],
                );
                expect({ file, code, stderr }).toEqual({ file, code: 0, stderr: '' });
            }
            const waited = await server.kubectl(
                'wait',
                '--for=condition=Established',
                'crd',
                '--all',
                '--timeout=20s',
            );
            expect(waited).toMatchObject({ code: 0, stderr: '' });
            const gatewayClass = {
                apiVersion: 'gateway.networking.k8s.io/v1',
                kind: 'GatewayClass',
                metadata: { name: 'a' },
                spec: { controllerName: 'example.com/a' },
            };
            const path = '/apis/gateway.networking.k8s.io/v1/gatewayclasses';
            expect((await server.call('POST', path, { body: gatewayClass })).status).toBe(201);
            const bad = await server.call('POST', path, {
                body: { ...gatewayClass, metadata: { name: 'b' }, spec: { controllerName: 'x' } },
            });
            expect(bad.json<{ message: string }>().message).toContain(
                'spec.controllerName in body should match',
            );
            const shown = await server.kubectl('get', 'gc');
            expect(shown.stdout).toMatch(/NAME +CONTROLLER +ACCEPTED +AGE\na +example.com\/a +Unknown +\d+s/);
        } finally {
            await server.stop();
        }
    });
});
