import { examples, namespace, widget } from './objects.ts';
import { badRequest, conflict, invalid, notFound, type Refusal, type WrongRequest } from './wrong-request.ts';

const { Deployment, Pod, ServiceAccount, Namespace } = examples;
const pod = `${Pod.collection}/right`;
const deployment = `${Deployment.collection}/right`;
const token = `${ServiceAccount.collection}/right/token`;
const scale = {
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: { name: 'right' },
    spec: { replicas: 3 },
};
const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'right' } };
const binding = {
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { name: 'right' },
    target: { kind: 'Node', name: 'right' },
};
const tokenRequest = (spec: object) => ({
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec,
});

const row = (
    name: string,
    request: string,
    body: object | undefined,
    expect: Refusal,
    unchanged: string | null = null,
): WrongRequest => {
    const [method = '', path = ''] = request.split(' ');
    return { name, method, path, ...(body === undefined ? {} : { body }), expect, unchanged };
};

const scales = (): WrongRequest[] => [
    row(
        'a negative scale',
        `PUT ${deployment}/scale`,
        { ...scale, spec: { replicas: -1 } },
        invalid(
            'Scale.autoscaling',
            'right',
            'spec.replicas: Invalid value: -1: must be greater than or equal to 0',
        ),
        deployment,
    ),
    row(
        'the scale of another name',
        `PUT ${deployment}/scale`,
        { ...scale, metadata: { name: 'left' } },
        badRequest('the name of the object (left) does not match the name on the URL (right)'),
        deployment,
    ),
    row(
        'an object as a scale',
        `PUT ${deployment}/scale`,
        Deployment.object,
        badRequest(/cannot be handled as a Scale/),
        deployment,
    ),
    row(
        'an old scale',
        `PUT ${deployment}/scale`,
        { ...scale, metadata: { name: 'right', resourceVersion: '1' } },
        conflict(/the object has been modified/),
        deployment,
    ),
    row(
        'a text as a scale',
        `PUT ${deployment}/scale`,
        { ...scale, spec: { replicas: 'x' } },
        badRequest(/cannot unmarshal string into Go struct field ScaleSpec\.spec\.replicas of type int32/),
        deployment,
    ),
    row(
        'the scale of what is not there',
        `GET ${Deployment.collection}/absent/scale`,
        undefined,
        notFound('deployments.apps "absent" not found'),
    ),
    row('the scale of what has none', `GET ${pod}/scale`, undefined, notFound()),
    row(
        'the scale of a custom resource without replicas',
        `GET ${widget.collection}/right/scale`,
        undefined,
        {
            code: 500,
            reason: 'InternalError',
            message: /the spec replicas field "\.spec\.replicas" does not exist/,
        },
    ),
];

const evictions = (): WrongRequest[] => [
    row(
        'another kind of eviction',
        `POST ${pod}/eviction`,
        Pod.object,
        badRequest(/cannot be handled as a Eviction/),
        pod,
    ),
    row(
        'an eviction of what is not there',
        `POST ${Pod.collection}/absent/eviction`,
        { ...eviction, metadata: { name: 'absent' } },
        notFound('pods "absent" not found'),
    ),
    row(
        'an eviction with bad options',
        `POST ${pod}/eviction`,
        { ...eviction, deleteOptions: { propagationPolicy: 'x' } },
        { code: 422, reason: 'Invalid', message: /propagationPolicy: Unsupported value: "x"/ },
        pod,
    ),
    row(
        'an eviction with another uid',
        `POST ${pod}/eviction`,
        { ...eviction, deleteOptions: { preconditions: { uid: 'x' } } },
        conflict(/the UID in the precondition \(x\)/),
        pod,
    ),
];

const bindings = (): WrongRequest[] => [
    row(
        'a binding without target',
        `POST ${pod}/binding`,
        { ...binding, target: { kind: 'Node' } },
        invalid('Binding', 'right', 'target.name: Required value'),
        pod,
    ),
    row(
        'a binding with nothing',
        `POST ${pod}/binding`,
        { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'right' } },
        invalid('Binding', 'right', 'target.name: Required value'),
        pod,
    ),
    row(
        'a binding to a pod',
        `POST ${pod}/binding`,
        { ...binding, target: { kind: 'Pod', name: 'x' } },
        {
            code: 422,
            reason: 'Invalid',
            message:
                'Binding "right" is invalid: target.kind: Unsupported value: "Pod": supported values: "Node", "<empty>"',
        },
        pod,
    ),
    row(
        'a binding of another name',
        `POST ${pod}/binding`,
        { ...binding, metadata: { name: 'left' } },
        badRequest('name in URL does not match name in Binding object'),
        pod,
    ),
    row(
        'a binding of another pod',
        `POST ${pod}/binding`,
        { ...binding, metadata: { name: 'right', uid: 'x' } },
        conflict(/Precondition failed: UID in precondition: x/),
        pod,
    ),
    row(
        'a binding of what is not there',
        `POST ${Pod.collection}/absent/binding`,
        { ...binding, metadata: { name: 'absent' } },
        notFound('pods "absent" not found'),
    ),
];

