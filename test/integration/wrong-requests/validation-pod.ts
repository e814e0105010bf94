import { creations, type ValidationRow } from './validation.ts';
import type { WrongRequest } from './wrong-request.ts';

const spec = 'spec.containers[0]';
const label = (field: string, value: string) =>
    `${field}: Invalid value: "${value}": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')`;
const quantity =
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const port = (field: string, value: number) =>
    `${field}: Invalid value: ${value}: must be between 1 and 65535, inclusive`;

const rows: ValidationRow[] = [
    ['Pod', 'spec.containers', [], 'spec.containers: Required value'],
    ['Pod', 'spec.containers', undefined, 'spec.containers: Required value'],
    ['Pod', `${spec}.name`, '', `${spec}.name: Required value`],
    ['Pod', `${spec}.name`, 'A_b', label(`${spec}.name`, 'A_b')],
    ['Pod', `${spec}.image`, '', `${spec}.image: Required value`],
    [
        'Pod',
        `${spec}.image`,
        ' nginx',
        `${spec}.image: Invalid value: " nginx": must not have leading or trailing whitespace`,
    ],
    [
        'Pod',
        `${spec}.imagePullPolicy`,
        'Sometimes',
        `${spec}.imagePullPolicy: Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"`,
    ],
    [
        'Pod',
        `${spec}.terminationMessagePolicy`,
        'x',
        `${spec}.terminationMessagePolicy: Unsupported value: "x": supported values: "File", "FallbackToLogsOnError"`,
    ],
    ['Pod', `${spec}.ports[0].containerPort`, 0, `${spec}.ports[0].containerPort: Required value`],
    ['Pod', `${spec}.ports[0].containerPort`, 65_536, port(`${spec}.ports[0].containerPort`, 65_536)],
    ['Pod', `${spec}.ports[0].hostPort`, -1, port(`${spec}.ports[0].hostPort`, -1)],
    [
        'Pod',
        `${spec}.ports[0].protocol`,
        'ICMP',
        `${spec}.ports[0].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"`,
    ],
    [
        'Pod',
        `${spec}.ports`,
        [
            { containerPort: 1, name: 'a' },
            { containerPort: 2, name: 'a' },
        ],
        `${spec}.ports[1].name: Duplicate value: "a"`,
    ],
    ['Pod', `${spec}.env`, [{ name: '' }], `${spec}.env[0].name: Required value`],
    [
        'Pod',
        `${spec}.env`,
        [{ name: 'a=b' }],
        /spec\.containers\[0\]\.env\[0\]\.name: Invalid value: "a=b": a valid environment variable name must consist only of printable ASCII characters other than '='/,
    ],
    [
        'Pod',
        `${spec}.env`,
        [{ name: 'A', value: 'b', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
        `${spec}.env[0].valueFrom: Invalid value: "": may not be specified when \`value\` is not empty`,
    ],
    [
        'Pod',
        `${spec}.env`,
        [{ name: 'A', valueFrom: {} }],
        /spec\.containers\[0\]\.env\[0\]\.valueFrom: Invalid value: "": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`/,
    ],
    [
        'Pod',
        `${spec}.env`,
        [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'spec.color' } } }],
        /spec\.containers\[0\]\.env\[0\]\.valueFrom\.fieldRef\.fieldPath: Invalid value: "spec\.color": error converting fieldPath: field label not supported: spec\.color/,
    ],
    [
        'Pod',
        `${spec}.envFrom`,
        [{}],
        `${spec}.envFrom: Invalid value: "": must specify one of: \`configMapRef\` or \`secretRef\``,
    ],
    [
        'Pod',
        `${spec}.resources`,
        { requests: { cpu: '2' }, limits: { cpu: '1' } },
        `${spec}.resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1`,
    ],
    [
        'Pod',
        `${spec}.resources`,
        { requests: { cpu: '-1' } },
        `${spec}.resources.requests[cpu]: Invalid value: "-1": must be greater than or equal to 0`,
    ],
    [
        'Pod',
        `${spec}.resources`,
        { limits: { gadgets: '1' } },
        /spec\.containers\[0\]\.resources\.limits\[gadgets\]: Invalid value: "gadgets": must be a standard resource type or fully qualified/,
    ],
    [
        'Pod',
        `${spec}.livenessProbe`,
        { periodSeconds: 1 },
        `${spec}.livenessProbe: Required value: must specify a handler type`,
    ],
    [
        'Pod',
        `${spec}.livenessProbe`,
        { exec: { command: ['ls'] }, httpGet: { port: 80 } },
        `${spec}.livenessProbe.httpGet: Forbidden: may not specify more than 1 handler type`,
    ],
    [
        'Pod',
        `${spec}.livenessProbe`,
        { exec: { command: [] } },
        `${spec}.livenessProbe.exec.command: Required value`,
    ],
    [
        'Pod',
        `${spec}.livenessProbe`,
        { exec: { command: ['ls'] }, successThreshold: 2 },
        `${spec}.livenessProbe.successThreshold: Invalid value: 2: must be 1`,
    ],
    [
        'Pod',
        `${spec}.readinessProbe`,
        { tcpSocket: { port: 80 }, timeoutSeconds: -1 },
        `${spec}.readinessProbe.timeoutSeconds: Invalid value: -1: must be greater than or equal to 0`,
    ],
    [
        'Pod',
        `${spec}.readinessProbe`,
        { tcpSocket: { port: 0 } },
        port(`${spec}.readinessProbe.tcpSocket.port`, 0),
    ],
    [
        'Pod',
        `${spec}.volumeMounts`,
        [{ name: 'absent', mountPath: '/a' }],
        `${spec}.volumeMounts[0].name: Not found: "absent"`,
    ],
    [
        'Pod',
        `${spec}.securityContext`,
        { privileged: true, allowPrivilegeEscalation: false },
        /spec\.containers\[0\]\.securityContext: Invalid value: .*: cannot set `allowPrivilegeEscalation` to false and `privileged` to true$/,
    ],
    [
        'Pod',
        `${spec}.securityContext`,
        { runAsUser: -1 },
        `${spec}.securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive`,
    ],
    [
        'Pod',
        `${spec}.lifecycle`,
        { preStop: {} },
        `${spec}.lifecycle.preStop: Required value: must specify a handler type`,
    ],
    [
        'Pod',
        'spec.containers[1]',
        { name: 'web', image: 'x' },
        'spec.containers[1].name: Duplicate value: "web"',
    ],
    [
        'Pod',
        'spec.initContainers',
        [{ name: 'web', image: 'x' }],
        'spec.initContainers[0].name: Duplicate value: "web"',
    ],
    [
        'Pod',
        'spec.restartPolicy',
        'Maybe',
        'spec.restartPolicy: Unsupported value: "Maybe": supported values: "Always", "OnFailure", "Never"',
    ],
    [
        'Pod',
        'spec.dnsPolicy',
        'Maybe',
        'spec.dnsPolicy: Unsupported value: "Maybe": supported values: "ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"',
    ],
    [
        'Pod',
        'spec.dnsPolicy',
        'None',
        'spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None',
    ],
    ['Pod', 'spec.terminationGracePeriodSeconds', -5, /^$/],
    [
        'Pod',
        'spec.activeDeadlineSeconds',
        0,
        'spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive',
    ],
    ['Pod', 'spec.nodeName', 'A_b', /spec\.nodeName: Invalid value: "A_b": a lowercase RFC 1123 subdomain/],
    [
        'Pod',
        'spec.nodeSelector',
        { 'a b': 'c' },
        /spec\.nodeSelector: Invalid value: "a b": name part must consist/,
    ],
    ['Pod', 'spec.hostname', 'A.b', label('spec.hostname', 'A.b')],
    [
        'Pod',
        'spec.tolerations',
        [{ operator: 'Exists', key: 'a', value: 'b' }],
        /spec\.tolerations\[0\]\.operator: Invalid value: .*: value must be empty when `operator` is 'Exists'$/,
    ],
    [
        'Pod',
        'spec.tolerations',
        [{ effect: 'Maybe', operator: 'Exists' }],
        'spec.tolerations[0].effect: Unsupported value: "Maybe": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
    ],
    [
        'Pod',
        'spec.hostAliases',
        [{ ip: 'x', hostnames: ['a'] }],
        'spec.hostAliases[0].ip: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    ],
    [
        'Pod',
        'spec.topologySpreadConstraints',
        [{ maxSkew: 0, topologyKey: 'a', whenUnsatisfiable: 'DoNotSchedule' }],
        'spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero',
    ],
    [
        'Pod',
        'spec.volumes',
        [
            { name: 'a', emptyDir: {} },
            { name: 'a', emptyDir: {} },
        ],
        'spec.volumes[1].name: Duplicate value: "a"',
    ],
    [
        'Pod',
        'spec.volumes',
        [{ name: 'a', emptyDir: {}, hostPath: { path: '/' } }],
        'spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type',
    ],
    [
        'Pod',
        'spec.volumes',
        [{ name: 'a', hostPath: { path: '' } }],
        'spec.volumes[0].hostPath.path: Required value',
    ],
    [
        'Pod',
        'spec.volumes',
        [{ name: 'a', hostPath: { path: '/a/../b' } }],
        `spec.volumes[0].hostPath.path: Invalid value: "/a/../b": must not contain '..'`,
    ],
    ['Pod', 'spec.volumes', [{ name: 'a', configMap: {} }], 'spec.volumes[0].configMap.name: Required value'],
    [
        'Pod',
        'spec.volumes',
        [{ name: 'a', secret: { secretName: 'x', defaultMode: 0o1000 } }],
        'spec.volumes[0].secret.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive',
    ],
    ['Pod', 'spec.priorityClassName', 'absent', /^$/],
    ['Pod', 'spec.overhead', { cpu: 'x' }, /^$/],
];

/** Rows whose refusal is no 422. */
const others = (list: WrongRequest[]): WrongRequest[] =>
    list.map((wrong) => {
        if (wrong.name.includes('priorityClassName')) {
            const message = 'pods "wrong" is forbidden: no PriorityClass with name absent was found';
            return { ...wrong, expect: { code: 403, reason: 'Forbidden', message } };
        }
        if (wrong.name.includes('overhead')) {
            const message = `Pod in version "v1" cannot be handled as a Pod: ${quantity}`;
            return { ...wrong, expect: { code: 400, reason: 'BadRequest', message } };
        }
        return wrong;
    });

export function podRows(): WrongRequest[] {
    return others(creations(rows.filter(([, member]) => member !== 'spec.terminationGracePeriodSeconds')));
}
