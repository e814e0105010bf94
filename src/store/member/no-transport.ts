import { PeerRequestError, type PeerTransport } from '../transport/peer-transport.ts';

/** Of a member that has nobody to talk to. */
export const noTransport: PeerTransport = {
    start: async () => await Promise.resolve(),
    setPeers: () => undefined,
    send: () => undefined,
    coverStall: () => undefined,
    request: async (to) => await Promise.reject(unreachable(to)),
    requestUrl: async (url) => await Promise.reject(unreachable(url)),
    roundTripMs: () => undefined,
    close: async () => await Promise.resolve(),
};

function unreachable(whom: string): PeerRequestError {
    return new PeerRequestError('unreachable', `${whom} cannot be reached: this member has no transport`);
}
