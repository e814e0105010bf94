import { dirname } from 'node:path';
import { hyperkubeBinary } from '../../harness/cluster.ts';
import type { Answer, ApiConnection, RequestOptions } from '../api-load/api-connection.ts';
import { HotPaths } from '../api-load/hot-paths.ts';
import { fanOut, type Rate, requests } from '../api-load/loads.ts';
import { podBody, podName, podsPath } from '../api-load/pods.ts';
import { ServedApi } from '../api-load/served-api.ts';
import type { BenchOptions } from '../options.ts';
import { count, mebibytes, progress, row, type Row } from '../report.ts';

const budget = '(to be compared)';
const pods = 5_000;
const clients = 20;
const lists = 20;
const pageSize = 500;
const watchers = 1_000;
const watchersPerConnection = 10;
const changes = 500;
const changesPerSecond = 100;
const profileSeconds = 4;
/** Of the parts of the program that a load keeps busy, the largest are named. */
const partsShown = 8;
const json = 'application/json';
const tableAccept = `${json};as=Table;v=v1;g=meta.k8s.io,${json}`;
const metadataAccept = `${json};as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,${json}`;

interface Load {
    what: string;
    /** What comes before each run and is not measured. */
    prepare?: (bench: ApiBench) => Promise<void>;
    run: (bench: ApiBench) => Promise<Rate>;
}

const loads: readonly Load[] = [
    {
        what: `create ${count(pods)} pods, ${clients} clients`,
        prepare: async (bench) => {
            await bench.must('DELETE', `${podsPath}?gracePeriodSeconds=0`);
        },
        run: async (bench) =>
            await bench.ofEachPod(async (i, connection) => {
                const body = podBody(i);
                return await succeed(connection, 'POST', podsPath, { body });
            }),
    },
    {
        what: `get, ${clients} clients`,
        run: async (bench) =>
            await bench.ofEachPod(
                async (i, connection) => await succeed(connection, 'GET', `${podsPath}/${podName(i)}`),
            ),
    },
    {
        what: `update, ${clients} clients`,
        prepare: async (bench) => {
            await bench.readPods();
        },
        run: async (bench) =>
            await bench.ofEachPod(async (i, connection) => {
                const body = bench.changedPod(i);
                return await succeed(connection, 'PUT', `${podsPath}/${podName(i)}`, { body });
            }),
    },
    {
        what: `patch of the status, ${clients} clients`,
        run: async (bench) => {
            const isReady = bench.alternate();
            return await bench.ofEachPod(async (i, connection) => {
                const contentType = 'application/strategic-merge-patch+json';
                const options = { body: statusPatch(i, isReady), contentType };
                return await succeed(connection, 'PATCH', `${podsPath}/${podName(i)}/status`, options);
            });
        },
    },
    { what: `list of ${count(pods)}, from memory`, run: listing('?resourceVersion=0') },
    { what: `list of ${count(pods)}, consistent`, run: listing('') },
    { what: `list of ${count(pods)}, as a Table`, run: listing('', tableAccept) },
    { what: `list of ${count(pods)}, metadata alone`, run: listing('', metadataAccept) },
    {
        what: `list of ${count(pods)}, in pages of ${pageSize}`,
        run: async ({ connections }) => await requests(connections.slice(0, 1), lists, readPages),
    },
    { what: `list of the ${count(pods / 50)} of a label`, run: listing('?labelSelector=shard%3D7') },
    {
        what: `${count(watchers)} watchers of all, ${changesPerSecond} changes/s`,
        run: async (bench) => {
            const everyChange = Array.from({ length: changes }, (_, i) => i);
            return await bench.watched(() => ({ query: '', changes: everyChange }));
        },
    },
    {
        what: `${count(watchers)} watchers of a pod each, ${changesPerSecond} changes/s`,
        run: async (bench) =>
            await bench.watched((i) => ({
                query: `&fieldSelector=metadata.name%3D${podName(i)}`,
                changes: i < changes ? [i] : [],
            })),
    },
];

/** Rates of the API server alone over HTTPS (HTTP/2), the client on the same machine. */
export async function api({ only }: BenchOptions): Promise<Row[]> {
    const server = await ServedApi.start();
    try {
        const bench = await ApiBench.open(server);
        const rows: Row[] = [];
        for (const load of loads) {
            // The others need the pods that the first one makes.
            if (load !== loads[0] && !load.what.includes(only)) continue;
            progress(`api: ${load.what}`);
            rows.push(...(await bench.measure(load)));
        }
        return rows;
    } finally {
        await server.stop();
    }
}

class ApiBench {
    readonly connections: readonly ApiConnection[];
    readonly #server: ServedApi;
    readonly #side: ApiConnection;
    readonly #paths = new HotPaths(dirname(hyperkubeBinary));
    #round = 0;
    #texts: readonly string[] = [];

    private constructor(server: ServedApi, connections: readonly ApiConnection[], side: ApiConnection) {
        this.#server = server;
        this.connections = connections;
        this.#side = side;
    }

