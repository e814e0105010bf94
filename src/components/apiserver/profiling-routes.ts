import type { NonResourceRoute } from './extensions.ts';
import { statusErrors } from '../../api/meta/status-error.ts';
import type { ApiRequest, ApiResult } from './request.ts';

const root = '/debug/pprof';
const secondsDefault = 30;
/** Below the request timeout. */
const secondsMax = 55;
const busyRetrySeconds = 30;

const index = `/debug/pprof/
Set debug formats of V8, to be opened with Chrome's developer tools.

profile?seconds=30   CPU profile (.cpuprofile)
heap                 heap snapshot (.heapsnapshot); takes as much memory again as the heap
`;

/**
 * A CPU profile and a heap snapshot of this process, in V8's formats. No role names these paths but
 * cluster-admin. One is made at a time: each is a load of its own.
 */
export function profilingRoutes(): NonResourceRoute[] {
    const state = { isBusy: false };
    const alone = async (work: () => Promise<ApiResult>): Promise<ApiResult> => {
        if (state.isBusy) {
            throw statusErrors.tooManyRequests('a profile is being made already', busyRetrySeconds);
        }
        state.isBusy = true;
        try {
            return await work();
        } finally {
            state.isBusy = false;
        }
    };
    return [
        {
            path: root,
            handle: () => ({
                type: 'bytes',
                status: 200,
                contentType: 'text/plain; charset=utf-8',
                body: Buffer.from(index),
            }),
        },
        {
            path: `${root}/profile`,
            handle: async (request) => await alone(async () => await cpuProfile(request)),
        },
        { path: `${root}/heap`, handle: async () => await alone(heapSnapshot) },
    ];
}

async function cpuProfile({ query, signal }: ApiRequest): Promise<ApiResult> {
    const seconds = Number(query.get('seconds') ?? secondsDefault);
    if (!(seconds > 0 && seconds <= secondsMax)) {
        throw statusErrors.badRequest(`seconds must be more than 0 and at most ${secondsMax}`);
    }
    const { Session } = await import('node:inspector/promises');
    const session = new Session();
    session.connect();
    try {
        await session.post('Profiler.enable');
        await session.post('Profiler.start');
        await pause(seconds * 1000, signal);
        const { profile } = await session.post('Profiler.stop');
        return file(Buffer.from(JSON.stringify(profile)), 'profile.cpuprofile');
    } finally {
        session.disconnect();
    }
}

async function pause(delayMs: number, signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, delayMs);
        signal.addEventListener(
            'abort',
            () => {
                clearTimeout(timer);
                resolve();
            },
            { once: true },
        );
    });
}

async function heapSnapshot(): Promise<ApiResult> {
    const { getHeapSnapshot } = await import('node:v8');
    const { pipeline } = await import('node:stream/promises');
    const snapshot = getHeapSnapshot();
    return await Promise.resolve({
        type: 'raw',
        write: async (_request, response) => {
            response.setHeader('Content-Type', 'application/octet-stream');
            response.setHeader('Content-Disposition', 'attachment; filename="heap.heapsnapshot"');
            await pipeline(snapshot, response);
        },
    });
}

function file(body: Buffer, name: string): ApiResult {
    return {
        type: 'bytes',
        status: 200,
        contentType: 'application/octet-stream',
        body,
        headers: { 'Content-Disposition': `attachment; filename="${name}"` },
    };
}
