import type { CelEnvironment, CelType } from '../cel.ts';

/** What match conditions of an authorization webhook may name (k8s.io/apiserver, authorization/cel). */

const string: CelType = { kind: 'string' };
const strings: CelType = { kind: 'list', of: string };

const object = (name: string, fields: Record<string, CelType>): CelType => ({
    kind: 'object',
    name: `kubernetes.${name}`,
    fields,
});
const requirement = object('SelectorRequirement', { key: string, operator: string, values: strings });
const selector = (name: string): CelType =>
    object(name, { rawSelector: string, requirements: { kind: 'list', of: requirement } });

/** `request`: the spec of a SubjectAccessReview. The result is for the caller to check. */
export const accessReviewEnvironment: CelEnvironment = {
    variables: {
        request: object('SubjectAccessReviewSpec', {
            resourceAttributes: object('ResourceAttributes', {
                namespace: string,
                verb: string,
                group: string,
                version: string,
                resource: string,
                subresource: string,
                name: string,
                fieldSelector: selector('FieldSelectorAttributes'),
                labelSelector: selector('LabelSelectorAttributes'),
            }),
            nonResourceAttributes: object('NonResourceAttributes', { path: string, verb: string }),
            user: string,
            groups: strings,
            extra: { kind: 'map', keys: string, of: strings },
            uid: string,
        }),
    },
};
