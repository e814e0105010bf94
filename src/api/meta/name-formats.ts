import { isIPv4, isIPv6 } from 'node:net';
import { randomInt } from 'node:crypto';

/**
 * Validators of names, in upstream's words (k8s.io/apimachinery pkg/util/validation). Each returns its
 * complaints; an empty list means valid.
 */
export type NameValidator = (value: string) => string[];

const dns1123LabelFormat = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const dns1123SubdomainFormat = `${dns1123LabelFormat}(\\.${dns1123LabelFormat})*`;
const dns1035LabelFormat = '[a-z]([-a-z0-9]*[a-z0-9])?';
const qualifiedNameFormat = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const labelValueFormat = `(${qualifiedNameFormat})?`;
const envVarNameFormat = '[-._a-zA-Z][-._a-zA-Z0-9]*';
const configMapKeyFormat = '[-._a-zA-Z0-9]+';
const cIdentifierFormat = '[A-Za-z_][A-Za-z0-9_]*';
const httpHeaderNameFormat = '[-A-Za-z0-9]+';
const percentFormat = '[0-9]+%';
const wildcardFormat = `\\*\\.${dns1123SubdomainFormat}`;

export const dnsLabelCharactersMax = 63;
export const dnsSubdomainCharactersMax = 253;
const portNameCharactersMax = 15;

const dns1123Subdomain = whole(dns1123SubdomainFormat);
const qualifiedName = whole(qualifiedNameFormat);
const qualifiedNameMessage =
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";

function whole(format: string): RegExp {
    return new RegExp(`^(?:${format})$`);
}

function tooLong(max: number): string {
    return `must be no more than ${max} characters`;
}

function patternMessage(message: string, format: string, examples: readonly string[]): string {
    // Upstream's loop leaves a comma and a space after every example.
    const shown = examples.map((example) => `'${example}', `).join(' or ');
    return `${message} (e.g. ${shown}regex used for validation is '${format}')`;
}

interface PatternRule {
    format: string;
    message: string;
    examples: readonly string[];
    charactersMax?: number;
}

function patternValidator({
    format,
    message,
    examples,
    charactersMax = Infinity,
}: PatternRule): NameValidator {
    const pattern = whole(format);
    const complaint = patternMessage(message, format, examples);
    return (value) => [
        ...(value.length > charactersMax ? [tooLong(charactersMax)] : []),
        ...(value.length <= charactersMax * 4 && pattern.test(value) ? [] : [complaint]),
    ];
}

/** "my-app.example.com": names of most objects. */
export const isDns1123Subdomain = patternValidator({
    format: dns1123SubdomainFormat,
    message:
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
    examples: ['example.com'],
    charactersMax: dnsSubdomainCharactersMax,
});

const dns1123Label = patternValidator({
    format: dns1123LabelFormat,
    message:
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
    examples: ['my-name', '123-abc'],
    charactersMax: dnsLabelCharactersMax,
});

/** "my-app": names of namespaces, containers, volumes. */
export function isDns1123Label(value: string): string[] {
    const messages = dns1123Label(value);
    return value.includes('.') && value.length <= dnsSubdomainCharactersMax && dns1123Subdomain.test(value)
        ? [...messages.slice(0, -1), 'must not contain dots']
        : messages;
}

/** Starts with a letter: names of services. */
export const isDns1035Label = patternValidator({
    format: dns1035LabelFormat,
    message:
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
    examples: ['my-name', 'abc-123'],
    charactersMax: dnsLabelCharactersMax,
});

/** "*.example.com": hosts of ingresses. */
export const isWildcardDns1123Subdomain = patternValidator({
    format: wildcardFormat,
    message:
        "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
    examples: ['*.example.com'],
    charactersMax: dnsSubdomainCharactersMax,
});

export const isCIdentifier = patternValidator({
    format: cIdentifierFormat,
    message:
        "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'",
    examples: ['my_name', 'MY_NAME', 'MyName'],
});

export const isHttpHeaderName = patternValidator({
    format: httpHeaderNameFormat,
    message: "a valid HTTP header must consist of alphanumeric characters or '-'",
    examples: ['X-Header-Name'],
});

export const isPercentString = patternValidator({
    format: percentFormat,
    message: "a valid percent string must be a numeric string followed by an ending '%'",
    examples: ['1%', '93%'],
});

/** Up to 63 characters of the value of a label; may be empty. */
export const isLabelValue = patternValidator({
    format: labelValueFormat,
    message:
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    examples: ['MyValue', 'my_value', '12345'],
    charactersMax: dnsLabelCharactersMax,
});

