import type { IncomingMessage, ServerResponse } from 'node:http';
import type { V1Pod } from '../../../api/meta/object.ts';
import type { Clock } from '../../../util/clock.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { cadvisorMetrics, kubeletMetrics, resourceMetrics } from '../stats/prometheus.ts';
import type { StatsSummary } from '../stats/summary.ts';
import { serveContainerLogs } from './container-logs.ts';
import { HttpError } from './http-error.ts';
import type { PodProvider } from './pod-provider.ts';
import { runningContainer } from './streaming.ts';

/** What handlers work with. */
export interface RouteContext {
    nodeName: string;
    pods: PodProvider;
    runtime: Runtime;
    clock: Clock;
    summary: StatsSummary;
    config?: () => object;
    processMetrics?: () => Promise<string>;
}

export interface Exchange {
    req: IncomingMessage;
    res: ServerResponse;
    url: URL;
}

export type Route = (exchange: Exchange, context: RouteContext) => Promise<void>;

const runTimeoutMs = 4 * 60 * 60_000;
const runOutputMaxBytes = 16 * 1024 * 1024;

/** First path segment, or whole path, to handler. */
const routes: Readonly<Record<string, { methods: readonly string[]; serve: Route }>> = {
    '/healthz': { methods: ['GET', 'HEAD'], serve: healthz },
    '/healthz/ping': { methods: ['GET', 'HEAD'], serve: healthz },
    '/healthz/syncloop': { methods: ['GET', 'HEAD'], serve: healthz },
    '/pods': { methods: ['GET'], serve: pods },
    '/runningpods': { methods: ['GET'], serve: runningPods },
    '/stats/summary': { methods: ['GET', 'POST'], serve: statsSummary },
    '/metrics': { methods: ['GET'], serve: metrics },
    '/metrics/cadvisor': {
        methods: ['GET'],
        serve: async ({ res }, context) => metricsText(res, await cadvisorMetrics(sourcesOf(context))),
    },
    '/metrics/resource': {
        methods: ['GET'],
        serve: async ({ res }, context) => metricsText(res, await resourceMetrics(sourcesOf(context))),
    },
    '/configz': { methods: ['GET'], serve: configz },
};
const prefixes: Readonly<Record<string, { methods: readonly string[]; serve: Route }>> = {
    containerLogs: { methods: ['GET'], serve: containerLogs },
    run: { methods: ['POST'], serve: run },
    exec: { methods: ['GET', 'POST'], serve: needsUpgrade },
    attach: { methods: ['GET', 'POST'], serve: needsUpgrade },
    portForward: { methods: ['GET', 'POST'], serve: needsUpgrade },
};

/** Throws 404 or 405. */
export function routeOf(method: string, pathname: string): Route {
    const path = pathname.length > 1 && pathname.endsWith('/') ? pathname.slice(0, -1) : pathname;
    const found = Object.hasOwn(routes, path) ? routes[path] : undefined;
    const first = path.split('/')[1] ?? '';
    const route = found ?? (Object.hasOwn(prefixes, first) ? prefixes[first] : undefined);
    if (route === undefined) throw new HttpError(404, '404 page not found');
    if (!route.methods.includes(method)) throw new HttpError(405, '405: Method Not Allowed');
    return route.serve;
}

function healthz({ res }: Exchange): Promise<void> {
    text(res, 'ok');
    return Promise.resolve();
}

function pods({ res }: Exchange, context: RouteContext): Promise<void> {
    podList(res, context.pods.pods());
    return Promise.resolve();
}

/** What the runtime runs, as bare pods. */
async function runningPods({ res }: Exchange, { runtime }: RouteContext): Promise<void> {
    const containers = (await runtime.listContainers()).filter(({ state }) => state === 'running');
    const byPod = new Map<string, V1Pod & { spec: NonNullable<V1Pod['spec']> }>();
    for (const { pod, name, image } of containers) {
        const one = byPod.get(pod.uid) ?? { metadata: { ...pod }, spec: { containers: [] } };
        one.spec.containers.push({ name, image });
        byPod.set(pod.uid, one);
    }
    podList(res, [...byPod.values()]);
}

async function statsSummary({ res }: Exchange, { summary }: RouteContext): Promise<void> {
    json(res, await summary.read());
}

async function metrics({ res }: Exchange, context: RouteContext): Promise<void> {
    const own = await kubeletMetrics(sourcesOf(context));
    metricsText(res, own + ((await context.processMetrics?.()) ?? ''));
}

function configz({ res }: Exchange, { config }: RouteContext): Promise<void> {
    json(res, { kubeletconfig: config?.() ?? {} });
    return Promise.resolve();
}

async function containerLogs({ res, url }: Exchange, context: RouteContext): Promise<void> {
    const { namespace, podName, container } = target(url);
    await serveContainerLogs({ namespace, podName, container, query: url.searchParams }, res, context);
}

/** POST /run/{namespace}/{pod}/{container}?cmd=…: runs a command to its end and answers with its output. */
async function run({ res, url }: Exchange, context: RouteContext): Promise<void> {
    const id = await runningContainer(target(url), context);
    const command = (url.searchParams.get('cmd') ?? '').split(' ').filter((word) => word !== '');
    if (command.length === 0) throw new HttpError(400, 'no command');
    const limits = { timeoutMs: runTimeoutMs, outputMaxBytes: runOutputMaxBytes };
    const { exitCode, stdout, stderr } = await context.runtime.execSync(id, command, limits);
    if (exitCode !== 0) {
        throw new HttpError(
            500,
            `command '${command.join(' ')}' exited with ${exitCode}: ${stderr.toString()}`,
        );
    }
    text(res, Buffer.concat([stdout, stderr]));
}

function needsUpgrade(): Promise<void> {
    return Promise.reject(new HttpError(400, 'unable to upgrade: missing upgrade headers in request'));
}

function target(url: URL): { namespace: string; podName: string; container: string } {
    const [, namespace, podName, ...rest] = url.pathname.split('/').slice(1).map(decodeURIComponent);
    const container = rest[rest.length - 1];
    if (!namespace || !podName || !container) throw new HttpError(404, '404 page not found');
    return { namespace, podName, container };
}

function sourcesOf({
    nodeName,
    runtime,
    pods: provider,
    clock,
}: RouteContext): Parameters<typeof resourceMetrics>[0] {
    return { nodeName, runtime, clock, pods: () => provider.pods() };
}

function podList(res: ServerResponse, items: readonly V1Pod[]): void {
    json(res, { kind: 'PodList', apiVersion: 'v1', metadata: {}, items });
}

function json(res: ServerResponse, document: object): void {
    res.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(document));
}

function text(res: ServerResponse, body: string | Buffer): void {
    res.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8' }).end(body);
}

function metricsText(res: ServerResponse, body: string): void {
    res.writeHead(200, { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' }).end(body);
}
