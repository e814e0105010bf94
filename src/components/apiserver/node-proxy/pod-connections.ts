import { statusErrors } from '../../../api/meta/status-error.ts';
import type { ResourceHandler } from '../extensions.ts';
import type { ObjectReader } from '../object-reader.ts';
import type { ApiRequest } from '../request.ts';
import type { ResourceRequestInfo } from '../request-info.ts';
import { type Backend, forward, forwardUpgrade, type KubeletTls, kubeletBackend } from './forward.ts';
import { containerOf, kubeletAddress, nodeOf, podOf } from './kubelet-target.ts';

/** Query parameters of PodLogOptions that the kubelet gets as they are. */
const logParameters = [
    'follow',
    'previous',
    'sinceSeconds',
    'sinceTime',
    'timestamps',
    'tailLines',
    'limitBytes',
    'stream',
];
const integerParameters: Readonly<Record<string, number>> = { sinceSeconds: 1, tailLines: 0, limitBytes: 1 };

/** pods/log, exec, attach and portforward: checked here, answered by the pod's kubelet. */
export function podConnectionHandlers(reader: ObjectReader, tls: KubeletTls): ResourceHandler[] {
    const backendOf = (path: string, nodeName: string): Backend =>
        kubeletBackend(kubeletAddress(reader, nodeName), path, tls);
    const targets: Record<string, (request: ApiRequest, info: ResourceRequestInfo) => Backend> = {
        log: ({ query }, info) => {
            const pod = podOf(reader, info);
            const container = containerOf(pod, query.get('container') ?? '');
            checkLogOptions(query, info.name);
            const path = `/containerLogs/${segments(info.namespace, info.name, container)}`;
            return backendOf(withQuery(path, pick(query, logParameters)), nodeOf(pod));
        },
        exec: ({ query }, info) => {
            const pod = podOf(reader, info);
            const container = containerOf(pod, query.get('container') ?? '');
            const parameters = streamParameters(query);
            const command = query.getAll('command');
            if (command.length === 0)
                throw statusErrors.badRequest('you must specify at least 1 command for the container');
            for (const word of command) parameters.append('command', word);
            return backendOf(
                withQuery(`/exec/${segments(info.namespace, info.name, container)}`, parameters),
                nodeOf(pod),
            );
        },
        attach: ({ query }, info) => {
            const pod = podOf(reader, info);
            const container = containerOf(pod, query.get('container') ?? '');
            const path = `/attach/${segments(info.namespace, info.name, container)}`;
            return backendOf(withQuery(path, streamParameters(query)), nodeOf(pod));
        },
        portforward: ({ query }, info) => {
            const pod = podOf(reader, info);
            const parameters = new URLSearchParams();
            for (const port of query.getAll('ports')) parameters.append('port', port);
            return backendOf(
                withQuery(`/portForward/${segments(info.namespace, info.name)}`, parameters),
                nodeOf(pod),
            );
        },
    };
    return Object.entries(targets).map(([subresource, target]) => ({
        group: '',
        resource: 'pods',
        subresource,
        verbs: subresource === 'log' ? ['get'] : ['get', 'create'],
        longRunning: true,
        handle: (request, info) =>
            subresource === 'log'
                ? forward(target(request, info))
                : {
                      type: 'bytes',
                      status: 400,
                      contentType: 'text/plain',
                      body: Buffer.from(upgradeRequired(target(request, info))),
                  },
        upgrade: async (request, info, connection) => {
            const backend = target(request, info);
            if (subresource !== 'log') await forwardUpgrade(connection, backend);
            else {
                const { forwardLogByWebSocket } = await import('./websocket-log.ts');
                await forwardLogByWebSocket(connection, backend);
            }
        },
    }));
}

/** The options were checked before: what is left is that the client did not ask for a stream. */
function upgradeRequired(_checked: Backend): string {
    return 'Upgrade request required';
}

/** exec and attach name their streams stdin, stdout, stderr; the kubelet knows them as input, output, error. */
function streamParameters(query: URLSearchParams): URLSearchParams {
    const isSet = (name: string): boolean => ['true', '1'].includes(query.get(name) ?? '');
    const parameters = new URLSearchParams();
    const tty = isSet('tty');
    if (isSet('stdin')) parameters.set('input', '1');
    if (isSet('stdout')) parameters.set('output', '1');
    if (isSet('stderr') && !tty) parameters.set('error', '1');
    if (tty) parameters.set('tty', '1');
    if (!['input', 'output', 'error'].some((name) => parameters.has(name)))
        throw statusErrors.badRequest('you must specify at least 1 of stdin, stdout, stderr');
    return parameters;
}

function checkLogOptions(query: URLSearchParams, name: string): void {
    for (const [parameter, least] of Object.entries(integerParameters)) {
        const text = query.get(parameter);
        if (text === null || text === '') continue;
        if (!/^-?\d+$/.test(text))
            throw statusErrors.badRequest(`strconv.ParseInt: parsing "${text}": invalid syntax`);
        if (Number(text) < least)
            throw statusErrors.invalid('PodLogOptions', '', name, [
                {
                    reason: 'FieldValueInvalid',
                    field: parameter,
                    message: `Invalid value: ${text}: must be greater than ${least === 0 ? 'or equal to 0' : '0'}`,
                },
            ]);
    }
    if (query.get('sinceSeconds') && query.get('sinceTime'))
        throw statusErrors.invalid('PodLogOptions', '', name, [
            {
                reason: 'FieldValueForbidden',
                field: '[]',
                message: 'Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified',
            },
        ]);
}

function pick(query: URLSearchParams, names: readonly string[]): URLSearchParams {
    const picked = new URLSearchParams();
    for (const name of names) {
        const value = query.get(name);
        if (value !== null && value !== '') picked.set(name, value);
    }
    return picked;
}

const segments = (...parts: string[]): string => parts.map(encodeURIComponent).join('/');

function withQuery(path: string, parameters: URLSearchParams): string {
    const text = parameters.toString();
    return text === '' ? path : `${path}?${text}`;
}
