import { creations, type ValidationRow } from './validation.ts';
import { widget, withMember } from './objects.ts';
import { type Refusal, type WrongRequest } from './wrong-request.ts';

const rows: ValidationRow[] = [
    [
        'PersistentVolumeClaim',
        'spec.accessModes',
        [],
        'spec.accessModes: Required value: at least 1 access mode is required',
    ],
    [
        'PersistentVolumeClaim',
        'spec.accessModes',
        ['Sideways'],
        /spec\.accessModes: Unsupported value: "Sideways": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"/,
    ],
    ['PersistentVolumeClaim', 'spec.resources', {}, 'spec.resources[storage]: Required value'],
    [
        'PersistentVolumeClaim',
        'spec.resources.requests.storage',
        '-1Gi',
        /spec\.resources\[storage\]: Invalid value: "-1Gi": must be greater than zero/,
    ],
    [
        'PersistentVolumeClaim',
        'spec.volumeMode',
        'Stream',
        'spec.volumeMode: Unsupported value: "Stream": supported values: "Block", "Filesystem"',
    ],
    [
        'PersistentVolumeClaim',
        'spec.storageClassName',
        'A_b',
        /spec\.storageClassName: Invalid value: "A_b": a lowercase RFC 1123 subdomain/,
    ],
    ['PersistentVolume', 'spec.capacity', {}, /spec\.capacity: (?:Required value|Unsupported value)/],
    ['PersistentVolume', 'spec.accessModes', [], 'spec.accessModes: Required value'],
    ['PersistentVolume', 'spec.hostPath', undefined, 'spec: Required value: must specify a volume type'],
    [
        'PersistentVolume',
        'spec.nfs',
        { server: 'a', path: '/b' },
        'spec.nfs: Forbidden: may not specify more than 1 volume type',
    ],
    [
        'PersistentVolume',
        'spec.persistentVolumeReclaimPolicy',
        'Keep',
        'spec.persistentVolumeReclaimPolicy: Unsupported value: "Keep": supported values: "Delete", "Recycle", "Retain"',
    ],
    ['StorageClass', 'provisioner', '', 'provisioner: Required value'],
    [
        'StorageClass',
        'reclaimPolicy',
        'Keep',
        'reclaimPolicy: Unsupported value: "Keep": supported values: "Delete", "Retain"',
    ],
    [
        'StorageClass',
        'volumeBindingMode',
        'Never',
        'volumeBindingMode: Unsupported value: "Never": supported values: "Immediate", "WaitForFirstConsumer"',
    ],
    [
        'PriorityClass',
        'value',
        2_000_000_000,
        'value: Forbidden: maximum allowed value of a user defined priority is 1000000000',
    ],
    [
        'PriorityClass',
        'preemptionPolicy',
        'Maybe',
        'preemptionPolicy: Unsupported value: "Maybe": supported values: "Never", "PreemptLowerPriority"',
    ],
    [
        'PriorityClass',
        'metadata.name',
        'system-mine',
        /metadata\.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only/,
    ],
    ['RuntimeClass', 'handler', '', /handler: (?:Invalid value: ""|Required value)/],
    ['RuntimeClass', 'handler', 'A_b', /handler: Invalid value: "A_b": a lowercase RFC 1123 label/],
    [
        'Lease',
        'spec.leaseDurationSeconds',
        0,
        'spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0',
    ],
    [
        'Lease',
        'spec.leaseTransitions',
        -1,
        'spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0',
    ],
    ['Node', 'spec.podCIDR', 'x', /spec\.podCIDRs?\[0\]: Invalid value: "x": must be a valid CIDR value/],
    [
        'Node',
        'spec.taints',
        [{ key: 'a', effect: 'Maybe' }],
        /spec\.taints\[0\]\.effect: Unsupported value: "Maybe": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"/,
    ],
    [
        'Node',
        'spec.taints',
        [
            { key: 'a', effect: 'NoSchedule' },
            { key: 'a', effect: 'NoSchedule' },
        ],
        /taints\[1\]: Duplicate value/,
    ],
    [
        'LimitRange',
        'spec.limits[0].type',
        '',
        /spec\.limits\[0\]\.type: (?:Required value|Invalid value: "")/,
    ],
    [
        'LimitRange',
        'spec.limits[0].min',
        { storage: '200Gi' },
        /spec\.limits\[0\]\.min\[storage\]: Invalid value: "200Gi": min value 200Gi is greater than max value 100Gi/,
    ],
    [
        'ResourceQuota',
        'spec.hard.pods',
        '-1',
        /spec\.hard\[pods\]: Invalid value: "-1": must be greater than or equal to 0/,
    ],
    [
        'ResourceQuota',
        'spec.hard.pods',
        '1.5',
        /spec\.hard\[pods\]: Invalid value: "1\.5"|spec\.hard\[pods\]: Invalid value: "1500m": must be an integer/,
    ],
    [
        'ResourceQuota',
        'spec.scopes',
        ['Lucky'],
        /spec\.scopes: Invalid value: \["Lucky"\]: unsupported scope/,
    ],
    ['Secret', 'type', 'kubernetes.io/tls', 'data[tls.crt]: Required value', 'data[tls.key]: Required value'],
    ['Secret', 'type', 'kubernetes.io/dockerconfigjson', 'data[.dockerconfigjson]: Required value'],
    [
        'Secret',
        'type',
        'kubernetes.io/service-account-token',
        /metadata\.annotations\[kubernetes\.io\/service-account\.name\]: Required value/,
    ],
    [
        'Secret',
        'data',
        { 'a b': 'YQ==' },
        /data\[a b\]: Invalid value: "a b": a valid config key must consist of alphanumeric characters/,
    ],
    [
        'ConfigMap',
        'data',
        { 'a/b': 'c' },
        /data\[a\/b\]: Invalid value: "a\/b": a valid config key must consist of alphanumeric characters/,
    ],
    ['ConfigMap', 'data', { '..': 'c' }, /data\[\.\.\]: Invalid value: "\.\.": must not be '\.\.'/],
    [
        'ConfigMap',
        'binaryData',
        { color: 'YQ==' },
        'data[color]: Invalid value: "color": duplicate of key present in binaryData',
    ],
    [
        'Event',
        'involvedObject.namespace',
        'other',
        /involvedObject\.namespace: Invalid value: "other": does not match event\.namespace/,
    ],
    ['VolumeAttachment', 'spec.attacher', '', 'spec.attacher: Required value'],
    ['VolumeAttachment', 'spec.source', {}, /spec\.source: (?:Required value|Invalid value)/],
];

