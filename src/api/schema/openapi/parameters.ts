/** Parameters of requests, in a form that both OpenAPI versions are written from. */
export interface Parameter {
    name: string;
    in: 'path' | 'query';
    type: 'string' | 'boolean' | 'integer';
    description: string;
}

const query = (name: string, type: Parameter['type'], description: string): Parameter => ({
    name,
    in: 'query',
    type,
    description,
});

export const nameParameter = (kind: string): Parameter => ({
    name: 'name',
    in: 'path',
    type: 'string',
    description: `Name of the ${kind}.`,
});
export const namespaceParameter: Parameter = {
    name: 'namespace',
    in: 'path',
    type: 'string',
    description: 'Namespace of the object.',
};
export const proxyPathParameter: Parameter = {
    name: 'path',
    in: 'path',
    type: 'string',
    description: 'Path below what is proxied.',
};

export const prettyParameter = query('pretty', 'string', '"true" indents the answer.');

const dryRun = query('dryRun', 'string', '"All" does everything except to store the result.');
const fieldManager = query(
    'fieldManager',
    'string',
    'Who makes the change, for the record of managed fields; up to 128 printable characters.',
);
const fieldValidation = query(
    'fieldValidation',
    'string',
    'What becomes of unknown and repeated fields: Ignore drops them, Warn also warns (the default), Strict rejects the request.',
);

export const writeParameters: readonly Parameter[] = [dryRun, fieldManager, fieldValidation];
export const patchParameters: readonly Parameter[] = [
    dryRun,
    fieldManager,
    fieldValidation,
    query('force', 'boolean', 'Server-side apply takes over fields that others own.'),
];
export const deleteParameters: readonly Parameter[] = [
    dryRun,
    query('gracePeriodSeconds', 'integer', 'Seconds until the object goes; 0 deletes at once.'),
    query('orphanDependents', 'boolean', 'Deprecated: use propagationPolicy.'),
    query('propagationPolicy', 'string', 'What becomes of dependents: Orphan, Background or Foreground.'),
];

const continueParameter = query('continue', 'string', 'Token of the page before, from its metadata.');
const selection: readonly Parameter[] = [
    query('fieldSelector', 'string', 'Only objects with these fields, as in "metadata.name=a".'),
    query('labelSelector', 'string', 'Only objects with these labels, as in "app=web,tier in (a,b)".'),
    query('limit', 'integer', 'Most objects to return; the rest is got with `continue`.'),
    query('resourceVersion', 'string', 'Which state to answer from.'),
    query('resourceVersionMatch', 'string', 'How to take resourceVersion: Exact or NotOlderThan.'),
    query('sendInitialEvents', 'boolean', 'A watch begins with the present state, ended by a bookmark.'),
    query('timeoutSeconds', 'integer', 'How long the request may take.'),
];
export const listParameters: readonly Parameter[] = [
    query('allowWatchBookmarks', 'boolean', 'The watcher understands events of type BOOKMARK.'),
    continueParameter,
    ...selection,
    query('watch', 'boolean', 'Answer with a stream of changes instead of a list.'),
];
export const deleteCollectionParameters: readonly Parameter[] = [
    continueParameter,
    ...deleteParameters,
    ...selection,
];

const streams: readonly Parameter[] = [
    query('container', 'string', 'Which container; the only one by default.'),
    query('stderr', 'boolean', 'Connect standard error.'),
    query('stdin', 'boolean', 'Connect standard input.'),
    query('stdout', 'boolean', 'Connect standard output.'),
    query('tty', 'boolean', 'Allocate a terminal.'),
];

/** Parameters of the subresources that stream or proxy. */
export const connectParameters: Readonly<Record<string, readonly Parameter[]>> = {
    attach: streams,
    exec: [query('command', 'string', 'The command with its arguments; not run by a shell.'), ...streams],
    portforward: [query('ports', 'integer', 'Ports to forward, for WebSockets.')],
    proxy: [query('path', 'string', 'Path for the proxied request.')],
    log: [
        query('container', 'string', 'Which container; the only one by default.'),
        query('follow', 'boolean', 'Keep the stream open for what is yet to come.'),
        query('insecureSkipTLSVerifyBackend', 'boolean', 'Do not check the certificate of the kubelet.'),
        query('limitBytes', 'integer', 'Most bytes to return.'),
        query('previous', 'boolean', 'The log of the instance before.'),
        query('sinceSeconds', 'integer', 'Only lines younger than this.'),
        query('stream', 'string', 'All, Stdout or Stderr.'),
        query('tailLines', 'integer', 'Only this many lines from the end.'),
        query('timestamps', 'boolean', 'Put the time in front of each line.'),
    ],
};
