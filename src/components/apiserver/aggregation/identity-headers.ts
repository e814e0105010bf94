import type { Identity } from '../identity.ts';

/** Tells an extension server who asks; it believes the front proxy's certificate. */
export function identityHeaders({
    username,
    uid,
    groups,
    extra,
}: Identity): Record<string, string | string[]> {
    const headers: Record<string, string | string[]> = {
        'X-Remote-User': headerText(username),
        'X-Remote-Group': groups.map(headerText),
    };
    if (uid !== '') headers['X-Remote-Uid'] = headerText(uid);
    for (const [key, values] of Object.entries(extra)) {
        headers[`X-Remote-Extra-${escapeKey(key)}`] = values.map(headerText);
    }
    return headers;
}

/** Bytes of UTF-8, as Go's HTTP sends strings; line breaks, which cannot be sent, become spaces. */
function headerText(text: string): string {
    return Buffer.from(text.replace(/[\r\n\0]/g, ' '), 'utf8').toString('latin1');
}

/** What header names do not allow, and "%", is percent-encoded byte by byte, as upstream does. */
function escapeKey(key: string): string {
    return [...Buffer.from(key, 'utf8')]
        .map((byte) => {
            const char = String.fromCharCode(byte);
            return /[!#$&'*+\-.^_`|~0-9A-Za-z]/.test(char)
                ? char
                : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
        })
        .join('');
}
