import { type Difference } from './difference.ts';
import { operationsOf, type Reference } from './reference.ts';

export interface ProbeAnswer {
    status: number;
    body: string;
}
export type Send = (request: {
    method: string;
    path: string;
    body?: string;
    contentType?: string;
}) => Promise<ProbeAnswer>;

/** A name that nothing has, so that probes change nothing. */
const noName = 'check-api-none';
export const probeNamespace = 'default';
const concurrency = 8;

/**
 * Asks for every path and method of the reference in a way that can do no harm: objects that do not exist, bodies
 * that cannot be read, collections of nothing. Served is what does not answer "no such path" or "no such method".
 */
export async function probePaths(reference: Reference, send: Send): Promise<Difference[]> {
    const operations = operationsOf(reference.paths);
    const differences: Difference[] = [];
    let next = 0;
    const probe = async (): Promise<void> => {
        for (;;) {
            const operation = operations[next++];
            if (operation === undefined) return;
            const difference = await probeOne(operation, send);
            if (difference !== undefined) differences.push(difference);
        }
    };
    await Promise.all(Array.from({ length: concurrency }, probe));
    return differences;
}

async function probeOne(
    { path, method }: { path: string; method: string },
    send: Send,
): Promise<Difference | undefined> {
    const request = requestOf(path, method);
    const answer = await send(request);
    // Answers to HEAD have no body: what GET says holds for it.
    const told = method === 'head' ? await send({ ...request, method: 'GET' }) : answer;
    const problem = told.status === answer.status ? problemOf(told) : `GET answers otherwise, ${told.status}`;
    return problem === undefined
        ? undefined
        : { where: `${method.toUpperCase()} ${path}`, what: `${problem} (${answer.status})` };
}

function requestOf(path: string, method: string): Parameters<Send>[0] {
    const filled = path
        .replaceAll('{namespace}', probeNamespace)
        .replaceAll(/\{(name|path|logpath)\}/g, noName);
    const isCollection = method === 'delete' && !path.endsWith('}') && !/\{name\}/.test(path);
    const query = isCollection ? `?labelSelector=${noName}%3Dtrue` : watches(path) ? '?timeoutSeconds=1' : '';
    const request = { method: method.toUpperCase(), path: filled + query };
    switch (method) {
        case 'post':
        case 'put':
            return { ...request, body: '{"kind":', contentType: 'application/json' };
        case 'patch':
            return { ...request, body: '{}', contentType: 'application/merge-patch+json' };
        default:
            return request;
    }
}

function watches(path: string): boolean {
    return /\/watch\//.test(path);
}

/** Why the answer says that there is nothing; undefined when something is served. */
function problemOf({ status, body }: ProbeAnswer): string | undefined {
    if (status === 405) return 'the method is not served';
    if (status >= 500 && status !== 503) return `answers an error: ${body.slice(0, 200)}`;
    if (status !== 404) return undefined;
    return body.includes(noName) || body.includes(`namespaces \\"${probeNamespace}\\"`)
        ? undefined
        : 'the path is not served';
}
