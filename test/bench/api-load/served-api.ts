import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:http2';
import { join } from 'node:path';
import { hyperkubeBinary } from '../../harness/cluster.ts';
import { freePorts } from '../../harness/free-ports.ts';
import { type Usage, usageOf } from '../process-usage.ts';
import { ApiConnection } from './api-connection.ts';

const startTimeoutMs = 30_000;
const retryMs = 100;
const logBytesMax = 4_000;

/** `hyperkube apiserver` on loopback with an empty store on the disk of /var/tmp. */
export class ServedApi {
    readonly #process: ChildProcess;
    readonly #directory: string;
    readonly #port: number;

    private constructor(process: ChildProcess, directory: string, port: number) {
        this.#process = process;
        this.#directory = directory;
        this.#port = port;
    }

    static async start(): Promise<ServedApi> {
        const directory = await mkdtemp('/var/tmp/hyperkube-api-bench-');
        const [port = 0] = await freePorts(1);
        const flags = [
            `--config-dir=${join(directory, 'config')}`,
            `--data-dir=${join(directory, 'data')}`,
            `--secure-port=${port}`,
            '--bind-address=127.0.0.1',
            '--node-ip=192.0.2.1',
            '--listen-client-urls=',
        ];
        const child = spawn(process.execPath, [hyperkubeBinary, 'apiserver', ...flags], {
            stdio: ['ignore', 'pipe', 'pipe'],
        });
        const log = { last: '' };
        for (const stream of [child.stdout, child.stderr])
            stream.on('data', (chunk: Buffer) => {
                log.last = `${log.last}${chunk.toString()}`.slice(-logBytesMax);
            });
        const api = new ServedApi(child, directory, port);
        try {
            await api.#ready();
            return api;
        } catch (error) {
            await api.stop();
            throw new Error(`the API server does not start: ${log.last}`, { cause: error });
        }
    }

    /** As the cluster's administrator, over HTTP/2 as client-go speaks it. */
    async connect(): Promise<ApiConnection> {
        const pki = join(this.#directory, 'config', 'pki');
        const kubeconfig = await readFile(join(this.#directory, 'config', 'admin.conf'), 'utf8');
        const [cert, key] = ['client-certificate-data', 'client-key-data'].map((field) =>
            Buffer.from(new RegExp(`${field}: *(\\S+)`).exec(kubeconfig)?.[1] ?? '', 'base64'),
        );
        if (cert === undefined || key === undefined) throw new Error('admin.conf has no certificate');
        const session = connect(`https://127.0.0.1:${this.#port}`, {
            ca: await readFile(join(pki, 'ca.crt')),
            cert,
            key,
            servername: 'kubernetes',
            settings: { enablePush: false, initialWindowSize: 4 * 1024 * 1024 },
        });
        await once(session, 'connect');
        session.setLocalWindowSize(16 * 1024 * 1024);
        return new ApiConnection(session);
    }

    usage(): Usage {
        return usageOf(this.#process.pid ?? 0);
    }

    async stop(): Promise<void> {
        if (this.#process.exitCode === null && this.#process.signalCode === null) {
            const exited = once(this.#process, 'exit');
            this.#process.kill('SIGKILL');
            await exited;
        }
        await rm(this.#directory, { recursive: true, force: true });
    }

    async #ready(): Promise<void> {
        const until = Date.now() + startTimeoutMs;
        for (;;) {
            try {
                const connection = await this.connect();
                const { status } = await connection.request('GET', '/readyz');
                connection.close();
                if (status === 200) return;
            } catch (error) {
                if (Date.now() > until || this.#process.exitCode !== null) throw error;
            }
            await new Promise((resolve) => setTimeout(resolve, retryMs));
        }
    }
}
