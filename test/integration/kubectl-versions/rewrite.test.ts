import { describe, expect, it } from '@jest/globals';
import { expectedOutput, formatChapter, parseChapter, type Step } from './chapter.ts';
import { mask } from './masks.ts';
import { reasonWanted, rewriteStep } from './rewrite.ts';

const text = `# A chapter.

file pod.yaml
    kind: Pod

    spec: {}

mask web-\\d+ -> web-<n>

until GET /api/v1/pods/a
    status: {}

$ kubectl get pods
| NAME   AGE
| a      <age>
|
! Warning: careful
exit 1
@ 1.20..1.28: says it later
  | a      <age>
+ | b      <age>
..
- ! Warning: careful
@ 1.30: prints nothing
=
`;

const stepOf = (chapter: string): Step => {
    const step = parseChapter('some', chapter).entries.find((entry) => entry.type === 'step');
    return step as Step;
};

describe('a chapter', () => {
    it('comes out of the parser as it went in', () => {
        expect(formatChapter(parseChapter('some', text))).toBe(text);
    });

    it('gives each version its own output', () => {
        const step = stepOf(text);
        expect(expectedOutput(step, '1.27')).toEqual([
            '| NAME   AGE',
            '| a      <age>',
            '| b      <age>',
            '|',
            'exit 1',
        ]);
        expect(expectedOutput(step, '1.30')).toEqual([]);
        expect(expectedOutput(step, '1.33')).toEqual(step.output);
    });

    it('with a deviation that fits nowhere is refused', () => {
        const step = stepOf(text.replace('- ! Warning: careful', '- ! Warning: bold'));
        expect(() => expectedOutput(step, '1.20')).toThrow('does not fit');
    });

    it('with a line that is no entry is refused, with its place', () => {
        expect(() => parseChapter('some', '# a\nkubectl get pods\n')).toThrow('some:2');
    });
});

describe('rewriting a step', () => {
    it('joins versions that print the same, keeps reasons, and asks for those that are missing', () => {
        const lines = ['| one', '| two', '| three'];
        const step: Step = { type: 'step', command: 'x', output: lines, deviations: [] };
        const first = rewriteStep(
            step,
            undefined,
            new Map([
                ['1.20', ['| one', '| three']],
                ['1.27', ['| one', '| three']],
            ]),
        );
        expect(first.deviations).toEqual([
            { versions: ['1.20', '1.27'], reason: reasonWanted, body: ['- | two'] },
        ]);
        const explained = { ...first, deviations: [{ ...first.deviations[0]!, reason: 'because' }] };
        const second = rewriteStep(explained, ['| one', '| 2', '| three'], new Map([['1.28', lines]]));
        expect(second.deviations.map(({ versions, reason }) => [versions.join(), reason])).toEqual([
            ['1.20,1.27', 'because'],
            ['1.28', reasonWanted],
        ]);
        expect(expectedOutput(second, '1.20')).toEqual(['| one', '| three']);
        expect(expectedOutput(second, '1.28')).toEqual(lines);
    });
});

describe('masks', () => {
    it('hide what differs between runs, and the space that depends on it', () => {
        expect(mask('NAME   AGE    VERSION\na      119s   v1\nb      5s     v1', [])).toBe(
            'NAME   AGE   VERSION\na      <age>   v1\nb      <age>   v1',
        );
        expect(mask('op=Exists for 300s\ndelay=5s timeout=1s', [])).toBe(
            'op=Exists for 300s\ndelay=5s timeout=1s',
        );
        expect(mask('web-5d4f8c7b9-x7k2p pod-template-hash=5d4f8c7b9', [])).toBe(
            'web-<hash>-<rand> pod-template-hash=<hash>',
        );
        expect(mask('2026-01-02T03:04:05Z uid: 01234567-89ab-4cde-8123-456789abcdef', [])).toBe(
            '<time> uid: <uid>',
        );
    });
});