    static async open(server: ServedApi): Promise<ApiBench> {
        const bench = new ApiBench(server, await open(server, clients), await server.connect());
        // No controller makes it here.
        const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } };
        const body = Buffer.from(JSON.stringify(account));
        await bench.must('POST', podsPath.replace(/pods$/, 'serviceaccounts'), { body });
        return bench;
    }

    /** Under V8's profiler first, which also gives V8 time to compile what is hot; then without it. */
    async measure({ what, prepare, run }: Load): Promise<Row[]> {
        const profile = this.must('GET', `/debug/pprof/profile?seconds=${profileSeconds}`, { keep: true });
        const until = performance.now() + profileSeconds * 1000;
        do {
            await prepare?.(this);
            await run(this);
        } while (performance.now() < until);
        const shares = this.#paths.sharesOf((await profile).body.toString());

        await prepare?.(this);
        const before = this.#server.usage();
        const rate = await run(this);
        const { cpuMs, rssBytes } = this.#server.usage();
        const measured = [
            `${count(rate.perSecond)} /s`,
            `p50 ${count(rate.p50Ms)} ms`,
            `p99 ${count(rate.p99Ms)} ms`,
            ...(rate.mebibytesPerSecond >= 1 ? [`${count(rate.mebibytesPerSecond)} MiB/s`] : []),
            `CPU ${count(((cpuMs - before.cpuMs) * 1000) / rate.done)} us each`,
            `RSS ${mebibytes(rssBytes)}`,
        ];
        const parts = shares
            .slice(0, partsShown)
            .map(({ part, percent }) => `${part} ${percent.toFixed(0)} %`);
        return [
            row(what, budget, measured.join(', ')),
            row('  time of its main thread', '', parts.join(', ')),
        ];
    }

    async must(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
        return await succeed(this.#side, method, path, options);
    }

    async ofEachPod(work: (i: number, connection: ApiConnection) => Promise<Answer>): Promise<Rate> {
        return await requests(this.connections, pods, async (connection, i) => await work(i, connection));
    }

    /** Other than the last time. */
    alternate(): boolean {
        return ++this.#round % 2 === 0;
    }

    async readPods(): Promise<void> {
        this.#round++;
        const { body } = await this.must('GET', podsPath, { keep: true });
        const { items } = JSON.parse(body.toString()) as { items: { metadata: { name: string } }[] };
        items.sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
        this.#texts = items.map((item) => JSON.stringify({ apiVersion: 'v1', kind: 'Pod', ...item }));
    }

    /** As it was read, with another annotation. */
    changedPod(i: number): Buffer {
        const changed = `"prometheus.io/port":"${8080 + this.#round}"`;
        return Buffer.from((this.#texts[i] ?? '').replace(/"prometheus.io\/port":"\d+"/, changed));
    }

    /** Each change is of the annotations of a pod of its own. */
    async watched(watcher: (i: number) => { query: string; changes: readonly number[] }): Promise<Rate> {
        const connections = await open(this.#server, watchers / watchersPerConnection);
        const round = `${++this.#round}`;
        const { body: list } = await this.must('GET', `${podsPath}?limit=1`, { keep: true });
        const { metadata } = JSON.parse(list.toString()) as { metadata: { resourceVersion: string } };
        try {
            return await fanOut({
                watchers: connections.flatMap((connection, i) =>
                    Array.from({ length: watchersPerConnection }, (_, k) => {
                        const { query, changes } = watcher(i * watchersPerConnection + k);
                        // What is there already is not what is measured.
                        const from = `resourceVersion=${metadata.resourceVersion}`;
                        return { connection, changes, path: `${podsPath}?watch=true&${from}${query}` };
                    }),
                ),
                changes,
                changesPerSecond,
                change: async (i) => {
                    const body = Buffer.from(JSON.stringify({ metadata: { annotations: { round } } }));
                    const contentType = 'application/merge-patch+json';
                    await this.must('PATCH', `${podsPath}/${podName(i)}`, { body, contentType });
                },
            });
        } finally {
            for (const connection of connections) connection.close();
        }
    }
}

function listing(query: string, accept = json): Load['run'] {
    return async ({ connections }) =>
        await requests(
            connections.slice(0, 1),
            lists,
            async (connection) => await succeed(connection, 'GET', `${podsPath}${query}`, { accept }),
        );
}

async function readPages(connection: ApiConnection): Promise<Pick<Answer, 'bytes'>> {
    let bytes = 0;
    let token = '';
    do {
        const query = `?limit=${pageSize}${token === '' ? '' : `&continue=${encodeURIComponent(token)}`}`;
        const page = await succeed(connection, 'GET', `${podsPath}${query}`, { keep: true });
        bytes += page.bytes;
        // The list's own metadata comes before its items.
        token = /"continue":"([^"]*)"/.exec(page.body.subarray(0, 1024).toString())?.[1] ?? '';
    } while (token !== '');
    return { bytes };
}

/** What a kubelet writes when the readiness of a pod changes. */
function statusPatch(i: number, isReady: boolean): Buffer {
    const status = isReady ? 'True' : 'False';
    const at = '2026-01-01T00:00:00Z';
    return Buffer.from(
        JSON.stringify({
            status: {
                phase: 'Running',
                podIP: `10.244.${i >> 8}.${i & 255}`,
                conditions: ['Ready', 'ContainersReady'].map((type) => ({
                    ...{ type, status, lastTransitionTime: at },
                })),
                containerStatuses: [
                    {
                        ...{ name: 'web', ready: isReady, restartCount: 0, started: true },
                        image: 'registry.example.org/web:1.27.3',
                        imageID: 'registry.example.org/web@sha256:0d3b8a',
                        containerID: `docker://${String(i).padStart(64, '0')}`,
                        state: { running: { startedAt: at } },
                    },
                ],
            },
        }),
    );
}

async function open(server: ServedApi, number: number): Promise<ApiConnection[]> {
    return await Promise.all(Array.from({ length: number }, async () => await server.connect()));
}

async function succeed(
    connection: ApiConnection,
    method: string,
    path: string,
    options: RequestOptions = {},
): Promise<Answer> {
    const answer = await connection.request(method, path, options);
    if (answer.status < 300) return answer;
    throw new Error(`${method} ${path}: HTTP ${answer.status}: ${answer.body.toString().slice(0, 300)}`);
}
