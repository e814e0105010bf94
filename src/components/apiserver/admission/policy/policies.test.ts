import { beforeEach, describe, expect, it } from '@jest/globals';
import { createCelCompiler } from '../../../../api/cel/compiler.ts';
import { resourceDefinitions } from '../../../../api/groups/index.ts';
import type { ResourceDefinition } from '../../../../api/groups/resource.ts';
import { structuralFieldSchema } from '../../../../api/managed-fields/structural-schema.ts';
import type { ApiObject } from '../../../../api/meta/object.ts';
import { configMaps, namespaces } from '../../../../client/resource-type.ts';
import { renderMetrics } from '../../../../store/etcd/server/http/metric.ts';
import { type AdmissionRequest, newReinvocation } from '../../admission.ts';
import { admissionRequest, admit } from '../../testing/admission-request.ts';
import { MemoryClient } from '../../testing/memory-client.ts';
import { MemoryReader } from '../../testing/memory-reader.ts';
import { admissionPluginNames, AdmissionMetrics, createAdmission } from '../index.ts';

let reader: MemoryReader;
let warnings: string[];
let annotations: Record<string, string>;

const compiler = createCelCompiler();
const definitions = resourceDefinitions();
const mapDefinition = definitions.find(({ group, plural }) => group === '' && plural === 'configmaps')!;
const of = (plural: string) => ({ group: 'admissionregistration.k8s.io', version: 'v1', resource: plural });
const matchConstraints = {
    resourceRules: [{ operations: ['*'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }],
};
const policy = (kind: 'validating' | 'mutating', spec: object): void => {
    reader.set(of(`${kind}admissionpolicies`), {
        metadata: { name: 'p' },
        spec: { matchConstraints, ...spec },
    } as ApiObject);
};
const bind = (kind: 'validating' | 'mutating', spec: object = {}): void => {
    const given = { policyName: 'p', validationActions: ['Deny'], ...spec };
    reader.set(of(`${kind}admissionpolicybindings`), { metadata: { name: 'b' }, spec: given } as ApiObject);
};
const map = (data: Record<string, string>): ApiObject =>
    ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'm', namespace: 'ns' }, data }) as ApiObject;

let metrics = new AdmissionMetrics();

async function run(object: ApiObject, more: Partial<AdmissionRequest> = {}): Promise<ApiObject | undefined> {
    warnings = [];
    annotations = {};
    const names = ['MutatingAdmissionPolicy', 'ValidatingAdmissionPolicy'];
    const plugins = createAdmission({
        reader,
        client: () => new MemoryClient(reader),
        enable: names,
        disable: admissionPluginNames.filter((name) => !names.includes(name)),
        definitions: () => definitions,
        expressions: () => Promise.resolve(compiler),
        metrics,
    });
    const request = admissionRequest('configmaps', object, {
        definition: mapDefinition,
        kind: { group: '', version: 'v1', kind: 'ConfigMap' },
        warn: (message) => warnings.push(message),
        annotate: (key, value) => {
            annotations[key] = value;
        },
        ...more,
    });
    return (await admit(plugins, request)).object;
}

beforeEach(() => {
    metrics = new AdmissionMetrics();
    reader = new MemoryReader();
    reader.set(namespaces, { metadata: { name: 'ns', labels: { tier: 'gold' } } });
});

