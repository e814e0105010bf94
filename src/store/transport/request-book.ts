import { peerRequestBytesMax, PeerRequestError, peerRequestTimeoutMs } from './peer-transport.ts';
import { decodeResponse, encodeRequest } from './request-codec.ts';

interface Pending {
    resolve: (body: Buffer) => void;
    reject: (error: PeerRequestError) => void;
    timer: NodeJS.Timeout;
}

/** The requests of this member that wait for an answer. Each is settled exactly once. */
export class RequestBook {
    readonly #pending = new Map<number, Pending>();
    #nextId = 1;

    /** `post` hands the frame on; false: there is nobody to hand it to. */
    async ask(
        { method, body }: { method: string; body: Buffer },
        post: (id: number, frame: Buffer) => boolean,
    ): Promise<Buffer> {
        if (body.length > peerRequestBytesMax)
            throw new PeerRequestError('unreachable', `${method}: ${body.length} bytes are too many`);
        return await new Promise<Buffer>((resolve, reject) => {
            const id = this.#nextId++;
            const timer = setTimeout(() => {
                this.failed(id, 'unknown', `${method}: no answer within ${peerRequestTimeoutMs} ms`);
            }, peerRequestTimeoutMs);
            this.#pending.set(id, { resolve, reject, timer });
            if (!post(id, encodeRequest({ id, method, body })))
                this.failed(id, 'unreachable', `${method}: the peer transport does not run`);
        });
    }

    /** The body of a response frame. An answer after its time is ignored. */
    answered(body: Buffer): void {
        const response = decodeResponse(body);
        if (response === undefined) return;
        const pending = this.#take(response.id);
        if (response.type === 'answered') pending?.resolve(response.body);
        else pending?.reject(new PeerRequestError('refused', response.text));
    }

    failed(id: number, reason: 'unreachable' | 'unknown', text: string): void {
        this.#take(id)?.reject(new PeerRequestError(reason, text));
    }

    /** None of them will be answered. */
    lost(text: string): void {
        for (const id of [...this.#pending.keys()]) this.failed(id, 'unknown', text);
    }

    close(): void {
        this.lost('the peer transport was closed');
    }

    #take(id: number): Pending | undefined {
        const pending = this.#pending.get(id);
        this.#pending.delete(id);
        clearTimeout(pending?.timer);
        return pending;
    }
}