const statuses = (): WrongRequest[] => [
    row(
        'a status of another kind',
        `PUT ${deployment}/status`,
        Pod.object,
        badRequest(/cannot be handled as a Deployment/),
        deployment,
    ),
    row(
        'a negative status',
        `PUT ${deployment}/status`,
        { ...Deployment.object, status: { replicas: -1 } },
        {
            code: 422,
            reason: 'Invalid',
            message: /status\.replicas: Invalid value: -1: must be greater than or equal to 0/,
        },
        deployment,
    ),
    row(
        'a status of the wrong type',
        `PUT ${deployment}/status`,
        { ...Deployment.object, status: 'fine' },
        badRequest(
            /cannot unmarshal string into Go struct field Deployment\.status of type v1\.DeploymentStatus/,
        ),
        deployment,
    ),
    row(
        'a status of what has none',
        `PUT ${examples.ConfigMap.collection}/right/status`,
        examples.ConfigMap.object,
        notFound(),
    ),
    row(
        'a namespace finalized by another kind',
        `PUT ${Namespace.collection}/other/finalize`,
        Pod.object,
        badRequest(/cannot be handled as a Namespace/),
        `${Namespace.collection}/other`,
    ),
    row(
        'an ephemeral container that is not valid',
        `PUT ${pod}/ephemeralcontainers`,
        {
            ...Pod.object,
            spec: {
                ...(Pod.object as unknown as { spec: object }).spec,
                ephemeralContainers: [{ name: 'web', image: 'x' }],
            },
        },
        {
            code: 422,
            reason: 'Invalid',
            message: /spec\.ephemeralContainers\[0\]\.name: Duplicate value: "web"/,
        },
        pod,
    ),
    row(
        'an ephemeral container with ports',
        `PUT ${pod}/ephemeralcontainers`,
        {
            ...Pod.object,
            spec: {
                ...(Pod.object as unknown as { spec: object }).spec,
                ephemeralContainers: [{ name: 'debug', image: 'x', ports: [{ containerPort: 80 }] }],
            },
        },
        {
            code: 422,
            reason: 'Invalid',
            message:
                /spec\.ephemeralContainers\[0\]\.ports: Forbidden: cannot be set for an Ephemeral Container/,
        },
        pod,
    ),
    row(
        'an ephemeral container by the main path',
        `PUT ${pod}`,
        {
            ...Pod.object,
            spec: {
                ...(Pod.object as unknown as { spec: object }).spec,
                ephemeralContainers: [{ name: 'debug', image: 'x' }],
            },
        },
        {
            code: 422,
            reason: 'Invalid',
            message: /spec: Forbidden: pod updates may not change fields other than/,
        },
        pod,
    ),
];

const tokens = (): WrongRequest[] => [
    row('a token for a minute', `POST ${token}`, tokenRequest({ expirationSeconds: 60 }), {
        code: 422,
        reason: 'Invalid',
        message:
            /spec\.expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes$/,
        causes: ['FieldValueInvalid spec.expirationSeconds'],
    }),
    row('a token for centuries', `POST ${token}`, tokenRequest({ expirationSeconds: 2 ** 33 }), {
        code: 422,
        reason: 'Invalid',
        message:
            /spec\.expirationSeconds: Invalid value: 8589934592: may not specify a duration larger than 2\^32 seconds$/,
    }),
    row(
        'a token bound to a ConfigMap',
        `POST ${token}`,
        tokenRequest({ boundObjectRef: { kind: 'ConfigMap', apiVersion: 'v1', name: 'right' } }),
        badRequest('cannot bind token to object of type /v1, Kind=ConfigMap'),
    ),
    row(
        'a token bound to no pod',
        `POST ${token}`,
        tokenRequest({ boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'absent' } }),
        notFound('pods "absent" not found'),
    ),
    row(
        'a token bound to the pod of another',
        `POST ${token}`,
        tokenRequest({ boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'right' } }),
        badRequest(
            'cannot bind token for serviceaccount "right" to pod running with different serviceaccount name.',
        ),
    ),
    row(
        'a token bound to another pod of that name',
        `POST ${ServiceAccount.collection}/default/token`,
        tokenRequest({ boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'right', uid: 'x' } }),
        conflict(/the UID in the bound object reference \(x\) does not match the UID in record/),
    ),
    row(
        'a token for nobody',
        `POST ${ServiceAccount.collection}/absent/token`,
        tokenRequest({}),
        notFound('serviceaccounts "absent" not found'),
    ),
    row(
        'a token with another name',
        `POST ${token}`,
        { ...tokenRequest({}), metadata: { name: 'left' } },
        {
            code: 422,
            reason: 'Invalid',
            message:
                /metadata\.name: Invalid value: "left": must match the service account name if specified/,
        },
    ),
    row(
        'a token asked for as a pod',
        `POST ${token}`,
        Pod.object,
        badRequest(/cannot be handled as a TokenRequest/),
    ),
];

