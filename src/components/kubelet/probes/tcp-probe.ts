import { connect } from 'node:net';
import type { V1TCPSocketAction } from '../../../api/meta/object.ts';
import { resolvePort, type ProbeOutcome, type ProbeTarget } from './probe-handler.ts';

/** Healthy when a connection opens. */
export async function tcpProbe(action: V1TCPSocketAction, target: ProbeTarget): Promise<ProbeOutcome> {
    const host = action.host ? action.host : target.podIp;
    const port = resolvePort(action.port, target.container);
    return await new Promise((resolve) => {
        const socket = connect({ host, port });
        const finish = (outcome: ProbeOutcome) => {
            socket.destroy();
            resolve(outcome);
        };
        const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
        socket.setTimeout(target.timeoutMs, () => {
            finish({ result: 'failure', output: `dial tcp ${address}: i/o timeout` });
        });
        socket.once('connect', () => {
            finish({ result: 'success', output: '' });
        });
        socket.once('error', (error: NodeJS.ErrnoException) => {
            const why = error.code === 'ECONNREFUSED' ? 'connect: connection refused' : error.message;
            finish({ result: 'failure', output: `dial tcp ${address}: ${why}` });
        });
    });
}
