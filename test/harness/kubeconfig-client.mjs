// A plain HTTPS client of the API server, as the administrator whose kubeconfig it is given.
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { load } from 'js-yaml';

export function kubeconfigClient(file) {
    const { clusters, users } = load(readFileSync(file, 'utf8'));
    const { server, 'certificate-authority-data': ca } = clusters[0].cluster;
    const { 'client-certificate-data': cert, 'client-key-data': key } = users[0].user;
    const pem = (data) => Buffer.from(data, 'base64');
    const agent = new Agent({ ca: pem(ca), cert: pem(cert), key: pem(key), keepAlive: true });

    /** Gives status and body; rejects when no whole answer comes. */
    return (method, path, { body, contentType = 'application/json' } = {}) =>
        new Promise((resolve, reject) => {
            const headers =
                body === undefined
                    ? {}
                    : { 'Content-Type': contentType, 'Content-Length': Buffer.byteLength(body) };
            const sent = request(
                `${server}${path}`,
                { method, agent, headers, timeout: 10_000 },
                (response) => {
                    const chunks = [];
                    response.on('data', (chunk) => chunks.push(chunk));
                    response.on('end', () =>
                        resolve({ status: response.statusCode, body: Buffer.concat(chunks).toString() }),
                    );
                    response.on('error', reject);
                },
            );
            sent.on('timeout', () => sent.destroy(new Error('timeout')));
            sent.on('error', reject);
            sent.end(body);
        });
}
