import { beforeEach, describe, expect, it } from '@jest/globals';
import { createCelCompiler } from '../../../../api/cel/compiler.ts';
import type { ApiObject } from '../../../../api/meta/object.ts';
import type { AdmissionRequest } from '../../admission.ts';
import type { ResourceAttributes } from '../../authorizer.ts';
import { admissionRequest, admit } from '../../testing/admission-request.ts';
import type { PluginContext } from '../context.ts';
import { deviceGuard } from './device-guard.ts';

const compiler = createCelCompiler();
let loads = 0;
let labels: Record<string, string>;
let allowed: string[];
let asked: string[];

const context = {
    expressions: async () => {
        loads++;
        return await Promise.resolve(compiler);
    },
    reader: {
        get: (_resource: unknown, _namespace: string, name: string) =>
            name === 'lab' ? { metadata: { name, labels } } : undefined,
    },
    authorizer: {
        authorize: (
            _identity: unknown,
            { verb, resource, subresource, namespace, name }: ResourceAttributes,
        ) => {
            const question = [verb, `${resource}/${subresource}`, namespace, name].join(' ').trimEnd();
            asked.push(question);
            return { outcome: allowed.includes(question) ? 'allow' : 'noOpinion', reason: '' };
        },
    },
} as unknown as PluginContext;

type More = Partial<AdmissionRequest>;

async function write(resource: string, object: ApiObject, more: More = {}): Promise<unknown> {
    const request = admissionRequest(resource.replace(/\/|$/, '.resource.k8s.io$&'), object, more);
    Object.assign(request.definition, { kind: 'ResourceClaim', version: 'v1' });
    return await admit([deviceGuard(context)], request);
}

const claimOf = (exactly: object, status: object = {}): ApiObject =>
    ({
        metadata: { name: 'mine', namespace: 'lab' },
        spec: { devices: { requests: [{ name: 'gpu', exactly: { deviceClassName: 'gpus', ...exactly } }] } },
        status,
    }) as ApiObject;
const selecting = (expression: string): ApiObject => claimOf({ selectors: [{ cel: { expression } }] });
const selectorPath = 'spec.devices.requests[0].exactly.selectors[0].cel.expression';

beforeEach(() => {
    loads = 0;
    labels = {};
    allowed = [];
    asked = [];
});

describe('selectors of devices', () => {
    it.each([
        'device.driver == "dra.example.com"',
        'device.attributes["dra.example.com"].model == "a100"',
        'device.attributes["dra.example.com"].shared',
        'device.capacity["dra.example.com"].memory.compareTo(quantity("40Gi")) >= 0',
        'cel.bind(dra, device.attributes["dra.example.com"], dra.big && dra.model.startsWith("a"))',
        'device.allowMultipleAllocations',
        'device.attributes["dra.example.com"].firmware.isGreaterThan(semver("1.2.3"))',
    ])('compiles %s', async (expression) => {
        await write('resourceclaims', selecting(expression));
        expect(loads).toBe(1);
    });

    it.each([
        ['device.', /Invalid value: "device\.": compilation failed: ERROR: <input>:1:\d+: Syntax error/],
        ['device.vendor == "x"', /compilation failed: .*undefined field 'vendor'/s],
        [
            'device.driver',
            /Invalid value: "device.driver": must evaluate to bool or the unknown type, not string/,
        ],
        [
            'device.attributes.all(a, device.attributes.all(b, device.attributes.all(c, device.attributes.all(d, device.attributes.all(e, a == b && c == d && d == e)))))',
            /Forbidden: too complex, exceeds cost limit/,
        ],
    ])('refuses %s', async (expression, message) => {
        const refused = write('resourceclaims', selecting(expression));
        await expect(refused).rejects.toThrow(message);
        await expect(refused).rejects.toThrow(
            `ResourceClaim.resource.k8s.io "mine" is invalid: ${selectorPath}: `,
        );
    });

    it('loads the compiler only for selectors that are new', async () => {
        await write('resourceclaims', claimOf({}));
        const old = selecting('device.');
        await write('resourceclaims', selecting('device.'), { operation: 'UPDATE', oldObject: old });
        const classOf = (expression: string): ApiObject =>
            ({ metadata: { name: 'gpus' }, spec: { selectors: [{ cel: { expression } }] } }) as ApiObject;
        const unchanged = { operation: 'UPDATE', oldObject: classOf('device.') } as const;
        await write('deviceclasses', classOf('device.'), unchanged);
        expect(loads).toBe(0);
        await expect(write('deviceclasses', classOf('device.a'), unchanged)).rejects.toThrow(
            'spec.selectors[0].cel.expression: Invalid value: "device.a"',
        );
    });

    it('looks into templates and alternatives', async () => {
        const bad = { cel: { expression: '7' } };
        const sub = { name: 'a', deviceClassName: 'gpus', selectors: [bad] };
        const devices = { requests: [{ name: 'gpu', firstAvailable: [sub] }] };
        const template = { metadata: { name: 't', namespace: 'lab' }, spec: { spec: { devices } } };
        await expect(write('resourceclaimtemplates', template as ApiObject)).rejects.toThrow(
            'spec.spec.devices.requests[0].firstAvailable[0].selectors[0].cel.expression: Invalid value: "7": must evaluate to bool',
        );
    });
});

