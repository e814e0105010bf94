import { describe, expect, it } from '@jest/globals';
import type { ApiObject } from '../meta/object.ts';
import { decodeObject } from '../schema/decode.ts';
import { decodeProtobuf } from './decode-protobuf.ts';

const varint = (value: number): number[] =>
    value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(Math.floor(value / 128))];
const bytes = (number: number, value: string | Buffer): Buffer => {
    const content = Buffer.from(value as string);
    return Buffer.concat([Buffer.from([...varint(number * 8 + 2), ...varint(content.length)]), content]);
};
const integer = (number: number, value: number): Buffer =>
    Buffer.from([...varint(number * 8), ...varint(value)]);
const message = (number: number, ...fields: Buffer[]): Buffer => bytes(number, Buffer.concat(fields));
const envelope = (apiVersion: string, kind: string, ...fields: Buffer[]): Buffer =>
    Buffer.concat([
        Buffer.from('k8s\0'),
        message(1, bytes(1, apiVersion), bytes(2, kind)),
        message(2, ...fields),
    ]);

/** A body as it is read: decoded, and then checked like one of JSON. */
function read(type: string, body: Buffer): { object: ApiObject; unknownFields: string[] } {
    return decodeObject(type, decodeProtobuf(type, body));
}

describe('protobuf bodies', () => {
    it('become the JSON that other clients send', () => {
        const metadata = message(1, bytes(1, 'web'), bytes(5, ''), message(8, integer(1, 0), integer(2, 0)));
        const entry = message(1, bytes(1, 'app'), bytes(2, 'web'));
        const spec = message(2, integer(1, 0), message(2, entry), integer(5, 0));
        const { object, unknownFields } = read(
            'V1Deployment',
            envelope('apps/v1', 'Deployment', metadata, spec),
        );
        expect(unknownFields).toEqual([]);
        expect(object).toEqual({
            apiVersion: 'apps/v1',
            kind: 'Deployment',
            metadata: { name: 'web' },
            spec: { replicas: 0, selector: { matchLabels: { app: 'web' } } },
        });
    });

    it('unfold embedded structs, quantities and int-or-strings', () => {
        const volume = message(1, bytes(1, 'v'), message(2, message(2)));
        const cpu = message(2, bytes(1, 'cpu'), message(2, bytes(1, '100m')));
        const probe = message(
            10,
            message(1, message(2, bytes(1, '/'), message(2, integer(1, 0), integer(2, 80), bytes(3, '')))),
            integer(3, 0),
        );
        const container = message(2, bytes(1, 'c'), message(8, cpu), probe);
        const { object } = read('V1Pod', envelope('v1', 'Pod', message(2, volume, container)));
        expect(object).toMatchObject({
            spec: {
                volumes: [{ name: 'v', emptyDir: {} }],
                containers: [
                    {
                        name: 'c',
                        resources: { requests: { cpu: '100m' } },
                        livenessProbe: { httpGet: { path: '/', port: 80 } },
                    },
                ],
            },
        });
        expect(JSON.stringify(object)).not.toContain('timeoutSeconds');
    });

    it('keep zeros of pointers, which were said', () => {
        const csi = message(28, bytes(1, 'driver'), integer(2, 0), bytes(3, ''));
        const iscsi = message(
            8,
            bytes(1, 'portal'),
            bytes(2, 'iqn'),
            integer(3, 0),
            integer(8, 0),
            bytes(12, ''),
        );
        const volumes = [csi, iscsi].map((source) => message(1, bytes(1, 'v'), message(2, source)));
        const { object } = read('V1Pod', envelope('v1', 'Pod', message(2, ...volumes)));
        expect(object).toMatchObject({
            spec: {
                volumes: [
                    { name: 'v', csi: { driver: 'driver', readOnly: false, fsType: '' } },
                    { name: 'v', iscsi: { targetPortal: 'portal', iqn: 'iqn', lun: 0, initiatorName: '' } },
                ],
            },
        });
        expect(JSON.stringify(object)).not.toContain('chapAuthDiscovery');
    });

    it('keep the microseconds of a MicroTime', () => {
        const renewTime = message(4, integer(1, 1_767_323_045), integer(2, 123_456_789));
        const { object } = read(
            'V1Lease',
            envelope('coordination.k8s.io/v1', 'Lease', message(2, renewTime)),
        );
        expect(object).toMatchObject({ spec: { renewTime: '2026-01-02T03:04:05.123456Z' } });
    });

    it('turn the messages of a schema into its JSON forms', () => {
        const json = (text: string): Buffer => bytes(1, text);
        const property = (name: string, ...fields: Buffer[]): Buffer =>
            message(29, bytes(1, name), message(2, ...fields));
        const props = message(
            1,
            bytes(5, 'object'),
            property('a', message(8, json('{"x":[1,null]}')), message(20, json('1')), message(20)),
            property('b', message(30, integer(1, 1)), message(33, integer(1, 0))),
            property('c', message(30, integer(1, 1), message(2, bytes(5, 'string'), bytes(4, '')))),
            property('d', message(24, message(1, bytes(5, 'integer')))),
            property('e', message(24, message(2, bytes(5, 'integer')))),
            property('f', message(32, bytes(1, 'x'), message(2, bytes(2, 'y')))),
            property('g', integer(38, 1), integer(39, 0), bytes(42, 'atomic')),
        );
        const version = message(7, bytes(1, 'v1'), integer(2, 1), integer(3, 0), message(4, props));
        const body = envelope('apiextensions.k8s.io/v1', 'CustomResourceDefinition', message(2, version));
        expect(read('V1CustomResourceDefinition', body)).toMatchObject({
            unknownFields: [],
            object: {
                spec: {
                    versions: [
                        {
                            name: 'v1',
                            served: true,
                            storage: false,
                            schema: {
                                openAPIV3Schema: {
                                    type: 'object',
                                    properties: {
                                        a: { default: { x: [1, null] }, enum: [1, null] },
                                        b: { additionalProperties: true, additionalItems: false },
                                        c: { additionalProperties: { type: 'string' } },
                                        d: { items: { type: 'integer' } },
                                        e: { items: [{ type: 'integer' }] },
                                        f: { dependencies: { x: ['y'] } },
                                        g: {
                                            'x-kubernetes-preserve-unknown-fields': true,
                                            'x-kubernetes-list-type': 'atomic',
                                        },
                                    },
                                },
                            },
                        },
                    ],
                },
            },
        });
    });

    it('know the parts of a webhook, whose names differ from those of JSON', () => {
        const rule = message(1, bytes(1, 'CREATE'));
        const rules = message(3, rule.subarray(2), message(2, bytes(3, 'pods')));
        const body = message(2, bytes(1, 'a.example.com'), rules);
        const name = 'ValidatingWebhookConfiguration';
        const { object } = read(`V1${name}`, envelope('admissionregistration.k8s.io/v1', name, body));
        expect(object).toMatchObject({
            webhooks: [{ name: 'a.example.com', rules: [{ operations: ['CREATE'], resources: ['pods'] }] }],
        });
    });

    it('may hold fields that the server does not know', () => {
        const metadata = message(1, bytes(1, 'a'), bytes(15, 'retired'));
        expect(read('V1Pod', envelope('v1', 'Pod', metadata, integer(999, 1)))).toEqual({
            object: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } },
            unknownFields: [],
        });
    });

    it.each([
        ['no envelope', Buffer.from('{"kind":"Pod"}')],
        ['a cut message', envelope('v1', 'Pod', bytes(1, 'x')).subarray(0, 12)],
        ['a wrong wire type', envelope('v1', 'Pod', integer(1, 5))],
        ['a time beyond all years', envelope('v1', 'Pod', message(1, message(8, integer(1, 1e15))))],
    ])('are refused with %s', (_what, body) => {
        expect(() => decodeProtobuf('V1Pod', body)).toThrow();
    });
});
