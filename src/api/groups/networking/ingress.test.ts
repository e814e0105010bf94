import { describe, expect, it } from '@jest/globals';
import type { ApiObject, V1Ingress } from '../../meta/object.ts';
import { createErrors, strategyOf, updateErrors } from '../testing.ts';

const ingresses = strategyOf('ingresses', 'networking.k8s.io');
const classes = strategyOf('ingressclasses', 'networking.k8s.io');
const runtimeClasses = strategyOf('runtimeclasses', 'node.k8s.io');

const service = { name: 'web', port: { number: 80 } };
const ingress = (spec: object, annotations: Record<string, string> = {}): V1Ingress => ({
    metadata: { name: 'main', annotations },
    spec: { defaultBackend: { service }, ...spec },
});
const annotated = { 'kubernetes.io/ingress.class': 'nginx' };

describe('an ingress', () => {
    it('names its class in one place', () => {
        expect(createErrors(ingresses, ingress({}, annotated))).toEqual([]);
        const both = ingress({ ingressClassName: 'nginx' }, annotated);
        expect(createErrors(ingresses, both)).toEqual([
            'annotations.kubernetes.io/ingress.class: Invalid value: "nginx": can not be set when the class field is also set',
        ]);
        expect(updateErrors(ingresses, both, () => undefined)).toEqual([]);
    });

    it('names services, ports and secrets that there can be', () => {
        const backend = (change: object) =>
            ingress({ defaultBackend: { service: { ...service, ...change } } });
        expect(createErrors(ingresses, backend({ port: { name: 'http' } }))).toEqual([]);
        expect(createErrors(ingresses, backend({ name: 'Web' }))[0]).toMatch(
            /^spec\.defaultBackend\.service\.name: Invalid value: "Web": a lowercase RFC 1123 label/,
        );
        expect(createErrors(ingresses, backend({ port: { name: '80' } }))).toEqual([
            'spec.defaultBackend.service.port.name: Invalid value: "80": must contain at least one letter (a-z)',
        ]);
        expect(createErrors(ingresses, backend({ port: { name: '', number: 0 } }))).toEqual([
            'spec.defaultBackend: Required value: port name or number is required',
        ]);
        expect(createErrors(ingresses, ingress({ tls: [{ secretName: 'not_a_name' }] }))[0]).toMatch(
            /^spec\.tls\[0\]\.secretName: Invalid value: "not_a_name": a lowercase RFC 1123 subdomain/,
        );
    });

    it('refers to a resource by kind and name', () => {
        const resource = { apiGroup: 'Not A Group', kind: 'Bucket', name: 'a/b' };
        const errors = createErrors(ingresses, ingress({ defaultBackend: { resource } }));
        expect(errors).toHaveLength(2);
        expect(errors[0]).toMatch(/^spec\.defaultBackend\.resource\.apiGroup: Invalid value/);
        expect(errors[1]).toBe(
            `spec.defaultBackend.resource.name: Invalid value: "a/b": may not contain '/'`,
        );
    });

    it('has a wildcard for one label only', () => {
        const host = (name: string) => ingress({ rules: [{ host: name }] });
        expect(createErrors(ingresses, host('*.example.com'))).toEqual([]);
        expect(createErrors(ingresses, host('*.*.example.com'))[0]).toMatch(
            /^spec\.rules\[0\]\.host: Invalid value: "\*\.\*\.example\.com": a wildcard DNS-1123 subdomain/,
        );
    });
});

describe('a class of ingresses', () => {
    const withParameters = (parameters: object): ApiObject =>
        ({
            metadata: { name: 'a' },
            spec: { controller: 'example.com/c', parameters: { kind: 'P', name: 'p', ...parameters } },
        }) as ApiObject;

    it.each<[object, string[]]>([
        [{}, []],
        [{ scope: 'Namespace', namespace: 'default' }, []],
        [{ scope: 'Namespace' }, [".namespace: Required value: `parameters.scope` is set to 'Namespace'"]],
        [{ namespace: 'default' }, [".namespace: Forbidden: `parameters.scope` is set to 'Cluster'"]],
        [
            { scope: 'World' },
            ['.scope: Unsupported value: "World": supported values: "Cluster", "Namespace"'],
        ],
        [{ kind: '' }, ['.kind: Required value: kind is required']],
    ])('with parameters %j', (parameters, expected) => {
        expect(createErrors(classes, withParameters(parameters))).toEqual(
            expected.map((error) => `spec.parameters${error}`),
        );
    });
});

describe('a class of runtimes', () => {
    const runtimeClass = (change: object): ApiObject =>
        ({ metadata: { name: 'a' }, handler: 'runc', ...change }) as ApiObject;

    it('costs what containers can cost', () => {
        expect(createErrors(runtimeClasses, runtimeClass({ overhead: { podFixed: { cpu: '1' } } }))).toEqual(
            [],
        );
        expect(createErrors(runtimeClasses, runtimeClass({ overhead: { podFixed: { cpu: '-1' } } }))).toEqual(
            ['overhead.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0'],
        );
    });

    it('sends pods by sound labels and tolerations', () => {
        const toleration = { key: 'a', operator: 'Exists' };
        const scheduling = { nodeSelector: { 'a b': 'c' }, tolerations: [toleration, toleration] };
        const errors = createErrors(runtimeClasses, runtimeClass({ scheduling }));
        expect(errors).toHaveLength(2);
        expect(errors[0]).toMatch(/^scheduling\.nodeSelector: Invalid value: "a b"/);
        expect(errors[1]).toBe('scheduling.tolerations[1]: Duplicate value: {"key":"a","operator":"Exists"}');
    });
});