describe('admin access', () => {
    const wanted =
        'spec.devices.requests[0].adminAccess: Forbidden: admin access to devices requires the `resource.kubernetes.io/admin-access: true` label on the containing namespace';

    it('is for namespaces with the label', async () => {
        const claim = claimOf({ adminAccess: true });
        await expect(write('resourceclaims', claim)).rejects.toThrow(wanted);
        const template = {
            metadata: claim.metadata,
            spec: { spec: (claim as ApiObject & { spec: unknown }).spec },
        } as ApiObject;
        await expect(write('resourceclaimtemplates', template)).rejects.toThrow(wanted);
        labels = { 'resource.kubernetes.io/admin-access': 'true' };
        await write('resourceclaims', claim);
        await write('resourceclaimtemplates', template);
    });

    it('is not granted by way of the status', async () => {
        const results = [{ request: 'gpu', driver: 'd', pool: 'p', device: 'x', adminAccess: true }];
        const granted = claimOf({}, { allocation: { devices: { results } } });
        allowed = ['update resourceclaims/binding'];
        const update: More = { operation: 'UPDATE', oldObject: claimOf({}) };
        await expect(write('resourceclaims/status', granted, update)).rejects.toThrow(
            'status.allocation.devices.results[0].adminAccess: Forbidden: admin access',
        );
        await write('resourceclaims/status', granted, { ...update, oldObject: granted });
    });
});

describe('the status of a claim', () => {
    const nodeSelector = {
        nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['node-1'] }] }],
    };
    const device = { driver: 'dra.example.com', pool: 'node-1', device: 'gpu-0' };
    const allocation = { nodeSelector, devices: { results: [{ request: 'gpu', ...device }] } };
    const old = claimOf({}, { allocation });
    const update: More = { operation: 'UPDATE', oldObject: old };

    it('is bound by who may bind claims, in whatever namespace', async () => {
        const bind = async (more: More = {}): Promise<unknown> =>
            await write('resourceclaims/status', old, { ...update, oldObject: claimOf({}), ...more });
        await expect(bind()).rejects.toThrow(
            'status: Forbidden: changing status.allocation or status.reservedFor requires resource="resourceclaims/binding", verb="update" permission: resourceclaims.resource.k8s.io is forbidden: User "jane" cannot update resource "resourceclaims/binding" in API group "resource.k8s.io" at the cluster scope',
        );
        await expect(bind({ verb: 'patch' })).rejects.toThrow('verb="patch"');
        expect(asked).toEqual(['update resourceclaims/binding', 'patch resourceclaims/binding']);
        allowed = ['update resourceclaims/binding'];
        await bind();
    });

    it('is reported by who may for the driver', async () => {
        const reported = claimOf({}, { allocation, devices: [device] });
        await expect(write('resourceclaims/status', reported, update)).rejects.toThrow(
            'status.devices: Forbidden: changing status.devices requires resource="resourceclaims/driver", verb="[arbitrary-node:update]" permission: resourceclaims.resource.k8s.io "dra.example.com" is forbidden: User "jane" cannot arbitrary-node:update resource "resourceclaims/driver" in API group "resource.k8s.io" in the namespace "lab"',
        );
        allowed = ['arbitrary-node:update resourceclaims/driver lab dra.example.com'];
        await write('resourceclaims/status', reported, update);
    });

    it('is reported by the driver on the node of the allocation', async () => {
        const reported = claimOf({}, { allocation, devices: [device] });
        const onNode = (name: string): More => ({
            ...update,
            identity: {
                username: 'system:serviceaccount:kube-system:dra-driver',
                uid: '',
                groups: [],
                extra: { 'authentication.kubernetes.io/node-name': [name] },
            },
        });
        allowed = ['associated-node:update resourceclaims/driver lab dra.example.com'];
        await write('resourceclaims/status', reported, onNode('node-1'));
        await expect(write('resourceclaims/status', reported, onNode('node-2'))).rejects.toThrow(
            'verb="[arbitrary-node:update]"',
        );
    });

    it('needs nobody but the scheduler to take an allocation back with what was reported', async () => {
        const reported = claimOf({}, { allocation, devices: [device] });
        allowed = ['update resourceclaims/binding'];
        await write('resourceclaims/status', claimOf({}, {}), { ...update, oldObject: reported });
        expect(asked).toEqual(['update resourceclaims/binding']);
        await expect(
            write('resourceclaims/status', claimOf({}, { allocation }), { ...update, oldObject: reported }),
        ).rejects.toThrow('changing status.devices');
    });

    it('changes nothing that needs permission when it stays the same', async () => {
        await write('resourceclaims/status', old, update);
        expect(asked).toEqual([]);
    });
});
