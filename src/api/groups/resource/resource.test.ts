import { describe, expect, it } from '@jest/globals';
import { formatFieldError } from '../../meta/field-error.ts';
import type { ApiObject } from '../../meta/object.ts';
import { createErrors, prepared, strategyOf, updateErrors } from '../testing.ts';

const group = 'resource.k8s.io';
const claims = strategyOf('resourceclaims', group);
const templates = strategyOf('resourceclaimtemplates', group);
const classes = strategyOf('deviceclasses', group);
const slices = strategyOf('resourceslices', group);

const times = <T>(count: number, make: (index: number) => T): T[] =>
    Array.from({ length: count }, (_, index) => make(index));
const exact = (more: object = {}, name = 'gpu'): object => ({
    name,
    exactly: { deviceClassName: 'gpus', ...more },
});
const claimOf = (devices: object): ApiObject =>
    ({ metadata: { name: 'mine', namespace: 'default' }, spec: { devices } }) as ApiObject;
const claimErrors = (devices: object): string[] => createErrors(claims, claimOf(devices));
const refusedRequest = (request: object): string[] => claimErrors({ requests: [request] });

const referenceRule =
    "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";

describe('defaults of claims', () => {
    it('is one device of the class, for each alternative too', () => {
        const claim = prepared(
            claims,
            claimOf({
                requests: [
                    exact({ tolerations: [{ key: 'a' }] }),
                    exact({ allocationMode: 'All' }, 'all'),
                    { name: 'any', firstAvailable: [{ name: 'big', deviceClassName: 'gpus', count: 2 }] },
                ],
            }),
        );
        expect(claim).toMatchObject({
            spec: {
                devices: {
                    requests: [
                        {
                            exactly: {
                                allocationMode: 'ExactCount',
                                count: 1,
                                tolerations: [{ key: 'a', operator: 'Equal' }],
                            },
                        },
                        { exactly: { deviceClassName: 'gpus', allocationMode: 'All' } },
                        { firstAvailable: [{ allocationMode: 'ExactCount', count: 2 }] },
                    ],
                },
            },
        });
        expect(createErrors(claims, claim)).toEqual([]);
    });

    it('holds for the claims of templates', () => {
        const template = { metadata: { name: 't' }, spec: { spec: { devices: { requests: [exact()] } } } };
        expect(prepared(templates, template as ApiObject)).toMatchObject({
            spec: { spec: { devices: { requests: [{ exactly: { count: 1 } }] } } },
        });
    });
});

