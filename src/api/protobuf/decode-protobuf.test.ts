import { describe, expect, it } from '@jest/globals';
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

describe('protobuf bodies', () => {
    it('become the JSON that other clients send', () => {
        const metadata = message(1, bytes(1, 'web'), bytes(5, ''), message(8, integer(1, 0), integer(2, 0)));
        const entry = message(1, bytes(1, 'app'), bytes(2, 'web'));
        const spec = message(2, integer(1, 0), message(2, entry), integer(5, 0));
        const { value, unknownFields } = decodeProtobuf(
            'V1Deployment',
            envelope('apps/v1', 'Deployment', metadata, spec),
        );
        expect(unknownFields).toEqual([]);
        expect(value).toEqual({
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
        const { value } = decodeProtobuf('V1Pod', envelope('v1', 'Pod', message(2, volume, container)));
        expect(value).toMatchObject({
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
        expect(JSON.stringify(value)).not.toContain('timeoutSeconds');
    });

    it('say which fields they hold that are newer than this server', () => {
        const { unknownFields } = decodeProtobuf('V1Pod', envelope('v1', 'Pod', integer(999, 1)));
        expect(unknownFields).toEqual(['unknown protobuf field 999 of Pod was dropped']);
    });

    it.each([
        ['no envelope', Buffer.from('{"kind":"Pod"}')],
        ['a cut message', envelope('v1', 'Pod', bytes(1, 'x')).subarray(0, 12)],
        ['a wrong wire type', envelope('v1', 'Pod', integer(1, 5))],
    ])('are refused with %s', (_what, body) => {
        expect(() => decodeProtobuf('V1Pod', body)).toThrow();
    });
});
