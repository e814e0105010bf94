import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/** Ports that nobody listens on, on loopback. */
export async function freePorts(count: number): Promise<number[]> {
    const servers = Array.from({ length: count }, (): Server => createServer());
    await Promise.all(
        servers.map(async (server) => {
            server.listen(0, '127.0.0.1');
            await once(server, 'listening');
        }),
    );
    const ports = servers.map((server) => {
        const address = server.address();
        return typeof address === 'object' && address !== null ? address.port : 0;
    });
    await Promise.all(
        servers.map(async (server) => {
            server.close();
            await once(server, 'close');
        }),
    );
    return ports;
}

/** One port that nobody listens on, on loopback. */
export async function freePort(): Promise<number> {
    const [port = 0] = await freePorts(1);
    return port;
}
