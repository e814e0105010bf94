import { beforeEach, describe, expect, it } from '@jest/globals';
import { createCelCompiler } from '../../../../api/cel/compiler.ts';
import { resourceDefinitions } from '../../../../api/groups/index.ts';
import type { ApiObject } from '../../../../api/meta/object.ts';
import { configMaps, namespaces } from '../../../../client/resource-type.ts';
import type { AdmissionRequest } from '../../admission.ts';
import { admissionRequest, admit } from '../../testing/admission-request.ts';
import { MemoryClient } from '../../testing/memory-client.ts';
import { MemoryReader } from '../../testing/memory-reader.ts';
import { admissionPluginNames, createAdmission } from '../index.ts';

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
});