describe('ValidatingAdmissionPolicy', () => {
    it('denies what a validation finds wrong, and says which', async () => {
        policy('validating', { validations: [{ expression: "object.data.a == 'good'" }] });
        bind('validating');
        await run(map({ a: 'good' }));
        await expect(run(map({ a: 'bad' }))).rejects.toMatchObject({
            code: 422,
            reason: 'Invalid',
            message: `configmaps "m" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: failed expression: object.data.a == 'good'`,
        });
        const counted = renderMetrics(await metrics.source());
        for (const action of ['allow', 'deny']) {
            expect(counted).toContain(
                `apiserver_validating_admission_policy_check_total{policy="p",policy_binding="b",error_type="no_error",enforcement_action="${action}"} 1`,
            );
            expect(counted).toContain(
                `apiserver_validating_admission_policy_check_duration_seconds_count{policy="p",policy_binding="b",error_type="no_error",enforcement_action="${action}"} 1`,
            );
        }
    });

    it('has variables, namespaces, messages and reasons', async () => {
        policy('validating', {
            variables: [
                { name: 'a', expression: 'object.data.a' },
                {
                    name: 'isGood',
                    expression: "variables.a == 'good' && namespaceObject.metadata.labels.tier == 'gold'",
                },
            ],
            validations: [
                {
                    expression: 'variables.isGood',
                    messageExpression: "'a is ' + variables.a",
                    reason: 'Forbidden',
                },
            ],
        });
        bind('validating');
        await run(map({ a: 'good' }));
        await expect(run(map({ a: 'bad' }))).rejects.toMatchObject({
            code: 403,
            message: expect.stringContaining('denied request: a is bad'),
        });
    });

    it('warns and remarks where that is what the binding wants', async () => {
        policy('validating', {
            validations: [{ expression: 'false', message: 'no' }],
            auditAnnotations: [{ key: 'who', valueExpression: 'request.userInfo.username' }],
        });
        bind('validating', { validationActions: ['Warn', 'Audit'] });
        await run(map({}));
        expect(warnings).toEqual([
            "Validation failed for ValidatingAdmissionPolicy 'p' with binding 'b': no",
        ]);
        expect(annotations['p/who']).toBe('jane');
        expect(annotations['validation.policy.admission.k8s.io/validation_failure']).toContain(
            '"message":"no"',
        );
    });

    it('is bounded in what one expression costs, and in what all of them cost', async () => {
        // Cost about so much, and do next to nothing.
        const costing = (units: number) => ({ expression: `[[1]].flatten(${units}).size() == 1` });
        bind('validating');
        policy('validating', { validations: Array<object>(10).fill(costing(990_000)) });
        await run(map({}));
        policy('validating', { validations: Array<object>(11).fill(costing(990_000)) });
        await expect(run(map({}))).rejects.toThrow(
            'denied request: validation failed due to running out of cost budget, no further validation rules will be run',
        );
        policy('validating', { validations: [costing(1_000_000)] });
        await expect(run(map({}))).rejects.toThrow(
            "denied request: expression '[[1]].flatten(1000000).size() == 1' resulted in error: operation cancelled: actual cost limit exceeded",
        );
        const matchConditions = Array.from({ length: 3 }, (_, index) => ({
            name: `c${index}`,
            ...costing(990_000),
        }));
        policy('validating', { matchConditions, validations: [{ expression: 'true' }] });
        await expect(run(map({}))).rejects.toThrow('validation failed due to running out of cost budget');
    });

    it('fails or is ignored when it cannot be evaluated, and only where its conditions hold', async () => {
        const validations = [{ expression: "object.data.missing == 'x'" }];
        policy('validating', { validations });
        bind('validating');
        await expect(run(map({}))).rejects.toThrow(
            "expression 'object.data.missing == 'x'' resulted in error",
        );
        policy('validating', { validations, failurePolicy: 'Ignore' });
        await run(map({}));
        policy('validating', {
            validations,
            matchConditions: [{ name: 'c', expression: "request.name != 'm'" }],
        });
        await run(map({}));
    });

    it('takes parameters by name, and denies without them where that is wanted', async () => {
        policy('validating', {
            paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
            validations: [{ expression: 'object.data.a == params.data.a' }],
        });
        bind('validating', { paramRef: { name: 'params', parameterNotFoundAction: 'Deny' } });
        await expect(run(map({ a: '1' }))).rejects.toThrow('no params found for policy binding with `Deny`');
        reader.set(configMaps, {
            metadata: { name: 'params', namespace: 'ns' },
            data: { a: '1' },
        } as ApiObject);
        await run(map({ a: '1' }));
        await expect(run(map({ a: '2' }))).rejects.toThrow(
            'failed expression: object.data.a == params.data.a',
        );
    });
});