describe('requests of a claim', () => {
    it('is exactly one of `exactly` and `firstAvailable`', () => {
        const path = 'spec.devices.requests[0]';
        expect(refusedRequest({ name: 'gpu' })).toEqual([
            `${path}: Required value: exactly one of \`exactly\` or \`firstAvailable\` is required`,
        ]);
        const both = { ...exact(), firstAvailable: [{ name: 'a', deviceClassName: 'gpus' }] };
        expect(refusedRequest(both)).toEqual([
            `${path}: Invalid value: null: exactly one of \`exactly\` or \`firstAvailable\` is required, but multiple fields are set`,
        ]);
    });

    it('has a class, a mode and a count that fits it', () => {
        const path = 'spec.devices.requests[0].exactly';
        expect(refusedRequest(exact({ deviceClassName: '' }))).toEqual([
            `${path}.deviceClassName: Required value`,
        ]);
        expect(refusedRequest(exact({ allocationMode: 'Some' }))).toEqual([
            `${path}.allocationMode: Unsupported value: "Some": supported values: "All", "ExactCount"`,
        ]);
        expect(refusedRequest(exact({ allocationMode: 'All', count: 1 }))).toEqual([
            `${path}.count: Invalid value: 1: must not be specified when allocationMode is 'All'`,
        ]);
        expect(refusedRequest(exact({ count: -1 }))).toEqual([
            `${path}.count: Invalid value: -1: must be greater than zero`,
        ]);
    });

    it('is limited in number, and has names of its own', () => {
        expect(claimErrors({ requests: times(33, (index) => exact({}, `r${index}`)) })).toEqual([
            'spec.devices.requests: Too many: 33: must have at most 32 items',
        ]);
        expect(claimErrors({ requests: times(2, () => exact()) })).toEqual([
            'spec.devices.requests[1]: Duplicate value: "gpu"',
        ]);
        const subRequest = (index: number): object => ({ name: `s${index}`, deviceClassName: 'gpus' });
        expect(refusedRequest({ name: 'gpu', firstAvailable: times(9, subRequest) })).toEqual([
            'spec.devices.requests[0].firstAvailable: Too many: 9: must have at most 8 items',
        ]);
        expect(refusedRequest({ name: 'gpu', firstAvailable: times(8, subRequest) })).toEqual([]);
    });

    it('has selectors that are expressions of a limited length', () => {
        const path = 'spec.devices.requests[0].exactly.selectors';
        expect(refusedRequest(exact({ selectors: [{}] }))).toEqual([`${path}[0].cel: Required value`]);
        const expression = ' '.repeat(10_241);
        expect(refusedRequest(exact({ selectors: [{ cel: { expression } }] }))).toEqual([
            `${path}[0].cel.expression: Too long: may not be more than 10240 bytes`,
        ]);
        const selectors = times(33, () => ({ cel: { expression: 'true' } }));
        expect(refusedRequest(exact({ selectors }))).toEqual([
            `${path}: Too many: 33: must have at most 32 items`,
        ]);
    });

    it('has tolerations with a value only where one is compared', () => {
        const path = 'spec.devices.requests[0].exactly.tolerations[0]';
        const refused = (toleration: object): string[] =>
            refusedRequest(exact({ tolerations: [toleration] }));
        expect(refused({ key: 'a', operator: 'Exists', effect: 'NoExecute' })).toEqual([]);
        expect(refused({ operator: 'Exists', value: 'b' })).toEqual([
            `${path}.value: Invalid value: "b": must be empty for operator \`Exists\``,
        ]);
        expect(refused({ operator: 'Like', effect: 'Never' })).toEqual([
            `${path}.operator: Unsupported value: "Like": supported values: "Equal", "Exists"`,
            `${path}.effect: Unsupported value: "Never": supported values: "NoExecute", "NoSchedule", "None"`,
        ]);
    });
});

describe('constraints and configuration of a claim', () => {
    const requests = [exact(), { name: 'any', firstAvailable: [{ name: 'big', deviceClassName: 'gpus' }] }];
    const opaque = { driver: 'dra.example.com', parameters: { kind: 'Speed' } };

    it('is about requests of the claim', () => {
        const constraint = (...names: string[]): object => ({
            requests,
            constraints: [{ requests: names, matchAttribute: 'dra.example.com/numa' }],
        });
        const path = 'spec.devices.constraints[0].requests';
        expect(claimErrors(constraint('gpu', 'any', 'any/big'))).toEqual([]);
        expect(claimErrors(constraint('other'))).toEqual([
            `${path}[0]: Invalid value: "other": ${referenceRule}`,
        ]);
        expect(claimErrors(constraint('any/big/more'))).toEqual([
            `${path}[0]: Invalid value: "any/big/more": ${referenceRule}`,
        ]);
        expect(claimErrors(constraint('gpu', 'gpu'))).toEqual([`${path}[1]: Duplicate value: "gpu"`]);
    });

    it('compares attributes by their full names', () => {
        const refused = (constraint: object): string[] =>
            claimErrors({ requests, constraints: [constraint] });
        const path = 'spec.devices.constraints[0]';
        expect(refused({ matchAttribute: 'numa' })).toEqual([
            `${path}.matchAttribute: Invalid value: "numa": a fully qualified name must be a domain and a name separated by a slash`,
        ]);
        expect(refused({ distinctAttribute: 'a/b/c' })).toEqual([
            `${path}.distinctAttribute: Invalid value: "a/b/c": must not contain more than one slash`,
        ]);
        expect(refused({ matchAttribute: '/numa' })).toEqual([
            `${path}.matchAttribute: Invalid value: "": the domain must not be empty`,
        ]);
        expect(refused({ matchAttribute: `dra.example.com/${'a'.repeat(33)}` })).toEqual([
            `${path}.matchAttribute: Too long: may not be more than 32 bytes`,
        ]);
        expect(refused({})).toEqual([
            `${path}: Required value: exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set`,
        ]);
    });

    it('has parameters for a driver, which are an object of limited size', () => {
        const refused = (config: object): string[] => claimErrors({ requests, config: [config] });
        const path = 'spec.devices.config[0].opaque';
        expect(refused({ opaque })).toEqual([]);
        expect(refused({})).toEqual([`${path}: Required value`]);
        expect(refused({ opaque: { driver: '', parameters: null } })).toEqual([
            `${path}.driver: Required value`,
            `${path}.parameters: Required value`,
        ]);
        expect(refused({ opaque: { ...opaque, parameters: [1] } })).toEqual([
            `${path}.parameters: Invalid value: "<value omitted>": must be a valid JSON object`,
        ]);
        expect(refused({ opaque: { ...opaque, parameters: { text: 'x'.repeat(10_240) } } })).toEqual([
            `${path}.parameters: Too long: may not be more than 10240 bytes`,
        ]);
        expect(refused({ opaque: { ...opaque, driver: 'a'.repeat(64) } })).toContain(
            `${path}.driver: Too long: may not be more than 63 bytes`,
        );
    });
});

