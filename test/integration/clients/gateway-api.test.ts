import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ApiException, KubernetesObject, KubernetesObjectApi } from '@kubernetes/client-node';
import { readFile } from 'node:fs/promises';
import { load } from 'js-yaml';
import { k8s } from '../../harness/client-node.mjs';
import { ControlPlane } from './control-plane.ts';
import { brokenSpecs, listener, soundGateway, soundGrpcRoute, soundHttpRoute } from './gateway-specs.ts';
import { referenceManifests } from './reference-manifests.ts';

const group = 'gateway.networking.k8s.io';
const manifests = referenceManifests('gateway-api-');
const definitionFiles = manifests.filter((file) => !file.includes('policy'));
const policyFile = manifests.find((file) => file.includes('policy')) ?? '';

interface Schema {
    properties?: Record<string, Schema>;
    items?: Schema;
    additionalProperties?: Schema | boolean;
    'x-kubernetes-validations'?: { message: string }[];
}
interface Definition extends KubernetesObject {
    spec: {
        names: { kind: string; plural: string };
        versions: { name: string; storage: boolean; schema: { openAPIV3Schema: Schema } }[];
    };
}
interface Cause {
    field: string;
    message: string;
}
interface Item {
    apiVersion: string;
    kind: string;
    metadata: { name: string; namespace?: string };
    spec?: object;
    status?: object;
}

/** Every rule of a schema: where it stands ("spec.rules[]") and what it says. */
function rulesOf(schema: Schema, path = ''): Cause[] {
    const below = (key: string): string => (path === '' ? key : `${path}.${key}`);
    const { properties = {}, items, additionalProperties } = schema;
    return [
        ...(schema['x-kubernetes-validations'] ?? []).map(({ message }) => ({ field: path, message })),
        ...Object.entries(properties).flatMap(([key, value]) => rulesOf(value, below(key))),
        ...(items === undefined ? [] : rulesOf(items, `${path}[]`)),
        ...(typeof additionalProperties === 'object' ? rulesOf(additionalProperties, `${path}{}`) : []),
    ];
}

const nameOf = (rule: Cause, kind: string): string => `${kind} ${rule.field}: ${rule.message}`;