describe('MutatingAdmissionPolicy', () => {
    it('applies configurations and patches one after the other', async () => {
        policy('mutating', {
            mutations: [
                {
                    patchType: 'ApplyConfiguration',
                    applyConfiguration: { expression: "Object{data: {'b': '2'}}" },
                },
                {
                    patchType: 'JSONPatch',
                    jsonPatch: {
                        expression: "[JSONPatch{op: 'add', path: '/data/c', value: object.data.b + '!'}]",
                    },
                },
            ],
        });
        bind('mutating');
        expect(await run(map({ a: '1' }))).toMatchObject({ data: { a: '1', b: '2', c: '2!' } });
    });

    const labelling = (value: string) => ({
        patchType: 'ApplyConfiguration',
        applyConfiguration: { expression: `Object{metadata: Object.metadata{labels: {'tier': ${value}}}}` },
    });
    const anything = {
        resourceRules: [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*'] }],
    };
    /** What one expression makes of an object of this resource. */
    const configure = async (definition: ResourceDefinition, expression: string, given: object) => {
        const mutation = { patchType: 'ApplyConfiguration', applyConfiguration: { expression } };
        policy('mutating', { matchConstraints: anything, mutations: [mutation] });
        bind('mutating');
        const { group, version, kind } = definition;
        const apiVersion = group === '' ? version : `${group}/${version}`;
        const object = { apiVersion, kind, metadata: { name: 'm', namespace: 'ns' }, ...given } as ApiObject;
        return await run(object, { definition, kind: { group, version, kind } });
    };
    const builtin = (plural: string) => definitions.find((one) => one.plural === plural)!;

    it('merges items of a list by their keys, and leaves what a configuration does not say', async () => {
        const path = 'Object.spec.template.spec';
        const made = await configure(
            builtin('deployments'),
            `Object{spec: Object.spec{template: Object.spec.template{spec: ${path}{containers: [${path}.containers{name: 'web', imagePullPolicy: 'Always'}, ${path}.containers{name: 'new', image: 'n'}]}}}}`,
            {
                spec: {
                    replicas: 3,
                    template: {
                        spec: {
                            containers: [
                                { name: 'first', image: 'f' },
                                { name: 'web', image: 'w', imagePullPolicy: 'Never' },
                            ],
                        },
                    },
                },
            },
        );
        expect(made).toMatchObject({
            apiVersion: 'apps/v1',
            kind: 'Deployment',
            spec: {
                replicas: 3,
                template: {
                    spec: {
                        containers: [
                            { name: 'first', image: 'f' },
                            { name: 'web', image: 'w', imagePullPolicy: 'Always' },
                            { name: 'new', image: 'n' },
                        ],
                    },
                },
            },
        });
    });

    it.each([
        [
            'replaces what is owned as a whole',
            "Object{spec: Object.spec{selector: {'a': 'b'}, ports: [Object.spec.ports{port: 80}], externalIPs: ['1.2.3.4']}}",
            "policy 'p' with binding 'b' denied request: error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: .spec.selector, .spec.externalIPs",
        ],
        [
            'says what the type does not know',
            "Object{spec: Object.spec{nope: 'x'}}",
            'error applying patch: failed to convert patch object to typed object: .spec.nope: field not declared in schema',
        ],
    ])('refuses a configuration that %s', async (_case, expression, message) => {
        await expect(
            configure(builtin('services'), expression, { spec: { type: 'NodePort' } }),
        ).rejects.toThrow(message);
    });

    const strings = { type: 'object', properties: { name: { type: 'string' }, size: { type: 'string' } } };
    const schema = structuralFieldSchema({
        type: 'object',
        properties: {
            spec: {
                type: 'object',
                properties: {
                    parts: {
                        type: 'array',
                        'x-kubernetes-list-type': 'map',
                        'x-kubernetes-list-map-keys': ['name'],
                        items: strings,
                    },
                    tags: { type: 'array', items: { type: 'string' } },
                    free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
                },
            },
        },
    });
    const widgets: ResourceDefinition = {
        ...mapDefinition,
        group: 'example.com',
        plural: 'widgets',
        kind: 'Widget',
        type: '',
        storagePrefix: 'example.com/widgets',
        fieldTyping: { schemaOf: () => schema, convert: (object) => object },
    };

    it('goes by the schema of a custom resource', async () => {
        const spec = {
            parts: [
                { name: 'a', size: '1' },
                { name: 'b', size: '1' },
            ],
            tags: ['kept'],
            free: { old: 1 },
        };
        const parts = "parts: [Object.spec.parts{name: 'b', size: '2'}]";
        const made = await configure(
            widgets,
            `Object{spec: Object.spec{${parts}, free: Object.spec.free{more: ['x']}}}`,
            { spec },
        );
        expect(made).toMatchObject({
            apiVersion: 'example.com/v1',
            kind: 'Widget',
            spec: {
                parts: [
                    { name: 'a', size: '1' },
                    { name: 'b', size: '2' },
                ],
                tags: ['kept'],
                free: { old: 1, more: ['x'] },
            },
        });
        await expect(configure(widgets, "Object{spec: Object.spec{tags: ['x']}}", { spec })).rejects.toThrow(
            'may not mutate atomic arrays, maps or structs: .spec.tags',
        );
    });

    it('takes parameters', async () => {
        policy('mutating', {
            paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
            mutations: [labelling('params.data.tier')],
        });
        bind('mutating', { paramRef: { name: 'params', parameterNotFoundAction: 'Deny' } });
        await expect(run(map({}))).rejects.toThrow('no params found for policy binding with `Deny`');
        const params = { metadata: { name: 'params', namespace: 'ns' }, data: { tier: 'gold' } };
        reader.set(configMaps, params);
        expect(await run(map({}))).toMatchObject({ metadata: { labels: { tier: 'gold' } } });
    });

    it.each([
        ['IfNeeded', 'second'],
        ['Never', 'first'],
    ])('is applied again to what others have changed with reinvocationPolicy %s', async (given, expected) => {
        policy('mutating', {
            reinvocationPolicy: given,
            mutations: [labelling('object.data.a')],
        });
        bind('mutating');
        const reinvocation = newReinvocation();
        const first = (await run(map({ a: 'first' }), { reinvocation })) as ApiObject;
        expect(first.metadata?.labels).toEqual({ tier: 'first' });
        expect(reinvocation.isWanted).toBe(true);
        reinvocation.isReinvoke = true;
        const changed = { ...first, data: { a: 'second' } } as ApiObject;
        expect((await run(changed, { reinvocation }))?.metadata?.labels).toEqual({ tier: expected });
    });
});
