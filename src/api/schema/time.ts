/** Timestamps of the API (meta/v1 Time and MicroTime), normalised to UTC as upstream stores them. */
const rfc3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(Z|[+-]\d\d:\d\d)$/;
const normalSeconds = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const normalMicros = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;

/** Go says which element of its layout did not match, and from where on in the text. */
const layoutElements: readonly [string, RegExp][] = [
    ['2006', /^\d{4}/],
    ['-', /^-/],
    ['01', /^\d\d/],
    ['-', /^-/],
    ['02', /^\d\d/],
    ['T', /^T/],
    ['15', /^\d\d/],
    [':', /^:/],
    ['04', /^\d\d/],
    [':', /^:/],
    ['05', /^\d\d(?:[.,]\d+)?/],
    ['Z07:00', /^(?:Z|[+-]\d\d:\d\d)/],
];

function parseError(text: string, layout: string): Error {
    const shown = JSON.stringify(text);
    let rest = text;
    for (const [element, pattern] of layoutElements) {
        const match = pattern.exec(rest);
        if (!match)
            return new Error(
                `parsing time ${shown} as "${layout}": cannot parse ${JSON.stringify(rest)} as "${element}"`,
            );
        rest = rest.slice(match[0].length);
    }
    return rest === ''
        ? new Error(`parsing time ${shown}: day out of range`)
        : new Error(`parsing time ${shown}: extra text: ${JSON.stringify(rest)}`);
}

function isCalendarDate(text: string): boolean {
    const [year = 0, month = 0, day = 0] = text.slice(0, 10).split('-').map(Number);
    return month >= 1 && month <= 12 && day >= 1 && day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}

function normalize(text: string, layout: string): { seconds: string; micros: string } {
    const match = rfc3339.exec(text);
    const milliseconds = match ? Date.parse(`${text.slice(0, 19)}${match[8] ?? 'Z'}`) : NaN;
    if (Number.isNaN(milliseconds) || !isCalendarDate(text)) throw parseError(text, layout);
    return {
        seconds: new Date(milliseconds).toISOString().slice(0, 19),
        micros: (match?.[7] ?? '').slice(0, 6).padEnd(6, '0'),
    };
}

/** "2026-01-02T03:04:05Z". @throws Error in Go's words when it is no RFC 3339 time. */
export function normalizeTime(text: string): string {
    if (normalSeconds.test(text) && isCalendarDate(text) && !Number.isNaN(Date.parse(text))) return text;
    return `${normalize(text, '2006-01-02T15:04:05Z07:00').seconds}Z`;
}

/** "2026-01-02T03:04:05.000006Z". @throws Error in Go's words when it is no RFC 3339 time. */
export function normalizeMicroTime(text: string): string {
    if (normalMicros.test(text) && isCalendarDate(text) && !Number.isNaN(Date.parse(text))) return text;
    const { seconds, micros } = normalize(text, '2006-01-02T15:04:05.000000Z07:00');
    return `${seconds}.${micros}Z`;
}
