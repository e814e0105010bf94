import type { Credentials } from './credentials.ts';
import { dial } from './dial.ts';
import type { EndpointEvents } from './endpoint-events.ts';
import { nobody } from './greeting.ts';

export interface UrlQuestion {
    id: number;
    url: string;
    /** A request frame. */
    frame: Buffer;
    credentials: Credentials | undefined;
    organization: string | undefined;
    signal: AbortSignal;
}

/**
 * One request over a connection of its own, to whichever member is at the address, by a caller who has a peer's
 * certificate and no place in the cluster yet. Rejects when it was not sent; the rest comes as events.
 */
export async function askByUrl(question: UrlQuestion, events: EndpointEvents): Promise<void> {
    const { id, url, frame, credentials, organization, signal } = question;
    let settled = false;
    const lost = (text: string) => {
        if (!settled) events.requestFailed(id, 'unknown', text);
        settled = true;
    };
    const connection = await dial({
        url,
        hello: { clusterId: nobody, from: nobody, to: nobody, channel: 'main' },
        credentials,
        organization,
        signal,
        onFrame: (same, { kind, body }) => {
            if (kind === 'renew' || kind === 'pong') return;
            if (kind === 'response' && !settled) {
                settled = true;
                events.response(body);
            }
            same.end();
        },
        onClose: (_, error) => {
            lost(error?.message ?? 'the connection was closed before the answer');
        },
    });
    if (!connection.write(frame)) lost('the connection was closed at once');
    const close = () => connection.destroy();
    signal.addEventListener('abort', close, { once: true });
    connection.socket.once('close', () => {
        signal.removeEventListener('abort', close);
    });
}