describe('what is fixed', () => {
    it('is the specification of claims and of templates', () => {
        const more = (copy: { spec: { devices: { requests: object[] } } }): void => {
            copy.spec.devices.requests.push(exact({}, 'more'));
        };
        expect(updateErrors(claims, claimOf({ requests: [exact()] }), more)).toHaveLength(1);
        expect(updateErrors(claims, claimOf({ requests: [exact()] }), more)[0]).toMatch(
            /^spec: Invalid value: .*: field is immutable$/,
        );
    });
});

const driver = 'dra.example.com';
const result = { request: 'gpu', driver, pool: 'node-1', device: 'gpu-0' };
const statusErrorsOf = (status: object, old: object = {}, metadata: object = {}): string[] => {
    const claim = prepared(claims, claimOf({ requests: [exact()] })) as ApiObject & { status?: object };
    const next = { ...claim, metadata: { ...claim.metadata, ...metadata }, status };
    const before = { ...claim, status: old };
    claims.prepareForStatusUpdate?.(next, before);
    return (claims.validateStatusUpdate?.(next, before) ?? []).map(formatFieldError);
};

describe('the status of a claim', () => {
    const allocation = { devices: { results: [result] } };
    const user = { resource: 'pods', name: 'web', uid: '1' };

    it('is an allocation of what was requested', () => {
        expect(statusErrorsOf({ allocation, reservedFor: [user] })).toEqual([]);
        expect(
            statusErrorsOf({ allocation: { devices: { results: [{ ...result, request: 'b' }] } } }),
        ).toEqual([`status.allocation.devices.results[0].request: Invalid value: "b": ${referenceRule}`]);
        const many = { devices: { results: times(33, () => result) } };
        expect(statusErrorsOf({ allocation: many })).toEqual([
            'status.allocation.devices.results: Too many: 33: must have at most 32 items',
        ]);
    });

    it('is an allocation that is taken back as a whole, never changed', () => {
        const other = { devices: { results: [{ ...result, device: 'gpu-1' }] } };
        expect(statusErrorsOf({ allocation: other }, { allocation })[0]).toMatch(
            /^status\.allocation: Invalid value: .*: field is immutable$/,
        );
        expect(statusErrorsOf({}, { allocation })).toEqual([]);
    });

    it('is reserved for a limited number of users, each once', () => {
        expect(statusErrorsOf({ reservedFor: [user] })).toEqual([
            'status.reservedFor: Forbidden: may not be specified when `allocated` is not set',
        ]);
        expect(statusErrorsOf({ allocation, reservedFor: [user, user] })).toEqual([
            'status.reservedFor[1]: Duplicate value: "1"',
        ]);
        const reservedFor = times(257, (index) => ({ ...user, uid: String(index) }));
        expect(statusErrorsOf({ allocation, reservedFor })).toEqual([
            'status.reservedFor: Too many: 257: must have at most 256 items',
        ]);
        expect(statusErrorsOf({ allocation, reservedFor: [{}] })).toEqual([
            'status.reservedFor[0].resource: Required value',
            'status.reservedFor[0].name: Required value',
            'status.reservedFor[0].uid: Required value',
        ]);
    });

    it('gets no more users when the claim is being deleted', () => {
        const deleted = { deletionTimestamp: '2026-01-01T00:00:00Z' };
        const old = { allocation, reservedFor: [user] };
        expect(statusErrorsOf(old, old, deleted)).toEqual([]);
        const next = { allocation, reservedFor: [user, { ...user, uid: '2' }] };
        expect(statusErrorsOf(next, old, deleted)).toEqual([
            'status.reservedFor: Forbidden: new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set',
        ]);
    });

    it('says more only of devices that are allocated', () => {
        const { request: _request, ...device } = result;
        expect(statusErrorsOf({ allocation, devices: [device] })).toEqual([]);
        expect(statusErrorsOf({ allocation, devices: [{ ...device, device: 'gpu-9' }] })).toEqual([
            'status.devices[0]: Invalid value: dra.example.com/node-1/gpu-9: must be an allocated device in the claim',
        ]);
        const details = { conditions: [{ type: 'Ready' }], data: 7, networkData: { ips: ['10.0.0.01/24'] } };
        expect(statusErrorsOf({ allocation, devices: [{ ...device, ...details }] })).toEqual([
            'status.devices[0].conditions[0].status: Unsupported value: "": supported values: "False", "True", "Unknown"',
            'status.devices[0].conditions[0].lastTransitionTime: Required value: must be set',
            'status.devices[0].conditions[0].reason: Required value: must be set',
            'status.devices[0].data: Invalid value: "<value omitted>": must be a valid JSON object',
            'status.devices[0].networkData.ips[0]: Invalid value: "10.0.0.01/24": must be in canonical form ("10.0.0.1/24")',
        ]);
    });

    it('loses what drivers said of devices together with their allocation', () => {
        const { request: _request, ...device } = result;
        const next = { ...claimOf({}), status: { devices: [device] } };
        claims.prepareForStatusUpdate?.(next, {
            ...claimOf({}),
            status: { allocation, devices: [device] },
        } as never);
        expect(next.status).toEqual({});
    });

    it('has shares of devices by UUID', () => {
        const shared = (shareID: string): string[] =>
            statusErrorsOf({ allocation: { devices: { results: [{ ...result, shareID }] } } });
        const path = 'status.allocation.devices.results[0].shareID';
        expect(shared('6f7a2c51-1b1e-4c39-b6b0-2a5d3f9d2b11')).toEqual([]);
        expect(shared('6F7A2C51-1B1E-4C39-B6B0-2A5D3F9D2B11')[0]).toContain(
            'must be in RFC 4122 normalized form',
        );
        expect(shared('7')).toEqual([
            `${path}: Invalid value: "7": error validating uid: invalid UUID length: 1`,
        ]);
    });
});

