import { describe, expect, it } from '@jest/globals';
import {
    formatLabelSelector,
    labelSelectorMatcher,
    matchesFields,
    parseFieldSelector,
    parseLabelSelector,
    setMatcher,
} from './selectors.ts';

const labels = { app: 'web', tier: 'front', n: '5', empty: '' };

describe('parseLabelSelector', () => {
    it.each([
        ['', true],
        ['app=web', true],
        ['app==web', true],
        ['app=db', false],
        ['app!=db', true],
        ['zz!=db', true],
        ['app in (web, db)', true],
        ['app notin (web)', false],
        ['zz notin (web)', true],
        ['app', true],
        ['!app', false],
        ['! zz', true],
        ['n>4', true],
        ['n<5', false],
        ['app>4', false],
        ['empty=', true],
        ['empty in (,x)', true],
        ['app=web,tier in (front),!zz', true],
        ['app=web,zz', false],
        ['in in (in)', false],
    ])('%j matches: %s', (text, expected) => {
        expect(parseLabelSelector(text).matches(labels)).toBe(expected);
    });

    it.each([
        ['a in', "unable to parse requirement: found '' expected: '('"],
        ['a,,b', "found ',', expected: identifier after ','"],
        ['=x', "found '=', expected: !, identifier, or 'end of string'"],
        ['a=b c', "found 'c', expected: ',' or 'end of string'"],
        ['a b', "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
        [
            'x in ()',
            "unable to parse requirement: values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty",
        ],
        ['x in (a', "unable to parse requirement: found '', expected: ',' or ')'"],
        [
            'x>y',
            "unable to parse requirement: values[0]: Invalid value: \"y\": for 'Gt', 'Lt' operators, the value must be an integer",
        ],
    ])('%j is refused in upstream’s words', (text, message) => {
        expect(() => parseLabelSelector(text)).toThrow(message);
    });

    it('names the key that is no label', () => {
        expect(() => parseLabelSelector('-a=b')).toThrow(
            /^unable to parse requirement: key: Invalid value: "-a": name part must/,
        );
    });
});

describe('labelSelectorMatcher', () => {
    it('undefined matches nothing, empty matches everything', () => {
        expect(labelSelectorMatcher(undefined).matches(labels)).toBe(false);
        expect(labelSelectorMatcher({}).matches(undefined)).toBe(true);
        expect(labelSelectorMatcher({}).isEmpty).toBe(true);
    });

    it('needs all of its terms', () => {
        const selector = {
            matchLabels: { app: 'web' },
            matchExpressions: [
                { key: 'tier', operator: 'In', values: ['front', 'back'] },
                { key: 'zz', operator: 'DoesNotExist' },
            ],
        };
        expect(labelSelectorMatcher(selector).matches(labels)).toBe(true);
        expect(labelSelectorMatcher(selector).matches({ app: 'web' })).toBe(false);
        expect(formatLabelSelector(selector)).toBe('app=web,tier in (back,front),!zz');
    });

    it('refuses an operator that does not exist', () => {
        const selector = { matchExpressions: [{ key: 'a', operator: 'Near' }] };
        expect(() => labelSelectorMatcher(selector)).toThrow('"Near" is not a valid label selector operator');
        expect(formatLabelSelector(selector)).toBe('<error>');
        expect(formatLabelSelector({})).toBe('<none>');
    });

    it('does not take inherited members for labels', () => {
        expect(parseLabelSelector('constructor').matches({})).toBe(false);
        expect(setMatcher({ app: 'web' }).matches(labels)).toBe(true);
    });
});

describe('field selectors', () => {
    it('compare fields, an absent one counting as empty', () => {
        const requirements = parseFieldSelector('spec.nodeName=a,status.phase!=Failed,x==');
        expect(requirements).toHaveLength(3);
        expect(matchesFields(requirements, { 'spec.nodeName': 'a' })).toBe(true);
        expect(matchesFields(requirements, { 'spec.nodeName': 'a', 'status.phase': 'Failed' })).toBe(false);
    });

    it('unescape commas', () => {
        expect(parseFieldSelector('a=b\\,c')).toEqual([{ field: 'a', operator: '=', value: 'b,c' }]);
    });

    it('refuse what has no operator', () => {
        expect(() => parseFieldSelector('a')).toThrow("invalid selector: 'a'; can't understand 'a'");
    });
});