const connections = (): WrongRequest[] => [
    row(
        'logs without host',
        `GET ${pod}/log`,
        undefined,
        badRequest('pod right does not have a host assigned'),
    ),
    row(
        'logs of no container',
        `GET ${pod}/log?container=absent`,
        undefined,
        badRequest('container absent is not valid for pod right'),
    ),
    row('logs of no pod', `GET ${Pod.collection}/absent/log`, undefined, notFound('pods "absent" not found')),
    row('negative lines of logs', `GET ${pod}/log?tailLines=-1`, undefined, {
        code: 422,
        reason: 'Invalid',
        message: /tailLines: Invalid value: -1: must be greater than or equal to 0/,
    }),
    row(
        'lines of logs that are no number',
        `GET ${pod}/log?tailLines=all`,
        undefined,
        badRequest('strconv.ParseInt: parsing "all": invalid syntax'),
    ),
    row('logs since two times', `GET ${pod}/log?sinceSeconds=5&sinceTime=2026-01-01T00:00:00Z`, undefined, {
        code: 422,
        reason: 'Invalid',
        message: /at most one of `sinceTime` or `sinceSeconds` may be specified/,
    }),
    row('no bytes of logs', `GET ${pod}/log?limitBytes=0`, undefined, {
        code: 422,
        reason: 'Invalid',
        message: /limitBytes: Invalid value: 0: must be greater than 0/,
    }),
    row(
        'exec without command',
        `POST ${pod}/exec?stdout=1`,
        undefined,
        badRequest(/must specify at least 1 command|does not have a host assigned/),
    ),
    row(
        'exec without streams',
        `POST ${pod}/exec?command=ls&stdout=0&stderr=0`,
        undefined,
        badRequest(/at least (?:one|1) of stdin, stdout, stderr/),
    ),
    row(
        'exec in no container',
        `POST ${pod}/exec?command=ls&stdout=1&container=absent`,
        undefined,
        badRequest('container absent is not valid for pod right'),
    ),
    row(
        'exec in no pod',
        `POST ${Pod.collection}/absent/exec?command=ls&stdout=1`,
        undefined,
        notFound('pods "absent" not found'),
    ),
    row(
        'attach to no container',
        `POST ${pod}/attach?stdout=1&container=absent`,
        undefined,
        badRequest('container absent is not valid for pod right'),
    ),
    row(
        'ports of a pod without host',
        `POST ${pod}/portforward?ports=80`,
        undefined,
        badRequest('pod right does not have a host assigned'),
    ),
    row(
        'proxy to no service',
        `GET /api/v1/namespaces/${namespace}/services/absent/proxy/`,
        undefined,
        notFound('services "absent" not found'),
    ),
    row('proxy to no port', `GET /api/v1/namespaces/${namespace}/services/right:nope/proxy/`, undefined, {
        code: 503,
        reason: 'ServiceUnavailable',
        message: /no (?:endpoints|service port)/,
    }),
    row('proxy to no endpoints', `GET /api/v1/namespaces/${namespace}/services/right/proxy/`, undefined, {
        code: 503,
        reason: 'ServiceUnavailable',
        message: 'no endpoints available for service "right"',
    }),
    row(
        'proxy with a bad scheme',
        `GET /api/v1/namespaces/${namespace}/services/ftp:right:http/proxy/`,
        undefined,
        badRequest(/invalid service request/),
    ),
    row(
        'proxy to no node',
        'GET /api/v1/nodes/absent/proxy/',
        undefined,
        notFound('nodes "absent" not found'),
    ),
];

export function subresources(): WrongRequest[] {
    return [...scales(), ...evictions(), ...bindings(), ...statuses(), ...tokens(), ...connections()];
}
