import { gzipSync } from 'node:zlib';
import { examples } from './objects.ts';
import { badRequest, invalid, unsupportedMediaType, type WrongRequest } from './wrong-request.ts';

const maps = examples.ConfigMap.collection;
const yaml = { 'content-type': 'application/yaml' };
const head = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: wrong}\n';
const valid = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'wrong' } });
const unreadable = (why: string | RegExp, how = 'json') =>
    badRequest(
        new RegExp(
            `^the object provided is unrecognized \\(must be of type ConfigMap\\): couldn't get version/kind; ${how} parse error: ${typeof why === 'string' ? why.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&') : why.source}`,
        ),
    );

/** [what is wrong, body, what is said of it] */
const json: [string, string | Buffer, string | RegExp][] = [
    [
        'JSON that is cut off',
        valid.slice(0, -1),
        'unexpected end of JSON input ({"apiVersion":"v1","kind":"Con ...)',
    ],
    [
        'JSON that is cut off in a text',
        valid.slice(0, 20),
        'unexpected end of JSON input ({"apiVersion":"v1",)'.replace(',)', ',)').slice(0, 28),
    ],
    ['JSON and something behind it', `${valid}x`, "invalid character 'x' after top-level value"],
    ['two JSON objects', valid + valid, "invalid character '{' after top-level value"],
    [
        'a comma too many',
        valid.replace('}}', '},}'),
        "invalid character '}' looking for beginning of object key string",
    ],
    [
        'single quotes',
        valid.replaceAll('"', "'"),
        "invalid character '\\'' looking for beginning of object key string",
    ],
    ['a comment', `/* a */${valid}`, "invalid character '/' looking for beginning of value (2f2a2061202a2f"],
    [
        'a key without quotes',
        '{kind: "ConfigMap"}',
        'invalid character \'k\' looking for beginning of object key string ({kind: "ConfigMap"})',
    ],
    [
        'a line break in a text',
        valid.replace('wrong', 'wr\nong'),
        "invalid character '\\n' in string literal",
    ],
    ['a bad escape', valid.replace('wrong', 'wr\\xong'), "invalid character 'x' in string escape code"],
    [
        'a bad escape of a code point',
        valid.replace('wrong', '\\u00zz'),
        "invalid character 'z' in \\u hexadecimal character escape",
    ],
    ['a byte order mark', `\ufeff${valid}`, /invalid character '.+' looking for beginning of value/],
    [
        'UTF-16',
        Buffer.from(valid, 'utf16le'),
        /invalid character '\\x00' looking for beginning of object key string/,
    ],
    ['a form', 'a=b&c=d', "invalid character 'a' looking for beginning of value (613d6226633d64)"],
    ['HTML', '<html></html>', "invalid character '<' looking for beginning of value"],
    ['a compressed body', gzipSync(valid), /invalid character '\\x1f' looking for beginning of value/],
    [
        'True with a capital letter',
        '{"immutable": True}',
        "invalid character 'T' looking for beginning of value",
    ],
    [
        'a word that begins like true',
        '{"immutable": trust}',
        "invalid character 's' in literal true (expecting 'e')",
    ],
    ['NUL', '\0', "invalid character '\\x00' looking for beginning of value (00)"],
];

/** [what is wrong, body, what is said of it] */
const yamls: [string, string | Buffer, RegExp][] = [
    [
        'a tab for indentation',
        `${head}data:\n\ta: b\n`,
        /yaml: line \d+: found (?:a )?character that cannot start any token|tab/,
    ],
    ['a bracket that is not closed', `${head}data: [a, b\n`, /yaml: line \d+/],
    ['an alias without anchor', `${head}data: *nowhere\n`, /yaml: .*anchor|alias/],
    ['a bomb of aliases', bomb(), /yaml: .*(?:aliasing|aliases)/],
    ['a mapping that is indented badly', `${head}data:\n  a: b\n c: d\n`, /yaml: line \d+/],
    [
        'two colons',
        `${head}data: a: b\n`,
        /yaml: line \d+: mapping values are not allowed in this context|line/,
    ],
];

function bomb(): string {
    const rows = Array.from({ length: 9 }, (_, i) => {
        const names = Array.from({ length: 9 }, () => `*a${i}`).join(', ');
        return `a${i + 1}: &a${i + 1} [${names}]`;
    });
    return ['a0: &a0 [x, x, x, x, x, x, x, x, x]', ...rows].join('\n');
}

export function encodings(): WrongRequest[] {
    return [
        ...json.map(([name, body, why]) => ({
            name,
            method: 'POST',
            path: maps,
            headers: { 'content-type': 'application/json' },
            body,
            expect: unreadable(why),
        })),
        ...yamls.map(([name, body, why]) => ({
            name,
            method: 'POST',
            path: maps,
            headers: yaml,
            body,
            expect: badRequest(why),
        })),
        ...['yes', 'on', 'y', '0644', '1_000', '~'].map((value) => ({
            name: `${value} in YAML is no text`,
            method: 'POST',
            path: maps,
            headers: yaml,
            body: `${head}data:\n  a: ${value}\nimmutable: wrong\n`,
            expect: badRequest(
                /^ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal (?:bool|number|string) into Go struct field ConfigMap\.(?:data|immutable) of type (?:string|bool)$/,
            ),
        })),
        ...[
            'text/plain',
            'application/xml',
            'multipart/form-data; boundary=x',
            'application/json-patch+json',
            'nonsense',
        ].map((type) => ({
            name: `a body of type ${type}`,
            method: 'POST',
            path: maps,
            headers: { 'content-type': type },
            body: valid,
            expect: unsupportedMediaType(
                'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf',
            ),
        })),
        ...[
            ['protobuf without its magic number', Buffer.from('hello')],
            ['protobuf that is cut off', Buffer.from('k8s\0\n\x0f\n\x02v1\x12', 'latin1')],
            [
                'protobuf with a length that leads outside',
                Buffer.from('k8s\0\x12\xff\xff\xff\xff\x0f', 'latin1'),
            ],
        ].map(([name, body]) => ({
            name: name as string,
            method: 'POST',
            path: maps,
            headers: { 'content-type': 'application/vnd.kubernetes.protobuf' },
            body: body as Buffer,
            expect: {
                code: 400,
                reason: 'BadRequest',
                message: /^the object provided is unrecognized \(must be of type ConfigMap\): /,
            },
        })),
        {
            name: 'protobuf that is only its magic number',
            method: 'POST',
            path: maps,
            headers: { 'content-type': 'application/vnd.kubernetes.protobuf' },
            body: Buffer.from('k8s\0'),
            expect: invalid(
                'ConfigMap',
                '',
                'metadata.name: Required value: name or generateName is required',
            ),
        },
    ];
}
