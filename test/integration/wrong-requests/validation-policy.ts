import { creations, type ValidationRow } from './validation.ts';
import { examples, withMember } from './objects.ts';
import type { WrongRequest } from './wrong-request.ts';

const version = 'spec.versions[0]';
const webhook = 'webhooks[0]';

const rows: ValidationRow[] = [
    ['Role', 'rules[0].verbs', [], 'rules[0].verbs: Required value: verbs must contain at least one value'],
    [
        'Role',
        'rules[0].apiGroups',
        [],
        'rules[0].apiGroups: Required value: resource rules must supply at least one api group',
    ],
    [
        'Role',
        'rules[0].resources',
        [],
        'rules[0].resources: Required value: resource rules must supply at least one resource',
    ],
    [
        'Role',
        'rules[0].nonResourceURLs',
        ['/a'],
        /rules\[0\]\.nonResourceURLs: Invalid value: \["\/a"\]: namespaced rules cannot apply to non-resource URLs/,
    ],
    [
        'ClusterRole',
        'rules[0].resources',
        ['pods'],
        /rules\[0\]\.nonResourceURLs: Invalid value: \["\/healthz"\]: rules cannot apply to both regular resources and non-resource URLs/,
    ],
    [
        'RoleBinding',
        'roleRef.kind',
        'Pod',
        'roleRef.kind: Unsupported value: "Pod": supported values: "Role", "ClusterRole"',
    ],
    [
        'RoleBinding',
        'roleRef.apiGroup',
        'apps',
        'roleRef.apiGroup: Unsupported value: "apps": supported values: "rbac.authorization.k8s.io"',
    ],
    ['RoleBinding', 'roleRef.name', '', 'roleRef.name: Required value'],
    [
        'RoleBinding',
        'subjects[0].kind',
        'Ghost',
        'subjects[0].kind: Unsupported value: "Ghost": supported values: "ServiceAccount", "User", "Group"',
    ],
    ['RoleBinding', 'subjects[0].name', '', 'subjects[0].name: Required value'],
    [
        'ClusterRoleBinding',
        'roleRef.kind',
        'Role',
        'roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"',
    ],
    ['ClusterRoleBinding', 'subjects[0].namespace', '', 'subjects[0].namespace: Required value'],
    [
        'CustomResourceDefinition',
        'spec.scope',
        'Global',
        /spec\.scope: Unsupported value: "Global": supported values: "Cluster", "Namespaced"/,
    ],
    ['CustomResourceDefinition', 'spec.group', '', /spec\.group: Required value/],
    ['CustomResourceDefinition', 'spec.names.kind', '', /spec\.names\.kind: Required value/],
    [
        'CustomResourceDefinition',
        'spec.versions',
        [],
        /spec\.versions: (?:Invalid value: .*: must have exactly one version marked as storage version|Required value: must have at least one version)/,
    ],
    [
        'CustomResourceDefinition',
        `${version}.storage`,
        false,
        /spec\.versions: Invalid value: .*: must have exactly one version marked as storage version/,
    ],
    [
        'CustomResourceDefinition',
        `${version}.schema`,
        undefined,
        /spec\.versions\[0\]\.schema\.openAPIV3Schema: Required value: schemas are required/,
    ],
    [
        'CustomResourceDefinition',
        `${version}.schema.openAPIV3Schema`,
        { properties: {} },
        /spec\.versions\[0\]\.schema\.openAPIV3Schema\.type: Required value: must not be empty at the root/,
    ],
    [
        'CustomResourceDefinition',
        `${version}.schema.openAPIV3Schema.properties.spec.type`,
        '',
        /spec\.versions\[0\]\.schema\.openAPIV3Schema\.properties\[spec\]\.type: Required value: must not be empty for specified object fields/,
    ],
    [
        'CustomResourceDefinition',
        `${version}.name`,
        'V1',
        /spec\.versions\[0\]\.name: Invalid value: "V1": a DNS-1035 label/,
    ],
    [
        'ValidatingWebhookConfiguration',
        `${webhook}.name`,
        'hook',
        /webhooks\[0\]\.name: Invalid value: "hook": should be a domain with at least three segments separated by dots/,
    ],
    [
        'ValidatingWebhookConfiguration',
        `${webhook}.sideEffects`,
        'Some',
        /webhooks\[0\]\.sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"/,
    ],
    [
        'ValidatingWebhookConfiguration',
        `${webhook}.sideEffects`,
        undefined,
        /webhooks\[0\]\.sideEffects: Required value/,
    ],
    [
        'ValidatingWebhookConfiguration',
        `${webhook}.admissionReviewVersions`,
        [],
        /webhooks\[0\]\.admissionReviewVersions: Required value: must specify one of v1, v1beta1/,
    ],
    [
        'ValidatingWebhookConfiguration',
        `${webhook}.clientConfig`,
        {},
        /webhooks\[0\]\.clientConfig: Required value: exactly one of url or service is required/,
    ],
    [
        'ValidatingWebhookConfiguration',
        `${webhook}.clientConfig.url`,
        'http://a',
        /webhooks\[0\]\.clientConfig\.url: Invalid value: "http": 'https' is the only allowed URL scheme/,
    ],
    [
        'ValidatingWebhookConfiguration',
        `${webhook}.failurePolicy`,
        'Maybe',
        /webhooks\[0\]\.failurePolicy: Unsupported value: "Maybe": supported values: "Fail", "Ignore"/,
    ],
    [
        'ValidatingWebhookConfiguration',
        `${webhook}.timeoutSeconds`,
        60,
        /webhooks\[0\]\.timeoutSeconds: Invalid value: 60: the timeout value must be between 1 and 30 seconds/,
    ],
    [
        'ValidatingWebhookConfiguration',
        `${webhook}.rules[0].operations`,
        ['READ'],
        /webhooks\[0\]\.rules\[0\]\.operations\[0\]: Unsupported value: "READ"/,
    ],
    [
        'ValidatingAdmissionPolicy',
        'spec.validations[0].expression',
        '1 +',
        /spec\.validations\[0\]\.expression: Invalid value: "1 \+": compilation failed/,
    ],
    [
        'ValidatingAdmissionPolicy',
        'spec.validations[0].expression',
        '"text"',
        /spec\.validations\[0\]\.expression: Invalid value: .*must evaluate to bool/,
    ],
    [
        'ValidatingAdmissionPolicy',
        'spec.validations',
        [],
        /spec\.validations: Required value: validations or auditAnnotations must contain at least one item/,
    ],
    [
        'ValidatingAdmissionPolicy',
        'spec.matchConstraints',
        undefined,
        /spec\.matchConstraints: Required value/,
    ],
    ['FlowSchema', 'spec.matchingPrecedence', 0, /^$/],
    [
        'FlowSchema',
        'spec.matchingPrecedence',
        10_001,
        'spec.matchingPrecedence: Invalid value: 10001: must not be greater than 10000',
    ],
    [
        'FlowSchema',
        'spec.priorityLevelConfiguration.name',
        '',
        /spec\.priorityLevelConfiguration\.name: Required value/,
    ],
    [
        'FlowSchema',
        'spec.distinguisherMethod',
        { type: 'x' },
        /spec\.distinguisherMethod(?:\.type)?: Unsupported value: "x": supported values: "ByNamespace", "ByUser"/,
    ],
    [
        'FlowSchema',
        'spec.rules[0].subjects',
        [],
        /spec\.rules\[0\]\.subjects: Required value: subjects must contain at least one value/,
    ],
    [
        'PriorityLevelConfiguration',
        'spec.type',
        'Lucky',
        /spec\.type: Unsupported value: "Lucky": supported values: "Exempt", "Limited"/,
    ],
    [
        'PriorityLevelConfiguration',
        'spec.limited',
        undefined,
        /spec\.limited: Required value: must not be empty when type is Limited/,
    ],
    [
        'PriorityLevelConfiguration',
        'spec.limited.limitResponse.type',
        'x',
        /spec\.limited\.limitResponse\.type: Unsupported value: "x": supported values: "Queue", "Reject"/,
    ],
];

