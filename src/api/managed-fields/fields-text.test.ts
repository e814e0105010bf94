import { describe, expect, it } from '@jest/globals';
import { setOf, union } from './field-set.ts';
import { fieldsText } from './fields-text.ts';
import { decodeFields } from './fields-v1.ts';

describe('the text of FieldsV1', () => {
    it('is what JSON.stringify gives, also of what was forgotten meanwhile', () => {
        const names = ['a', '"', '\\', 'ä', '\ud800', '\n', '.', 'f:x'];
        const seen = [setOf(), setOf(['f:a'])];
        for (let i = 0; i < 4000; i++) {
            const name = `${names[i % names.length] ?? ''}${i % 1500}`;
            const key = `k:{"name":${JSON.stringify(name)}}`;
            const set = setOf(['f:spec'], ['f:spec', `f:${name}`], ['f:spec', 'f:list', key, `f:long-${i}`]);
            seen.push(set, union(set, setOf([`f:${name}`, 'f:b'])));
        }
        for (const set of [...seen, ...seen.slice(0, 100)]) expect(fieldsText(set)).toBe(JSON.stringify(set));
        for (const set of seen.slice(0, 100)) {
            const read: unknown = JSON.parse(fieldsText(set));
            expect(JSON.stringify(decodeFields(read))).toBe(JSON.stringify(set));
        }
    });

    it('is that of any object', () => {
        expect(fieldsText({ b: 1, a: [{}] })).toBe('{"b":1,"a":[{}]}');
        expect(fieldsText([])).toBe('[]');
    });
});

describe('shared nodes', () => {
    it('are told apart by where their elements end', () => {
        const one = setOf(['f:a', 'f:x'], ['f:b']);
        const node = (element: string): unknown => decodeFields({ [element]: { 'f:x': {} } });
        const parts = JSON.stringify(one);
        // Names that look like what stands between two elements in a table's key.
        for (const name of ['f:a 1\nf:b', 'f:a0 3 f:b', 'f:a\n', 'f:a 0'])
            expect(JSON.stringify(node(name))).toBe(JSON.stringify({ [name]: { 'f:x': {} } }));
        expect(JSON.stringify(setOf(['f:b'], ['f:a', 'f:x']))).toBe(parts);
        expect(setOf(['f:b'], ['f:a', 'f:x'])).toBe(one);
    });
});
