import { tokenProtocol } from '../../../streaming/upgrade.ts';
import type { AuthenticationInput } from './method.ts';

/** Stands for a token that cannot be used; no header can hold it. */
export const unusableAuthorization = '\0';
/** A longer list of protocols is not looked at. */
const protocolsBytesMax = 32_768;

/**
 * The `Authorization` of a WebSocket request by a browser, which can set no headers but this one:
 * `Sec-WebSocket-Protocol: base64url.bearer.authorization.k8s.io.<token>, <the protocol to speak>`. Gives
 * `unusableAuthorization` where there is such a token, but it cannot be used.
 */
export function webSocketAuthorization(headers: AuthenticationInput['headers']): string | undefined {
    if (!/websocket/i.test(first(headers['upgrade']))) return undefined;
    const value = headers['sec-websocket-protocol'];
    const text = Array.isArray(value) ? value.join(',') : (value ?? '');
    if (text.length > protocolsBytesMax) return undefined;
    const protocols = text.split(',').map((protocol) => protocol.trim());
    const tokens = protocols.filter((protocol) => protocol.startsWith(tokenProtocol));
    const encoded = tokens[0]?.slice(tokenProtocol.length);
    if (encoded === undefined) return undefined;
    const token = Buffer.from(encoded, 'base64url').toString('utf8');
    // Without a second protocol there would be none for the server to choose.
    const isUsable = tokens.length === 1 && protocols.length > 1 && /^\S+$/.test(token);
    return isUsable ? `Bearer ${token}` : unusableAuthorization;
}

function first(value: string | string[] | undefined): string {
    return (Array.isArray(value) ? value[0] : value) ?? '';
}
