import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { StatusError } from '../../../api/meta/status-error.ts';

/** Answers an upgrade request with a Status over plain HTTP/1.1 and closes the connection. */
export function refuseUpgrade(socket: Duplex, { code, status }: StatusError): void {
    if (!socket.writable) {
        socket.destroy();
        return;
    }
    const body = JSON.stringify(status);
    socket.end(
        [
            `HTTP/1.1 ${code} ${STATUS_CODES[code] ?? 'Error'}`,
            'Content-Type: application/json',
            `Content-Length: ${Buffer.byteLength(body)}`,
            'Connection: close',
            '',
            body,
        ].join('\r\n'),
    );
}