describe('device classes', () => {
    const classOf = (spec: object): ApiObject => ({ metadata: { name: 'gpus' }, spec }) as ApiObject;

    it('may stand for an extended resource', () => {
        expect(createErrors(classes, classOf({ extendedResourceName: 'example.com/gpu' }))).toEqual([]);
        expect(createErrors(classes, classOf({ extendedResourceName: 'cpu' }))).toEqual([
            'spec.extendedResourceName: Invalid value: "cpu": must be a valid extended resource name',
        ]);
    });

    it('keeps parameters that were accepted when they were allowed to be longer', () => {
        const opaque = { driver, parameters: { text: 'x'.repeat(20_000) } };
        const stored = classOf({ config: [{ opaque }] });
        expect(createErrors(classes, stored)).toEqual([
            'spec.config[0].opaque.parameters: Too long: may not be more than 10240 bytes',
        ]);
        expect(updateErrors(classes, stored, () => undefined)).toEqual([]);
    });
});

const pool = { name: 'node-1', generation: 1, resourceSliceCount: 1 };
const sliceOf = (spec: object): ApiObject =>
    ({
        metadata: { name: 'node-1-gpus' },
        spec: { driver, pool, nodeName: 'node-1', ...spec },
    }) as ApiObject;
const sliceErrors = (spec: object): string[] => createErrors(slices, sliceOf(spec));
const deviceErrors = (device: object): string[] => sliceErrors({ devices: [{ name: 'gpu-0', ...device }] });