/** [member, value, message] of widgets */
const widgets: [string, unknown, RegExp][] = [
    ['spec', undefined, /^Widget\.shop\.example\.com "wrong" is invalid: spec: Required value$/],
    ['spec.size', undefined, /spec\.size: Required value$/],
    [
        'spec.size',
        0,
        /spec\.size: Invalid value: 0: spec\.size in body should be greater than or equal to 1$/,
    ],
    [
        'spec.size',
        'large',
        /spec\.size: Invalid value: "string": spec\.size in body must be of type integer: "string"$/,
    ],
    [
        'spec.size',
        1.5,
        /spec\.size: Invalid value: "number": spec\.size in body must be of type integer: "number"$/,
    ],
    ['spec.color', 'blue', /spec\.color: Unsupported value: "blue": supported values: "red", "green"$/],
    ['spec.name', 'toolong', /spec\.name: Too long: may not be (?:more|longer) than 5(?: bytes)?$/],
    ['spec.name', 'A', /spec\.name: Invalid value: "A": spec\.name in body should match '\^\[a-z\]\*\$'$/],
    ['spec.tags', ['a', 'b', 'c'], /spec\.tags: Too many: 3: must have at most 2 items$/],
    ['spec.tags', ['a', 'a'], /spec\.tags\[1\]: Duplicate value: "a"$/],
    [
        'spec.tags',
        'a',
        /spec\.tags: Invalid value: "string": spec\.tags in body must be of type array: "string"$/,
    ],
    [
        'spec.tags',
        [1],
        /spec\.tags\[0\]: Invalid value: "integer": spec\.tags\[0\] in body must be of type string: "integer"$/,
    ],
    ['spec', [], /spec: Invalid value: "array": spec in body must be of type object: "array"$/],
];

export function clusterKinds(): WrongRequest[] {
    const refused = (message: RegExp): Refusal => ({ code: 422, reason: 'Invalid', message });
    return [
        ...creations(rows).map((wrong) => {
            if (!wrong.name.includes('system-mine')) return wrong;
            return { ...wrong, body: { ...(wrong.body as object), metadata: { name: 'system-mine' } } };
        }),
        ...widgets.map(([member, value, message]) => ({
            name: `Widget ${member} = ${value === undefined ? 'nothing' : JSON.stringify(value)}`,
            method: 'POST',
            path: widget.collection,
            body: withMember(withMember(widget.object, 'metadata.name', 'wrong'), member, value),
            expect: refused(message),
        })),
        {
            name: 'a Widget with an unknown field, strictly',
            method: 'POST',
            path: `${widget.collection}?fieldValidation=Strict`,
            body: withMember(withMember(widget.object, 'metadata.name', 'wrong'), 'spec.weight', 5),
            expect: {
                code: 400,
                reason: 'BadRequest',
                message: /strict decoding error: unknown field "spec\.weight"$/,
            },
        },
        {
            name: 'a Widget with a number for its name',
            method: 'POST',
            path: widget.collection,
            body: withMember(widget.object, 'metadata.name', 5),
            expect: { code: 400, reason: 'BadRequest' },
        },
        {
            name: 'another kind than Widget',
            method: 'POST',
            path: widget.collection,
            body: withMember({ ...widget.object, kind: 'Gadget' }, 'metadata.name', 'wrong'),
            expect: { code: 400, reason: 'BadRequest' },
        },
    ];
}
