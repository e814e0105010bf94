import https from 'node:https';

const timeoutMs = 30_000;

export interface FetchOptions {
    agent: https.Agent;
    bytesMax: number;
    /** Shown as a bearer token. */
    accessToken?: string;
}

/** What is at an https address, as text. Rejects when the answer is no 200, too large or too late. */
export async function fetchText(
    address: string,
    { agent, bytesMax, accessToken }: FetchOptions,
): Promise<string> {
    const url = new URL(address);
    if (url.protocol !== 'https:') throw new Error(`${address} is not reached over https`);
    const signal = AbortSignal.timeout(timeoutMs);
    const headers = accessToken === undefined ? {} : { authorization: `Bearer ${accessToken}` };
    return await new Promise((resolve, reject) => {
        const call = https.get(url, { agent, signal, headers }, (response) => {
            if (response.statusCode !== 200) {
                response.resume();
                reject(new Error(`${address} answered ${response.statusCode ?? 0}`));
                return;
            }
            readText(response, bytesMax).then(resolve, reject);
        });
        call.on('error', reject);
    });
}

async function readText(stream: AsyncIterable<Buffer>, bytesMax: number): Promise<string> {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of stream) {
        size += chunk.length;
        if (size > bytesMax) throw new Error(`the answer is larger than ${bytesMax} bytes`);
        chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('utf8');
}
