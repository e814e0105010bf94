import type { RawAnswer, WrongRequestServer } from './server.ts';
import type { Refusal, WrongRequest } from './wrong-request.ts';

interface Status {
    kind?: unknown;
    apiVersion?: unknown;
    metadata?: unknown;
    status?: unknown;
    message?: string;
    reason?: string;
    code?: number;
    details?: Record<string, unknown> & { causes?: { reason?: string; message?: string; field?: string }[] };
}

/** What was not as it must be; empty when the request was refused as expected and changed nothing. */
export async function complaintsAbout(server: WrongRequestServer, wrong: WrongRequest): Promise<string[]> {
    const { method, path, headers } = wrong;
    const as = wrong.as === undefined ? undefined : server.senders.get(wrong.as);
    if (wrong.as !== undefined && as === undefined) return [`there is no sender ${wrong.as}`];
    const isRead = method === 'GET' || method === 'HEAD';
    const watched = isRead ? null : wrong.unchanged === undefined ? path.split('?')[0]! : wrong.unchanged;
    const before = watched === null ? '' : await stateOf(server, watched);
    const body = wrong.isVersioned === true ? versioned(wrong.body, before) : wrong.body;
    const answer = await server.send({
        method,
        path,
        ...(headers === undefined ? {} : { headers }),
        body,
        ...(as === undefined ? {} : { as }),
    });
    const complaints = complaintsAboutAnswer(answer, wrong.expect);
    if (watched !== null && (await stateOf(server, watched)) !== before)
        complaints.push('something was written');
    return complaints;
}

/** The body with the resourceVersion of the object whose state this is. */
function versioned(body: WrongRequest['body'], state: string): object {
    const { metadata } = JSON.parse(state) as { metadata?: { resourceVersion?: string } };
    const given = body as { metadata?: object };
    return { ...given, metadata: { resourceVersion: metadata?.resourceVersion, ...given.metadata } };
}

/** Of an object all of it; of a collection its objects, because its resourceVersion moves on by itself. */
async function stateOf(server: WrongRequestServer, path: string): Promise<string> {
    const { code, text } = await server.send({ method: 'GET', path });
    if (code !== 200) return String(code);
    const { items } = JSON.parse(text) as { items?: unknown[] };
    return items === undefined ? text : JSON.stringify(items);
}

/** Undefined has no JSON. */
function shown(value: unknown): string {
    return value === undefined ? 'undefined' : JSON.stringify(value);
}

export function complaintsAboutAnswer({ code, headers, text }: RawAnswer, expected: Refusal): string[] {
    let status: Status;
    try {
        status = JSON.parse(text) as Status;
    } catch {
        return [`${code}, and no JSON: ${text.slice(0, 300)}`];
    }
    const complaints: string[] = [];
    const same = (what: string, actual: unknown, wanted: unknown): void => {
        const [is, should] = [shown(actual), shown(wanted)];
        if (is !== should) complaints.push(`${what} is ${is.slice(0, 1500)}, not ${should.slice(0, 1500)}`);
    };
    same('the HTTP code', code, expected.code);
    same('kind', [status.kind, status.apiVersion, status.status], ['Status', 'v1', 'Failure']);
    same('metadata', typeof status.metadata, 'object');
    same('code', status.code, expected.code);
    same('reason', status.reason ?? '', expected.reason);
    const { message } = expected;
    if (typeof message === 'string') same('message', status.message, message);
    else if (message !== undefined && !message.test(status.message ?? ''))
        complaints.push(`message is ${JSON.stringify(status.message)}, not ${String(message)}`);
    if (expected.causes !== undefined) {
        const causes = status.details?.causes ?? [];
        same(
            'causes',
            causes.map(({ reason = '', field = '' }) => `${reason} ${field}`),
            expected.causes,
        );
    }
    for (const [name, value] of Object.entries(expected.details ?? {}))
        same(`details.${name}`, status.details?.[name], value);
    for (const [name, value] of Object.entries(expected.headers ?? {})) {
        const actual = String(headers[name] ?? '');
        const isSo = typeof value === 'string' ? actual === value : value.test(actual);
        if (!isSo) complaints.push(`header ${name} is ${JSON.stringify(actual)}, not ${String(value)}`);
    }
    return complaints;
}
