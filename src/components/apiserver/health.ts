import type { HealthCheck, NonResourceRoute } from './extensions.ts';
import type { ApiRequest, ApiResult } from './request.ts';

const plain = 'text/plain; charset=utf-8';

export interface HealthChecks {
    /** Of /healthz and /livez. */
    live: readonly HealthCheck[];
    /** Of /readyz. */
    ready: readonly HealthCheck[];
}

/** /healthz, /livez, /readyz, and each check on its own below them: /readyz/etcd. */
export function healthRoutes({ live, ready }: HealthChecks): NonResourceRoute[] {
    return [...routesOf('healthz', live), ...routesOf('livez', live), ...routesOf('readyz', ready)];
}

function routesOf(name: string, checks: readonly HealthCheck[]): NonResourceRoute[] {
    return [
        { path: `/${name}`, handle: async (request) => await answer(name, checks, request) },
        ...checks.map((check) => ({
            path: `/${name}/${check.name}`,
            handle: async () => await answerOne(check),
        })),
    ];
}

async function answer(
    name: string,
    checks: readonly HealthCheck[],
    { query }: ApiRequest,
): Promise<ApiResult> {
    const excluded = new Set(query.getAll('exclude'));
    const lines: string[] = [];
    let failed = false;
    for (const check of checks) {
        if (excluded.delete(check.name)) {
            lines.push(`[+]${check.name} excluded: ok`);
            continue;
        }
        const problem = await problemOf(check);
        failed ||= problem !== undefined;
        // Details are below the check's own path, which needs more rights.
        lines.push(
            problem === undefined ? `[+]${check.name} ok` : `[-]${check.name} failed: reason withheld`,
        );
    }
    if (excluded.size > 0) {
        const names = [...excluded]
            .sort()
            .map((one) => JSON.stringify(one))
            .join(', ');
        lines.push(`warn: some health checks cannot be excluded: no matches for ${names}`);
    }
    if (failed) return text(500, `${lines.join('\n')}\n${name} check failed\n`);
    if (!query.has('verbose')) return text(200, 'ok');
    return text(200, `${lines.join('\n')}\n${name} check passed\n`);
}

async function answerOne(check: HealthCheck): Promise<ApiResult> {
    const problem = await problemOf(check);
    return problem === undefined ? text(200, 'ok') : text(500, `internal server error: ${problem}\n`);
}

async function problemOf(check: HealthCheck): Promise<string | undefined> {
    try {
        return await check.check();
    } catch (error) {
        return error instanceof Error ? error.message : String(error);
    }
}

function text(status: number, body: string): ApiResult {
    return {
        type: 'bytes',
        status,
        contentType: plain,
        body: Buffer.from(body),
        headers: { 'X-Content-Type-Options': 'nosniff' },
    };
}
