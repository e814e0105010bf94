/** Where to listen: `https://0.0.0.0:2379`, `http://[::1]:2379`, `unix:///run/etcd.sock`. */
export type ListenUrl =
    { protocol: 'http' | 'https'; host: string; port: number } | { protocol: 'unix'; path: string };

export class ListenUrlError extends Error {
    override readonly name = 'ListenUrlError';
}

/** Throws ListenUrlError, which says what is expected. */
export function parseListenUrl(text: string): ListenUrl {
    const unix = /^unix:\/\/(\/.+)$/.exec(text)?.[1];
    if (unix !== undefined) return { protocol: 'unix', path: unix };
    const match = /^(https?):\/\/(\[[^\]]+\]|[^/:[\]]+):(\d{1,5})\/?$/.exec(text);
    const [, protocol, host = '', port] = match ?? [];
    if ((protocol !== 'http' && protocol !== 'https') || Number(port) > 65_535) {
        throw new ListenUrlError(`"${text}" is not of the form http(s)://host:port`);
    }
    return { protocol, host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}

/** Only processes of this machine can connect there. */
export function isLoopback(url: ListenUrl): boolean {
    if (url.protocol === 'unix') return true;
    return url.host === 'localhost' || url.host === '::1' || /^127(\.\d{1,3}){3}$/.test(url.host);
}
