// write-load.mjs KUBECONFIG WRITERS PREFIX: creates ConfigMaps in namespace default, several at a time, and
// prints the name of each that the server has acknowledged. Goes on while the server is away; ends with
// its standard input.
import { setTimeout as sleep } from 'node:timers/promises';
import { kubeconfigClient } from './kubeconfig-client.mjs';

const [kubeconfig, writers, prefix] = process.argv.slice(2);
const send = kubeconfigClient(kubeconfig);
let running = true;
process.stdin.on('end', () => (running = false)).resume();

async function write(writer) {
    for (let i = 0; running; i++) {
        const name = `${prefix}-${writer}-${i}`;
        const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { name } };
        try {
            const { status } = await send('POST', '/api/v1/namespaces/default/configmaps', {
                body: JSON.stringify(configMap),
            });
            if (status === 201) console.log(name);
        } catch {
            await sleep(50);
        }
    }
}

await Promise.all(Array.from({ length: Number(writers) }, (_, writer) => write(writer)));
process.exit(0);