function isQualifiedNamePart(name: string): string[] {
    const messages: string[] = [];
    if (name === '') messages.push('name part must be non-empty');
    else if (name.length > dnsLabelCharactersMax)
        messages.push(`name part ${tooLong(dnsLabelCharactersMax)}`);
    if (!qualifiedName.test(name))
        messages.push(
            `name part ${patternMessage(qualifiedNameMessage, qualifiedNameFormat, ['MyName', 'my.name', '123-abc'])}`,
        );
    return messages;
}

/** "name" or "example.com/name": keys of labels and annotations, finalizers, resource names. */
export function isQualifiedName(value: string): string[] {
    const parts = value.split('/');
    const [first = '', second] = parts;
    if (parts.length === 1) return isQualifiedNamePart(first);
    if (parts.length > 2 || second === undefined)
        return [
            `a qualified name ${patternMessage(qualifiedNameMessage, qualifiedNameFormat, ['MyName', 'my.name', '123-abc'])} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
        ];
    const prefix =
        first === ''
            ? ['prefix part must be non-empty']
            : isDns1123Subdomain(first).map((message) => `prefix part ${message}`);
    return [...prefix, ...isQualifiedNamePart(second)];
}

/** What may stand in a path: names of RBAC objects. */
export function isPathSegmentName(value: string): string[] {
    if (value === '.' || value === '..') return [`may not be '${value}'`];
    return ['/', '%'].filter((text) => value.includes(text)).map((text) => `may not contain '${text}'`);
}

function isNoDirectoryPrefix(value: string): string[] {
    if (value === '.' || value === '..') return [`must not be '${value}'`];
    return value.startsWith('..') ? ["must not start with '..'"] : [];
}

const envVarName = patternValidator({
    format: envVarNameFormat,
    message:
        "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit",
    examples: ['my.env-name', 'MY_ENV.NAME', 'MyEnvName1'],
});

/** The classic rule, still used for keys that become variables. */
export function isEnvVarName(value: string): string[] {
    return [...envVarName(value), ...isNoDirectoryPrefix(value)];
}

/** The rule for `env[].name` since v1.34. */
export function isRelaxedEnvVarName(value: string): string[] {
    if (value === '') return ['environment variable name must be non-empty'];
    return /^[ -<>-~]+$/.test(value)
        ? []
        : [
              "a valid environment variable name must consist only of printable ASCII characters other than '='",
          ];
}

const configMapKey = patternValidator({
    format: configMapKeyFormat,
    message: "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
    examples: ['key.name', 'KEY_NAME', 'key-name'],
    charactersMax: dnsSubdomainCharactersMax,
});

/** Keys of the data of config maps and secrets. */
export function isConfigMapKey(value: string): string[] {
    return [...configMapKey(value), ...isNoDirectoryPrefix(value)];
}

/** Names of container ports (RFC 6335). */
export function isPortName(value: string): string[] {
    const messages: string[] = [];
    if (value.length > portNameCharactersMax) messages.push(tooLong(portNameCharactersMax));
    if (!/^[-a-z0-9]+$/.test(value))
        messages.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
    if (!/[a-z]/.test(value)) messages.push('must contain at least one letter (a-z)');
    if (value.includes('--')) messages.push('must not contain consecutive hyphens');
    if (value.startsWith('-') || value.endsWith('-')) messages.push('must not begin or end with a hyphen');
    return messages;
}

export function isPortNumber(value: number): string[] {
    return Number.isInteger(value) && value >= 1 && value <= 65535
        ? []
        : ['must be between 1 and 65535, inclusive'];
}

export function isIpAddress(value: string): string[] {
    return (isIPv4(value) || isIPv6(value)) && !value.includes('%')
        ? []
        : ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'];
}

export function isCidr(value: string): string[] {
    const match = /^([^/]+)\/(\d{1,3})$/.exec(value);
    const [, address = '', bits = ''] = match ?? [];
    const valid = isIPv4(address) ? Number(bits) <= 32 : isIPv6(address) && Number(bits) <= 128;
    return valid && !address.includes('%')
        ? []
        : ['must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'];
}

/** Upstream's alphabet for generated names: no vowels and no look-alikes. */
const generatedAlphabet = 'bcdfghjklmnpqrstvwxz2456789';
const generatedCharacters = 5;

/** `base` (cut to 58 characters) with five random characters behind it. */
export function generateName(base: string): string {
    let suffix = '';
    for (let i = 0; i < generatedCharacters; i++)
        suffix += generatedAlphabet.charAt(randomInt(generatedAlphabet.length));
    return base.slice(0, dnsLabelCharactersMax - generatedCharacters) + suffix;
}

/** Upstream's rand.SafeEncodeString: text made of the same alphabet, for hashes in names. */
export function safeEncode(text: string): string {
    let result = '';
    for (let i = 0; i < text.length; i++)
        result += generatedAlphabet.charAt(text.charCodeAt(i) % generatedAlphabet.length);
    return result;
}
