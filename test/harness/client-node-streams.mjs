// client-node-streams.mjs KUBECONFIG NAMESPACE POD: what the official JavaScript client gets out of a pod that repeats
// each line of its standard input and serves a page on port 80. Prints it as JSON.
import { once } from 'node:events';
import { PassThrough, Readable, Writable } from 'node:stream';
import { WebSocket } from 'ws';
import { k8s } from './client-node.mjs';

const [kubeconfig, namespace, pod] = process.argv.slice(2);
const container = 'main';
const config = new k8s.KubeConfig();
config.loadFromFile(kubeconfig);

/** Keeps what is written to it, and tells when that matches. */
class Collector extends Writable {
    text = '';

    _write(chunk, _encoding, done) {
        this.text += chunk;
        this.emit('text');
        done();
    }

    async until(pattern) {
        while (!pattern.test(this.text)) await once(this, 'text', { signal: AbortSignal.timeout(20_000) });
        return this.text;
    }
}

/** Runs a command to its end. */
async function exec(script, { input = null, stdout = new Collector(), tty = false } = {}) {
    const stderr = new Collector();
    const status = await new Promise((resolve, reject) => {
        new k8s.Exec(config)
            .exec(namespace, pod, container, ['sh', '-c', script], stdout, stderr, input, tty, resolve)
            .catch(reject);
    });
    return { stdout: stdout.text, stderr: stderr.text, status };
}

async function attach() {
    const [stdout, stdin] = [new Collector(), new PassThrough()];
    const socket = await new k8s.Attach(config).attach(namespace, pod, container, stdout, null, stdin, false);
    stdin.write('attached\n');
    await stdout.until(/repeated attached\n/);
    socket.close();
    return stdout.text;
}

async function portForward() {
    const [output, input] = [new Collector(), new PassThrough()];
    const socket = await new k8s.PortForward(config).portForward(namespace, pod, [80], output, null, input);
    input.write('GET / HTTP/1.0\r\n\r\n');
    await output.until(/the page/);
    socket.close();
    return output.text;
}

async function log() {
    const stream = new Collector();
    await new k8s.Log(config).log(namespace, pod, container, stream, { follow: true });
    return await stream.until(/repeated attached\n/);
}

/** The log as it is, in messages of the protocol for clients without binary ones. */
async function logMessages() {
    const options = {};
    await config.applyToHTTPSOptions(options);
    const server = config.getCurrentCluster().server.replace(/^http/, 'ws');
    const url = `${server}/api/v1/namespaces/${namespace}/pods/${pod}/log?container=${container}`;
    const socket = new WebSocket(url, ['base64.binary.k8s.io'], options);
    const messages = [];
    socket.on('message', (message) => messages.push(message.toString()));
    await once(socket, 'close');
    return messages;
}

const stepTimeoutMs = 20_000;

/** A step's result; when it does not come, the message says which one that was. */
async function step(name, run) {
    let timer;
    const late = new Promise((_resolve, reject) => {
        timer = setTimeout(() => reject(new Error(`${name} does not end`)), stepTimeoutMs);
    });
    try {
        return await Promise.race([run(), late]);
    } finally {
        clearTimeout(timer);
    }
}

const terminal = Object.assign(new Collector(), { rows: 40, columns: 132 });
const untilResized = 'until [ "$(stty size 2>&1)" = "40 132" ]; do sleep 0.1; done; stty size';
const steps = {
    failed: () => exec('cat; echo oops >&2; exit 7', { input: Readable.from(['typed\n']) }),
    succeeded: () => exec('exit 0'),
    terminal: () => exec(untilResized, { stdout: terminal, tty: true }),
    attached: attach,
    forwarded: portForward,
    logged: log,
    logMessages,
};
const result = {};
for (const [name, run] of Object.entries(steps)) result[name] = await step(name, run);
process.stdout.write(JSON.stringify(result), () => process.exit(0));
