import type { GeneratedAnswer, GeneratedRequest, Target } from './target.ts';

const refusal = (code: number, reason: string): GeneratedAnswer => ({
    code,
    headers: { 'content-type': 'application/json' },
    text: JSON.stringify({
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: 'no',
        reason,
        code,
    }),
});

const isWrite = ({ method }: GeneratedRequest): boolean => ['POST', 'PUT', 'PATCH'].includes(method);
const isGenerated = ({ path }: GeneratedRequest): boolean => /\/namespaces\/generated\/\w+/.test(path);

type Break = (request: GeneratedRequest, server: Target) => Promise<GeneratedAnswer>;

/** Servers with one mistake each, over one without: every one of them must be found. */
export const mistakes: Readonly<Record<string, { break: Break; complaint: RegExp }>> = {
    'answers 500 to patches that delete a member': {
        break: async (request, server) =>
            request.method === 'PATCH' && request.body?.includes('null') === true
                ? refusal(500, 'InternalError')
                : await server.send(request),
        complaint: /^answered 500/,
    },
    'writes, and refuses then': {
        break: async (request, server) => {
            const answer = await server.send(request);
            return isWrite(request) && isGenerated(request) && answer.code < 300
                ? refusal(422, 'Invalid')
                : answer;
        },
        complaint: /^refused with 422, and something was written/,
    },
    'writes in dry runs': {
        break: async (request, server) =>
            await server.send({ ...request, path: request.path.replace(/dryRun=All/, 'color=x') }),
        complaint: /^a dry run changed something/,
    },
    'gives a Status another code than the answer': {
        break: async (request, server) => {
            const answer = await server.send(request);
            return answer.code === 409 ? { ...answer, code: 400 } : answer;
        },
        complaint: /^the Status of a 400 says 409/,
    },
    'answers writes with what was sent': {
        break: async (request, server) => {
            const answer = await server.send(request);
            return answer.code === 201 && isGenerated(request)
                ? { ...answer, text: answer.text.replace('"gen"', '"other"') }
                : answer;
        },
        complaint: /^an accepted write reads back otherwise/,
    },
    'leaves what was made out of watches': {
        break: async (request, server) => {
            const answer = await server.send({
                ...request,
                enough: undefined,
                quietMs: request.quietMs && 100,
            });
            const lines = answer.text.split('\n').filter((line) => !line.startsWith('{"type":"ADDED"'));
            return request.path.includes('watch=true&resourceVersion')
                ? { ...answer, text: lines.join('\n') }
                : answer;
        },
        complaint: /^a watch gives another state than a list/,
    },
    'loses connections': {
        break: async (request, server) => {
            if (request.path.includes('/readyz')) throw new Error('socket hang up');
            return await server.send(request);
        },
        complaint: /^no answer: socket hang up/,
    },
};

export function brokenTarget(server: Target, mistake: Break): Target {
    return { send: async (request) => await mistake(request, server) };
}