const csr = (spec: object, message: RegExp, code = 422): WrongRequest => ({
    name: `a certificate request ${JSON.stringify(spec).slice(0, 60)}`,
    method: 'POST',
    path: '/apis/certificates.k8s.io/v1/certificatesigningrequests',
    body: {
        apiVersion: 'certificates.k8s.io/v1',
        kind: 'CertificateSigningRequest',
        metadata: { name: 'wrong' },
        spec,
    },
    expect: { code, reason: code === 422 ? 'Invalid' : 'BadRequest', message },
});

export function policyKinds(): WrongRequest[] {
    return [
        ...creations(rows.filter(([, , value, first]) => !(value === 0 && first instanceof RegExp))),
        csr(
            {
                request: Buffer.from('hello').toString('base64'),
                signerName: 'example.com/a',
                usages: ['client auth'],
            },
            /spec\.request: Invalid value: .*: PEM block type must be CERTIFICATE REQUEST/,
        ),
        csr(
            { request: 'no base64!', signerName: 'example.com/a', usages: ['client auth'] },
            /illegal base64 data at input byte/,
            400,
        ),
        csr(
            { request: Buffer.from('x').toString('base64'), signerName: 'nothing', usages: [] },
            /spec\.usages: Required value: usages must be provided/,
        ),
        {
            name: 'a definition whose name is not its plural and group',
            method: 'POST',
            path: examples.CustomResourceDefinition.collection,
            body: withMember(examples.CustomResourceDefinition.object, 'metadata.name', 'wrong.example.com'),
            expect: {
                code: 422,
                reason: 'Invalid',
                message:
                    /metadata\.name: Invalid value: "wrong\.example\.com": must be spec\.names\.plural\+"\."\+spec\.group/,
            },
        },
    ];
}
