import { beforeAll, describe, expect, it } from '@jest/globals';
import { assert } from '../../../util/assert.ts';
import type { ApiObject } from '../../meta/object.ts';
import { decodeValue } from '../../schema/decode.ts';
import { resourceDefinitions } from '../index.ts';
import type { ResourceDefinition } from '../resource.ts';
import { serveLegacyApis } from './index.ts';

beforeAll(() => {
    serveLegacyApis();
});

function definitionOf(apiVersion: string, kind: string): ResourceDefinition {
    const definition = resourceDefinitions().find(
        (one) => `${one.group}/${one.version}` === apiVersion && one.kind === kind,
    );
    assert(definition !== undefined, 'the version is served', { apiVersion, kind });
    return definition;
}

/** As it is stored after a create. */
function stored(apiVersion: string, kind: string, rest: object): ApiObject {
    const { type, strategy, conversion } = definitionOf(apiVersion, kind);
    const { value, unknownFields } = decodeValue(type, { apiVersion, kind, ...rest });
    expect(unknownFields).toEqual([]);
    const object = value as ApiObject;
    strategy.defaults?.(object);
    strategy.prepareForCreate?.(object, { now: '2026-01-01T00:00:00Z' });
    expect(strategy.validate?.(object)).toEqual([]);
    assert(conversion !== undefined, 'old versions are converted');
    return conversion.toStored(object);
}

const template = {
    metadata: { labels: { app: 'web' } },
    spec: { containers: [{ name: 'c', image: 'busybox' }] },
};

describe('versions that upstream has removed', () => {
    it.each<[string, string, object, object]>([
        [
            'extensions/v1beta1',
            'Deployment',
            { template },
            {
                selector: { matchLabels: { app: 'web' } },
                strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } },
                revisionHistoryLimit: 2_147_483_647,
                progressDeadlineSeconds: 2_147_483_647,
                replicas: 1,
            },
        ],
        [
            'apps/v1beta1',
            'Deployment',
            { template, rollbackTo: { revision: 3 } },
            {
                selector: { matchLabels: { app: 'web' } },
                strategy: { rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
                revisionHistoryLimit: 2,
                progressDeadlineSeconds: 600,
            },
        ],
        [
            'apps/v1beta2',
            'Deployment',
            { template, selector: { matchLabels: { app: 'web' } } },
            { revisionHistoryLimit: 10 },
        ],
        [
            'extensions/v1beta1',
            'DaemonSet',
            { template, templateGeneration: 4 },
            { selector: { matchLabels: { app: 'web' } }, updateStrategy: { type: 'OnDelete' } },
        ],
        [
            'apps/v1beta1',
            'StatefulSet',
            { template, serviceName: 'web' },
            { selector: { matchLabels: { app: 'web' } }, updateStrategy: { type: 'OnDelete' } },
        ],
        [
            'apps/v1beta2',
            'StatefulSet',
            { template, serviceName: 'web', selector: { matchLabels: { app: 'web' } } },
            { updateStrategy: { type: 'RollingUpdate' } },
        ],
        ['extensions/v1beta1', 'ReplicaSet', { template }, { selector: { matchLabels: { app: 'web' } } }],
    ])('%s %s has the defaults of its time', (apiVersion, kind, spec, expected) => {
        const result = stored(apiVersion, kind, { metadata: { name: 'web' }, spec }) as ApiObject & {
            spec: object;
        };
        expect(result.spec).toMatchObject(expected);
        expect(result.spec).not.toHaveProperty('rollbackTo');
        expect(result.spec).not.toHaveProperty('templateGeneration');
    });

    it.each(['extensions/v1beta1', 'networking.k8s.io/v1beta1'])(
        '%s Ingress names Services as today',
        (apiVersion) => {
            const spec = {
                backend: { serviceName: 'a', servicePort: 80 },
                rules: [
                    { http: { paths: [{ path: '/b', backend: { serviceName: 'b', servicePort: 'http' } }] } },
                ],
                tls: [{ hosts: ['x.example'], secretName: 's' }],
            };
            const result = stored(apiVersion, 'Ingress', { metadata: { name: 'web' }, spec });
            expect(result).toMatchObject({
                spec: {
                    defaultBackend: { service: { name: 'a', port: { number: 80 } } },
                    rules: [
                        {
                            http: {
                                paths: [
                                    {
                                        path: '/b',
                                        pathType: 'ImplementationSpecific',
                                        backend: { service: { name: 'b', port: { name: 'http' } } },
                                    },
                                ],
                            },
                        },
                    ],
                    tls: spec.tls,
                },
            });
            const [path] = spec.rules[0]?.http.paths ?? [];
            expect(definitionOf(apiVersion, 'Ingress').conversion?.fromStored(result)).toMatchObject({
                spec: {
                    ...spec,
                    rules: [{ http: { paths: [{ ...path, pathType: 'ImplementationSpecific' }] } }],
                },
            });
        },
    );

    it('warn who writes them, and say what to use', () => {
        const { strategy } = definitionOf('extensions/v1beta1', 'Ingress');
        expect(strategy.deprecation).toBe(
            'extensions/v1beta1 Ingress is deprecated in v1.14+, unavailable in v1.22+; use networking.k8s.io/v1 Ingress',
        );
        expect(strategy.removedRelease).toBe('1.22');
    });

    it('leave short names to the resource of today', () => {
        expect(definitionOf('extensions/v1beta1', 'Deployment').shortNames).toEqual([]);
        expect(definitionOf('apps/v1', 'Deployment').shortNames).toEqual(['deploy']);
    });
});
