// fetch-pages.mjs URL [COUNT]: fetches a page COUNT times, each over a new connection, and prints a JSON
// array with what came: the body, or an object with the error's code ("ECONNREFUSED", "timeout").
import { get } from 'node:http';

const [url, count = '1'] = process.argv.slice(2);
const timeoutMs = 3000;

function fetchPage() {
    return new Promise((resolve) => {
        const request = get(url, { agent: false, timeout: timeoutMs }, (response) => {
            const chunks = [];
            response.on('data', (chunk) => chunks.push(chunk));
            response.on('end', () => resolve(Buffer.concat(chunks).toString()));
            response.on('error', (error) => resolve({ error: error.code ?? String(error) }));
        });
        request.on('timeout', () =>
            request.destroy(Object.assign(new Error('timeout'), { code: 'timeout' })),
        );
        request.on('error', (error) => resolve({ error: error.code ?? String(error) }));
    });
}

const pages = [];
for (let i = 0; i < Number(count); i++) pages.push(await fetchPage());
console.log(JSON.stringify(pages));
