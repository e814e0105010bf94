import { describe, expect, it } from '@jest/globals';
import { LineSplitter } from './line-splitter.ts';

describe('a line splitter', () => {
    it.each([1, 2, 3, 7, 100])('gives the same lines when chunks have %i bytes', (size) => {
        const lines: string[] = [];
        const splitter = new LineSplitter(100, (line) => lines.push(line.toString()));
        const bytes = Buffer.from('{"a":1}\n{"b":"é"}\n\nlast');
        for (let at = 0; at < bytes.length; at += size) splitter.push(bytes.subarray(at, at + size));
        splitter.end();
        expect(lines).toEqual(['{"a":1}', '{"b":"é"}', 'last']);
    });

    it('refuses a line that is too long, across chunks too', () => {
        const splitter = new LineSplitter(4, () => undefined);
        splitter.push(Buffer.from('abcd'));
        expect(() => splitter.push(Buffer.from('e'))).toThrow(RangeError);
    });
});