(manifests.length === 0 ? describe.skip : describe)("the Gateway API's definitions", () => {
    let plane: ControlPlane;
    let api: KubernetesObjectApi;
    const definitions: Definition[] = [];
    const brokenRules = new Set<string>();

    const item = (kind: string, name: string, spec: object, version = 'v1'): Item => ({
        ...{ apiVersion: `${group}/${version}`, kind, spec },
        metadata: { name, ...(kind === 'GatewayClass' ? {} : { namespace: 'default' }) },
    });

    /** Rules of the stored version of a kind. */
    function rules(kind: string): Cause[] {
        const definition = definitions.find(({ spec }) => spec.names.kind === kind);
        const stored = definition?.spec.versions.find(({ storage }) => storage);
        return rulesOf(stored?.schema.openAPIV3Schema ?? {});
    }

    /** What the server finds wrong; remembers which rules spoke. */
    async function refused(kind: string, attempt: Promise<unknown>): Promise<Cause[]> {
        const error = await attempt.then(
            () => undefined,
            (reason: unknown) => reason,
        );
        if (!(error instanceof k8s.ApiException))
            throw new Error(`was not refused: ${String(error)}`, { cause: error });
        const { code, reason, details } = JSON.parse(error.body as string) as {
            code: number;
            reason: string;
            details: { causes: Cause[] };
        };
        expect({ code, reason }).toEqual({ code: 422, reason: 'Invalid' });
        for (const cause of details.causes) {
            const field = cause.field.replace(/\[[^\]]*\]/g, '[]');
            const [rule] = rules(kind)
                .filter((one) => one.field === field && cause.message.endsWith(one.message))
                .sort((a, b) => b.message.length - a.message.length);
            if (rule !== undefined) brokenRules.add(nameOf(rule, kind));
            // Two items with the same key are an error before any rule is looked at.
            else if (!cause.message.startsWith('Duplicate value'))
                throw new Error(`of no rule: ${cause.field}: ${cause.message}`);
        }
        return details.causes;
    }

    beforeAll(async () => {
        plane = await ControlPlane.start();
        const config = new k8s.KubeConfig();
        config.loadFromFile(plane.kubeconfig);
        api = k8s.KubernetesObjectApi.makeApiClient(config);
        for (const file of definitionFiles) {
            definitions.push(load(await readFile(file, 'utf8')) as Definition);
        }
        await plane.ok(['create', ...definitionFiles.flatMap((file) => ['-f', file])]);
        const crds = definitions.map(({ metadata }) => `crd/${metadata?.name ?? ''}`);
        await plane.ok(['wait', '--for=condition=Established', '--timeout=10s', ...crds]);
    }, 60_000);
    afterAll(async () => {
        await plane.close();
    });

    it('take an object of each kind and give it back in every version, with defaults', async () => {
        const created = [
            item('GatewayClass', 'small', { controllerName: 'example.com/gateway' }),
            item('Gateway', 'front', soundGateway),
            item('HTTPRoute', 'shop', soundHttpRoute),
            item('GRPCRoute', 'cart', soundGrpcRoute),
            item('ReferenceGrant', 'routes', {
                from: [{ group, kind: 'HTTPRoute', namespace: 'shop' }],
                to: [{ group: '', kind: 'Service' }],
            }),
        ];
        for (const one of created) await api.create(one);
        const inV1beta1 = async (kind: string, name: string) =>
            await api.read<Item>(item(kind, name, {}, 'v1beta1'));
        for (const [kind, name] of [
            ['GatewayClass', 'small'],
            ['Gateway', 'front'],
            ['HTTPRoute', 'shop'],
            ['ReferenceGrant', 'routes'],
        ] as const) {
            const inV1 = await api.read<Item>(item(kind, name, {}));
            const old = await inV1beta1(kind, name);
            expect(old.apiVersion).toBe(`${group}/v1beta1`);
            expect({ ...old, apiVersion: inV1.apiVersion }).toEqual(inV1);
        }
        const { spec } = await api.read<Item>(item('HTTPRoute', 'shop', {}));
        expect(spec).toEqual({
            parentRefs: [{ group, kind: 'Gateway', name: 'front' }],
            rules: [
                {
                    matches: [{ path: { type: 'PathPrefix', value: '/' } }],
                    backendRefs: [{ group: '', kind: 'Service', name: 'web', port: 80, weight: 1 }],
                },
            ],
        });
        expect(await plane.ok('get gateways.v1beta1.gateway.networking.k8s.io')).toMatch(
            /^NAME +CLASS +ADDRESS +PROGRAMMED +AGE\nfront +small +Unknown +\d+s\n$/,
        );
    });

    it.each(brokenSpecs.map((spec) => [spec.kind, spec.what, spec] as const))(
        '%s: %s',
        async (kind, _what, { spec, fields }) => {
            const causes = await refused(kind, api.create(item(kind, 'broken', spec), undefined, 'All'));
            expect(causes.map(({ field }) => field).sort()).toEqual(fields);
        },
    );

    it('keep the controller of a class', async () => {
        const change = item('GatewayClass', 'small', { controllerName: 'example.com/other' });
        const causes = await refused(
            'GatewayClass',
            api.patch(change, undefined, undefined, undefined, undefined, k8s.PatchStrategy.MergePatch),
        );
        expect(causes.map(({ field }) => field)).toEqual(['spec.controllerName']);
    });

    it('rule status too, where status is written', async () => {
        const { body } = await plane
            .ok([
                ...['patch', 'gateway', 'front', '--subresource=status', '--type=merge', '-o', 'json'],
                ...['-p', '{"status":{"addresses":[{"type":"Hostname","value":"no_name"}]}}'],
            ])
            .then(
                () => ({ body: '' }),
                (error: unknown) => ({ body: String(error) }),
            );
        expect(body).toContain('status.addresses[0]');
        for (const rule of rules('Gateway').filter(({ field }) => field === 'status.addresses[]'))
            if (body.includes(rule.message)) brokenRules.add(nameOf(rule, 'Gateway'));
    });

    it('have no rule that nothing above breaks', () => {
        const all = definitions.flatMap(({ spec }) =>
            rules(spec.names.kind).map((rule) => nameOf(rule, spec.names.kind)),
        );
        expect(all.length).toBeGreaterThan(100);
        const unbroken = all.filter((rule) => !brokenRules.has(rule));
        // The enumeration of that field's type does not let anything through for its rule to refuse.
        expect(unbroken.map((rule) => rule.split(':')[0])).toEqual(['HTTPRoute spec.rules[].matches[].path']);
    });

    it('check types, bounds, patterns and enumerations', async () => {
        const causesOf = async (kind: string, spec: object): Promise<string[]> => {
            const error: unknown = await api.create(item(kind, 'broken', spec), undefined, 'All').then(
                () => undefined,
                (reason: unknown) => reason,
            );
            const { details } = JSON.parse((error as ApiException<string>).body) as {
                details: { causes: Cause[] };
            };
            return details.causes.map(({ field }) => field).sort();
        };
        expect(await causesOf('Gateway', {})).toEqual([
            '<nil>', // Some rules were not looked at.
            'spec.gatewayClassName',
            'spec.listeners',
        ]);
        const port = { ...listener, port: 65_536 };
        expect(await causesOf('Gateway', { ...soundGateway, listeners: [port] })).toEqual([
            'spec.listeners[0].port',
        ]);
        expect(
            await causesOf('Gateway', { ...soundGateway, listeners: [{ ...listener, hostname: 'A.b' }] }),
        ).toEqual(['spec.listeners[0].hostname']);
        expect(await causesOf('HTTPRoute', { rules: [{ matches: [{ method: 'YELL' }] }] })).toContain(
            'spec.rules[0].matches[0].method',
        );
        expect(await causesOf('ReferenceGrant', { from: [], to: 'all' })).toContain('spec.to');
    });

    it('are guarded by the policy that comes with them', async () => {
        await plane.ok(['apply', '-f', policyFile]);
        const name = `gatewayclasses.${group}`;
        const annotate = (key: string, value: string) => [
            ...['annotate', '--overwrite', 'crd', name, `${group}/${key}=${value}`],
        ];
        // A policy takes effect a moment after it was created.
        let refusal = '';
        for (let attempt = 0; attempt < 50 && refusal === ''; attempt++)
            refusal = (await plane.kubectl([...annotate('bundle-version', 'v1.2.0'), '--dry-run=server']))
                .stderr;
        expect(refusal).toContain(
            `The customresourcedefinitions "${name}" is invalid: : ValidatingAdmissionPolicy ` +
                `'safe-upgrades.${group}' with binding 'safe-upgrades.${group}' denied request: `,
        );
        const experimental = await plane.kubectl(annotate('channel', 'experimental'));
        expect(experimental.code).toBe(1);
        expect(experimental.stderr).toContain('denied request');
        await plane.ok(annotate('bundle-version', 'v1.6.0'));
        await plane.ok(['delete', '-f', policyFile]);
    });

    it('take their objects with them when they are deleted', async () => {
        const crds = definitions.map(({ metadata }) => `crd/${metadata?.name ?? ''}`);
        await plane.ok(['delete', ...crds, '--timeout=20s']);
        expect((await plane.kubectl('get httproutes')).stderr).toContain(
            'the server could not find the requested resource',
        );
        await plane.ok(['create', '-f', definitionFiles.find((file) => file.includes('httproutes'))!]);
        const empty = await plane.ok(
            'wait --for=condition=Established crd/httproutes.gateway.networking.k8s.io',
        );
        expect(empty).toContain('condition met');
        expect(await plane.ok('get httproutes -A')).toBe('');
    }, 30_000);
});
