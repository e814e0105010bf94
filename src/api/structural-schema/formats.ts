import { isIP, isIPv4, isIPv6 } from 'node:net';
import { isCidr, isDns1035Label, isDns1123Label, isDns1123Subdomain } from '../meta/name-formats.ts';

type Check = (text: string) => boolean;

const matches =
    (pattern: RegExp): Check =>
    (text) =>
        pattern.test(text);

const hex = '[0-9a-f]';
const uuid = (third: string, fourth: string): Check =>
    matches(new RegExp(`^${hex}{8}-?${hex}{4}-?${third}-?${fourth}-?${hex}{12}$`, 'i'));
const dateTime = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:?\d{2})$/i;
const goDuration =
    /^[+-]?(\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))*$/;
const scalaDuration =
    /^\d+(\.\d+)? *(ns|nanos?|nanoseconds?|us|µs|micros?|microseconds?|ms|millis?|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?)$/;
const hostLabel = '[a-zA-Z0-9_]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?';
const hostname = new RegExp(`^${hostLabel}(\\.${hostLabel})*\\.?$`);

/** The day exists: no 30 February. */
function isDate(text: string): boolean {
    if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
    const time = Date.parse(`${text}T00:00:00Z`);
    return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

function isDateTime(text: string): boolean {
    return dateTime.test(text) && isDate(text.slice(0, 10)) && !Number.isNaN(Date.parse(text));
}

function isUri(text: string): boolean {
    if (text.startsWith('/')) return !/[\s\u0000-\u001f]/.test(text);
    return /^[a-zA-Z][a-zA-Z0-9+.-]*:/.test(text) && URL.canParse(text);
}

function luhnLike(digits: string, weights: (index: number) => number, modulus: number): boolean {
    const sum = Array.from(digits).reduce(
        (total, digit, index) =>
            total + weights(index) * (digit === 'X' || digit === 'x' ? 10 : Number(digit)),
        0,
    );
    return sum % modulus === 0;
}

function isIsbn10(text: string): boolean {
    const digits = text.replaceAll(/[\s-]/g, '');
    return /^\d{9}[\dXx]$/.test(digits) && luhnLike(digits, (index) => 10 - index, 11);
}

function isIsbn13(text: string): boolean {
    const digits = text.replaceAll(/[\s-]/g, '');
    return /^\d{13}$/.test(digits) && luhnLike(digits, (index) => (index % 2 === 0 ? 1 : 3), 10);
}

/** The formats that are checked (go-openapi's strfmt and Kubernetes' own); every other one is ignored. */
export const stringFormats: Readonly<Record<string, Check>> = {
    bsonobjectid: matches(/^[0-9a-f]{24}$/i),
    uri: isUri,
    email: matches(/^(?:[^<>@]*<)?[^\s@<>]{1,64}@[^\s@<>]{1,255}>?$/),
    hostname: (text) => text.length <= 255 && hostname.test(text),
    ipv4: (text) => isIPv4(text),
    ipv6: (text) => isIPv6(text) && !text.includes('%'),
    ip: (text) => isIP(text) !== 0 && !text.includes('%'),
    cidr: (text) => isCidr(text).length === 0,
    mac: matches(/^([0-9a-f]{2}([:-])([0-9a-f]{2}\2){4,18}[0-9a-f]{2}|([0-9a-f]{4}\.){2,9}[0-9a-f]{4})$/i),
    uuid: uuid(`${hex}{4}`, `${hex}{4}`),
    uuid3: uuid(`3${hex}{3}`, `${hex}{4}`),
    uuid4: uuid(`4${hex}{3}`, `[89ab]${hex}{3}`),
    uuid5: uuid(`5${hex}{3}`, `[89ab]${hex}{3}`),
    isbn: (text) => isIsbn10(text) || isIsbn13(text),
    isbn10: isIsbn10,
    isbn13: isIsbn13,
    creditcard: (text) =>
        /^(?:4\d{12}(?:\d{3})?|5[1-5]\d{14}|6(?:011|5\d\d)\d{12}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|(?:2131|1800|35\d{3})\d{11})$/.test(
            text.replaceAll(/\D/g, ''),
        ),
    ssn: matches(/^\d{3}[- ]?\d{2}[- ]?\d{4}$/),
    hexcolor: matches(/^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/),
    rgbcolor: matches(
        /^rgb\((\s*(0|[1-9]\d?|1\d\d|2[0-4]\d|25[0-5])\s*,){2}\s*(0|[1-9]\d?|1\d\d|2[0-4]\d|25[0-5])\s*\)$/,
    ),
    byte: matches(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/),
    password: () => true,
    date: isDate,
    'date-time': isDateTime,
    datetime: isDateTime,
    duration: (text) => text === '0' || goDuration.test(text) || scalaDuration.test(text),
    'k8s-short-name': (text) => isDns1123Label(text).length === 0,
    'k8s-long-name': (text) => isDns1123Subdomain(text).length === 0,
    'k8s-label-name': (text) => isDns1035Label(text).length === 0,
};