describe('resource slices', () => {
    it('belongs to a driver, a pool and one choice of nodes', () => {
        expect(sliceErrors({})).toEqual([]);
        expect(sliceErrors({ driver: '', pool: {} })).toEqual([
            'spec.driver: Required value',
            'spec.pool.name: Required value',
            'spec.pool.resourceSliceCount: Invalid value: 0: must be greater than zero',
        ]);
        const rule =
            'exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required';
        expect(sliceErrors({ nodeName: undefined })).toEqual([`spec: Required value: ${rule}`]);
        expect(sliceErrors({ allNodes: true })).toEqual([
            `spec: Invalid value: "{\`nodeName\`, \`allNodes\`}": ${rule}, but multiple fields are set`,
        ]);
        expect(sliceErrors({ nodeName: '', allNodes: true })).toEqual([
            'spec.nodeName: Invalid value: "": must be either unset or set to a non-empty string',
        ]);
    });

    it('stays with its driver, pool and node', () => {
        const changed = updateErrors(slices, sliceOf({}), (copy: { spec: Record<string, unknown> }) => {
            copy.spec['driver'] = 'other.example.com';
            copy.spec['pool'] = { ...pool, name: 'other' };
            copy.spec['nodeName'] = 'other';
        });
        expect(changed).toEqual([
            'spec.pool.name: Invalid value: "other": field is immutable',
            'spec.driver: Invalid value: "other.example.com": field is immutable',
            'spec.nodeName: Invalid value: "other": field is immutable',
        ]);
    });

    it('has fewer devices where these have taints or counters', () => {
        const devices = times(129, (index) => ({ name: `gpu-${index}` }));
        expect(sliceErrors({ devices })).toEqual([
            'spec.devices: Too many: 129: must have at most 128 items',
        ]);
        const tainted = devices.slice(0, 65).map((device) => ({
            ...device,
            taints: [{ key: 'broken', effect: 'NoSchedule' }],
        }));
        expect(sliceErrors({ devices: tainted })).toEqual([
            'spec.devices: Too many: 65: must have at most 64 items',
        ]);
        expect(sliceErrors({ devices: [devices[0], devices[0]] })).toEqual([
            'spec.devices[1]: Duplicate value: "gpu-0"',
        ]);
    });

    it('says since when taints are there', () => {
        const taints = [
            { key: 'broken', effect: 'None' },
            { key: 'slow', effect: 'Maybe' },
        ];
        const slice = sliceOf({ devices: [{ name: 'gpu-0', taints }] });
        expect(prepared(slices, slice)).toMatchObject({
            spec: { devices: [{ taints: [{ timeAdded: '2026-01-02T03:04:05Z' }, {}] }] },
        });
        expect(createErrors(slices, slice)).toEqual([
            'spec.devices[0].taints[1].effect: Unsupported value: "Maybe": supported values: "NoExecute", "NoSchedule", "None"',
        ]);
    });

    it('has either devices or counters that they share', () => {
        const counters = { memory: { value: '40Gi' } };
        const sharedCounters = [{ name: 'gpu-0', counters }];
        expect(sliceErrors({ sharedCounters })).toEqual([]);
        expect(sliceErrors({ sharedCounters, devices: [] })).toEqual([
            'spec: Invalid value: "": only one of `sharedCounters` or `devices` is allowed',
        ]);
        expect(sliceErrors({ sharedCounters: [{}] })).toEqual([
            'spec.sharedCounters[0].name: Required value',
            'spec.sharedCounters[0].counters: Required value',
        ]);
        expect(
            sliceErrors({ sharedCounters: times(9, (index) => ({ name: `c${index}`, counters })) }),
        ).toEqual(['spec.sharedCounters: Too many: 9: must have at most 8 items']);
        const consumesCounters = times(3, (index) => ({ counterSet: `c${index}`, counters }));
        expect(deviceErrors({ consumesCounters })).toEqual([
            'spec.devices[0].consumesCounters: Too many: 3: must have at most 2 items',
        ]);
    });

    it('has attributes of one value, and drops lists of values', () => {
        const path = 'spec.devices[0].attributes';
        expect(
            deviceErrors({ attributes: { model: { string: 'a' }, [`${driver}/numa`]: { int: 0 } } }),
        ).toEqual([]);
        expect(deviceErrors({ attributes: { model: { strings: ['a'] } } })).toEqual([
            `${path}[model]: Invalid value: "": exactly one value must be specified`,
        ]);
        expect(deviceErrors({ attributes: { model: { version: '1.2' } } })).toEqual([
            `${path}[model].version: Invalid value: "1.2": must be a string compatible with semver.org spec 2.0.0`,
        ]);
        expect(deviceErrors({ attributes: { model: { string: 'a'.repeat(65) } } })).toEqual([
            `${path}[model].string: Too long: may not be more than 64 bytes`,
        ]);
        const attributes = Object.fromEntries(times(33, (index) => [`a${index}`, { bool: true }]));
        expect(deviceErrors({ attributes })).toEqual([
            'spec.devices[0]: Invalid value: 33: the total number of attributes and capacities must not exceed 32',
        ]);
    });

    it('chooses nodes by device only where it says so', () => {
        expect(deviceErrors({ nodeName: 'node-1' })).toEqual([
            'spec.devices[0]: Invalid value: null: `nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec',
        ]);
        const perDevice = (device: object): string[] =>
            sliceErrors({
                nodeName: undefined,
                perDeviceNodeSelection: true,
                devices: [{ name: 'a', ...device }],
            });
        expect(perDevice({ allNodes: true })).toEqual([]);
        expect(perDevice({})).toEqual([
            'spec.devices[0]: Required value: exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec',
        ]);
    });

    it('has conditions of binding and of its failure, or none', () => {
        expect(deviceErrors({ bindingConditions: ['Ready'], bindingFailureConditions: ['Broken'] })).toEqual(
            [],
        );
        expect(deviceErrors({ bindingConditions: ['Ready'] })).toEqual([
            'spec.devices[0].bindingFailureConditions: Invalid value: null: bindingFailureConditions are required to use bindingConditions',
        ]);
        expect(deviceErrors({ bindingConditions: ['a'], bindingFailureConditions: ['a'] })).toEqual([
            'spec.devices[0].bindingFailureConditions[0]: Invalid value: "a": bindingFailureConditions must not overlap with bindingConditions',
        ]);
    });

    it('shares capacity by steps that end where the capacity ends', () => {
        const path = 'spec.devices[0].capacity[memory].requestPolicy';
        const refused = (
            requestPolicy: object,
            more: object = { allowMultipleAllocations: true },
        ): string[] => deviceErrors({ ...more, capacity: { memory: { value: '10Gi', requestPolicy } } });
        const validRange = { min: '1Gi', max: '9Gi', step: '2Gi' };
        expect(refused({ default: '3Gi', validRange })).toEqual([]);
        expect(refused({ default: '3Gi', validRange }, {})).toEqual([
            `${path}: Forbidden: allowMultipleAllocations must be true`,
        ]);
        expect(refused({ validRange })).toEqual([
            `${path}.default: Required value: required when validRange is defined`,
        ]);
        expect(refused({ default: '2Gi', validRange })).toEqual([
            `${path}.validRange.step: Invalid value: "2Gi": value is not a multiple of a given step (2Gi) from (1Gi)`,
        ]);
        expect(refused({ default: '1Gi', validRange: { min: '1Gi', step: '0' } })).toEqual([
            `${path}.validRange.step: Invalid value: "0": must be greater than zero`,
        ]);
        expect(refused({ default: '1Gi', validRange: { min: '11Gi' } })).toEqual([
            `${path}.validRange.min: Invalid value: "11Gi": min is larger than capacity value: 10Gi`,
            `${path}.validRange.default: Invalid value: "1Gi": default is less than min: 11Gi`,
        ]);
        expect(refused({ default: '3Gi', validValues: ['2Gi', '1Gi', '11Gi'] })).toEqual([
            `${path}.validValues[1]: Invalid value: "1Gi": values must be sorted in ascending order`,
            `${path}.validValues[2]: Invalid value: "11Gi": option is larger than capacity value: 10Gi`,
            `${path}.validValues: Invalid value: "3Gi": default value is not valid according to the requestPolicy`,
        ]);
    });

    it('warns of drivers in upper case', () => {
        expect(slices.warnings?.(sliceOf({ driver: 'DRA.example.com' }), undefined)).toEqual([
            'spec.driver: driver names should be lowercase; "DRA.example.com" contains uppercase characters',
        ]);
    });
});
