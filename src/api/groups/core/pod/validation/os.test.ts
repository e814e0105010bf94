import { describe, expect, it } from '@jest/globals';
import { formatFieldError } from '../../../../meta/field-error.ts';
import type { V1EnvVarSource, V1Node, V1PodSpec } from '../../../../meta/object.ts';
import { createErrors, examplePod, strategyOf } from '../../../testing.ts';

const pods = strategyOf('pods');
const withSpec = (change: Partial<V1PodSpec>) =>
    createErrors(
        pods,
        examplePod((pod) => Object.assign(pod.spec, change)),
    );

describe('the operating system of a pod', () => {
    it('takes no fields that only the other one has', () => {
        const windowsOptions = { runAsUserName: 'me' };
        const containers = [{ name: 'a', image: 'x', securityContext: { windowsOptions } }];
        expect(withSpec({ os: { name: 'linux' }, securityContext: { windowsOptions }, containers })).toEqual([
            'spec.securityContext.windowsOptions: Forbidden: windows options cannot be set for a linux pod',
            'spec.containers[0].securityContext.windowsOptions: Forbidden: windows options cannot be set for a linux pod',
        ]);
        expect(
            withSpec({
                os: { name: 'windows' },
                hostPID: true,
                hostIPC: false,
                securityContext: { runAsUser: 1, windowsOptions },
                initContainers: [{ name: 'i', image: 'x', securityContext: { privileged: false } }],
            }),
        ).toEqual([
            'spec.securityContext.runAsUser: Forbidden: cannot be set for a windows pod',
            'spec.hostPID: Forbidden: cannot be set for a windows pod',
            'spec.initContainers[0].securityContext.privileged: Forbidden: cannot be set for a windows pod',
        ]);
    });

    it('runs all containers as processes of the host or none, on its network', () => {
        const onHost = { securityContext: { windowsOptions: { hostProcess: true } } };
        expect(withSpec({ ...onHost, hostNetwork: true })).toEqual([]);
        expect(withSpec(onHost)).toEqual([
            'spec.hostNetwork: Invalid value: false: hostNetwork must be true if pod contains any hostProcess containers',
        ]);
        expect(
            withSpec({
                hostNetwork: true,
                containers: [
                    { name: 'a', image: 'x', ...onHost },
                    { name: 'b', image: 'x' },
                ],
            }),
        ).toEqual([
            'spec: Invalid value: "": If pod contains any hostProcess containers then all containers must be HostProcess containers',
        ]);
        const off = { securityContext: { windowsOptions: { hostProcess: false } } };
        expect(
            withSpec({ ...onHost, hostNetwork: true, containers: [{ name: 'a', image: 'x', ...off }] }),
        ).toContain(
            'spec.containers[0].securityContext.windowsOptions.hostProcess: Invalid value: false: pod hostProcess value must be identical if both are specified, was true',
        );
    });

    it.each([
        ['DOMAIN\\user', undefined],
        ['a.example.com\\user', undefined],
        ['', 'runAsUserName cannot be an empty string'],
        ['a\\b\\c', 'runAsUserName cannot contain more than one backslash'],
        ['a\u0001', 'runAsUserName cannot contain control characters'],
        ['d\\', "runAsUserName's User cannot be empty"],
        ['. .', "runAsUserName's User cannot contain only periods or spaces"],
    ])('runs as user %j', (runAsUserName, problem) => {
        const path = 'spec.securityContext.windowsOptions.runAsUserName';
        expect(withSpec({ securityContext: { windowsOptions: { runAsUserName } } })).toEqual(
            problem === undefined
                ? []
                : [`${path}: Invalid value: ${JSON.stringify(runAsUserName)}: ${problem}`],
        );
    });
});

describe('a variable from a file', () => {
    const from = (fileKeyRef: object) =>
        withSpec({
            containers: [
                { name: 'a', image: 'x', env: [{ name: 'A', valueFrom: { fileKeyRef } as V1EnvVarSource }] },
            ],
        });
    const path = 'spec.containers[0].env[0].valueFrom.fileKeyRef';

    it('names its volume, file and key', () => {
        expect(from({ volumeName: 'v', path: 'a/b.env', key: 'KEY' })).toEqual([]);
        expect(from({})).toEqual(
            ['volumeName', 'path', 'key'].map((field) => `${path}.${field}: Required value`),
        );
        expect(from({ volumeName: 'v', path: '../b', key: 'k'.repeat(129) })).toEqual([
            `${path}.path: Invalid value: "../b": must not contain '..'`,
            `${path}.key: Too long: may not be more than 128 bytes`,
        ]);
    });
});

describe('the addresses of a node', () => {
    it('are each there once', () => {
        const nodes = strategyOf('nodes');
        const node = (...addresses: object[]) =>
            ({ metadata: { name: 'n' }, status: { addresses } }) as V1Node;
        const errors = (one: V1Node) =>
            (nodes.validateStatusUpdate?.(one, node()) ?? []).map(formatFieldError);
        const internal = { type: 'InternalIP', address: '10.0.0.1' };
        expect(errors(node(internal, { ...internal, type: 'ExternalIP' }))).toEqual([]);
        expect(errors(node(internal, internal))).toEqual([
            'status.addresses[1]: Duplicate value: {"type":"InternalIP","address":"10.0.0.1"}',
        ]);
    });
});
