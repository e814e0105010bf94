// history-load.mjs KUBECONFIG CLIENTS PREFIX REGISTERS: reads and guarded writes of ConfigMaps used as registers,
// several clients at a time, through one API server. Prints a line of JSON for each operation, with the times of
// call and return on the machine's monotonic clock. Ends with its standard input.
import { setTimeout as sleep } from 'node:timers/promises';
import { kubeconfigClient } from './kubeconfig-client.mjs';

const [kubeconfig, clients, prefix, registers] = process.argv.slice(2);
const send = kubeconfigClient(kubeconfig);
const pauseMs = 20;
let running = true;
process.stdin.on('end', () => (running = false)).resume();

const nowMs = () => Number(process.hrtime.bigint() / 1000n) / 1000;

async function timed(entry, operation) {
    const calledAt = nowMs();
    try {
        const output = await operation();
        const at = nowMs();
        console.log(JSON.stringify({ ...entry, calledAt, ...(output && { returned: { at, output } }) }));
        return output;
    } catch {
        console.log(JSON.stringify({ ...entry, calledAt }));
        return undefined;
    }
}

async function client(number) {
    for (let i = 0; running; i++) {
        await sleep(pauseMs);
        const register = `register-${(i + number) % Number(registers)}`;
        const path = `/api/v1/namespaces/default/configmaps/${register}`;
        let found;
        await timed({ register, input: { type: 'read' } }, async () => {
            const { status, body } = await send('GET', path);
            if (status !== 200) return undefined;
            found = JSON.parse(body);
            return { value: found.data.value };
        });
        if (found === undefined) continue;
        const input = {
            type: 'swap',
            expected: found.data.value,
            value: `${prefix}-${number}-${i}`,
        };
        await timed({ register, input }, async () => {
            const next = { ...found, data: { value: input.value } };
            const { status } = await send('PUT', path, { body: JSON.stringify(next) });
            if (status === 200) return { swapped: true };
            if (status === 409) return { swapped: false };
            return undefined; // Whether it was written is unknown.
        });
    }
}

await Promise.all(Array.from({ length: Number(clients) }, (_, number) => client(number)));
process.exit(0);
