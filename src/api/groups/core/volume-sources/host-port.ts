/** True for "host:port" and "[2001:db8::1]:port"; either part may be empty (Go's net.SplitHostPort). */
export function isHostPort(text: string): boolean {
    const colon = text.lastIndexOf(':');
    if (colon < 0) return false;
    if (!text.startsWith('[')) return !/[:[\]]/.test(text.slice(0, colon)) && isPort(text, colon);
    const end = text.indexOf(']');
    return end + 1 === colon && !text.slice(1).includes('[') && isPort(text, colon);
}

function isPort(text: string, colon: number): boolean {
    return !/[[\]]/.test(text.slice(colon + 1));
}
