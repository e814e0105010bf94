import { describe, expect, it } from '@jest/globals';
import { complaintsInOrder } from './json-scanner.ts';
import { bodyBytesMax, parseJson, parseYaml } from './parse.ts';

const bytes = (text: string) => Buffer.from(text);

describe('parseJson', () => {
    it('finds fields that stand twice, with their paths', () => {
        const text = '{"a":1,"a":2,"b":{"c":[{"x":":{"},{"d":1,"d":2}]},"e\\"":1}';
        expect(parseJson(bytes(text)).duplicateFields).toEqual([
            'duplicate field "a"',
            'duplicate field "b.c[1].d"',
        ]);
        expect(parseJson(bytes(text), { duplicates: false }).duplicateFields).toEqual([]);
    });

    it('finds a field that is written in two ways', () => {
        expect(parseJson(bytes('{"a":1,"\\u0061":2}')).duplicateFields).toEqual(['duplicate field "a"']);
    });

    it('names duplicate and unknown fields in the order in which they stand', () => {
        const text = '{"x":1,"a":{"b":1,"b":2},"c":[{"y":1}],"a":{},"z":1}';
        const unknown = ['unknown field "x"', 'unknown field "c[0].y"', 'unknown field "z"'];
        expect(complaintsInOrder(text, unknown)).toEqual([
            'unknown field "x"',
            'duplicate field "a.b"',
            'unknown field "c[0].y"',
            'duplicate field "a"',
            'unknown field "z"',
        ]);
        expect(complaintsInOrder('{"a":1,"a":2}', ['unknown field "elsewhere"'])).toEqual([
            'duplicate field "a"',
            'unknown field "elsewhere"',
        ]);
    });

    it('finds nothing in documents without', () => {
        const document = { a: [{ b: 'x:y', c: '\\' }, { b: '"' }], d: { a: {} } };
        expect(parseJson(bytes(JSON.stringify(document)))).toEqual({ value: document, duplicateFields: [] });
    });

    it.each([
        ['', 'unexpected end of JSON input'],
        ['{"a":1', 'unexpected end of JSON input'],
        ['"abc', 'unexpected end of JSON input'],
        ['{a:1}', "invalid character 'a' looking for beginning of object key string"],
        ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
        ['{"a" 1}', "invalid character '1' after object key"],
        ['{"a":01}', "invalid character '1' after object key:value pair"],
        ['{"a":}', "invalid character '}' looking for beginning of value"],
        ['[1 2]', "invalid character '2' after array element"],
        ['[1,]', "invalid character ']' looking for beginning of value"],
        ['tru!', "invalid character '!' in literal true (expecting 'e')"],
        ['"\n"', "invalid character '\\n' in string literal"],
        ['"\\q"', "invalid character 'q' in string escape code"],
        ['-x', "invalid character 'x' in numeric literal"],
        ['{} x', "invalid character 'x' after top-level value"],
        ["'a'", "invalid character '\\'' looking for beginning of value"],
    ])('%j is refused in Go’s words', (text, message) => {
        expect(() => parseJson(bytes(text))).toThrow(message);
    });

    it('bounds depth and size', () => {
        expect(() => parseJson(bytes('['.repeat(100_000)))).toThrow('exceeded max depth');
        expect(() => parseJson(bytes('[]'.repeat(1).padEnd(bodyBytesMax + 1)))).toThrow(
            'Request entity too large',
        );
        const flat = JSON.stringify(Array.from({ length: 3000 }, () => ({})));
        expect(parseJson(bytes(flat)).value).toHaveLength(3000);
    });
});

describe('parseYaml', () => {
    it('reads scalars as Go’s YAML does', async () => {
        const text =
            'a: yes\nb: 0644\nc: 2020-01-01\nd: "on"\ne: 1.5\nf: ~\n1: x\ng: 0x1F\nh: 1e3\ni: .inf\nj: 12:30:00\n';
        expect((await parseYaml(bytes(text))).value).toEqual({
            a: true,
            b: 420,
            c: '2020-01-01',
            d: 'on',
            e: 1.5,
            f: null,
            '1': 'x',
            g: 31,
            h: 1000,
            i: '.inf',
            j: '12:30:00',
        });
    });

    it('reads JSON, too', async () => {
        expect((await parseYaml(bytes('{"a": [1]}'))).value).toEqual({ a: [1] });
        expect((await parseYaml(bytes('{a: b}'))).value).toEqual({ a: 'b' });
    });

    it('follows anchors and merge keys', async () => {
        const text = 'a: &x {b: 1}\nc: {<<: *x, d: 2}\n';
        expect((await parseYaml(bytes(text))).value).toEqual({ a: { b: 1 }, c: { b: 1, d: 2 } });
    });

    it('reports a key that stands twice', async () => {
        expect((await parseYaml(bytes('a: 1\nb: 2\na: 3\n'))).duplicateFields).toEqual([
            'yaml: unmarshal errors:\n  line 3: key "a" already set in map',
        ]);
    });

    it('refuses what is no YAML', async () => {
        await expect(parseYaml(bytes('a: b: c'))).rejects.toThrow(
            /^error converting YAML to JSON: yaml: line 1: /,
        );
    });

    it('refuses a document that multiplies itself', async () => {
        const lines = ['a0: &a0 [x,x,x,x,x,x,x,x,x]'];
        for (let i = 1; i < 9; i++)
            lines.push(`a${i}: &a${i} [${Array.from({ length: 9 }, () => `*a${i - 1}`).join(',')}]`);
        await expect(parseYaml(bytes(lines.join('\n')))).rejects.toThrow('excessive aliasing');
    });
});
