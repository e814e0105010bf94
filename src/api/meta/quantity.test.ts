import { describe, expect, it } from '@jest/globals';
import { seededRandom } from '../../../test/harness/seeded-random.ts';
import {
    addQuantity,
    canonicalQuantity,
    compareQuantity,
    formatBytes,
    formatMilli,
    isQuantity,
    quantityFormatMessage,
    quantitySuffixMessage,
    quantityToInteger,
    quantityToMilli,
    quantityToNumber,
    roundUpQuantity,
    subtractQuantity,
} from './quantity.ts';

describe('canonicalQuantity', () => {
    it.each([
        ['0', '0'],
        ['0Mi', '0'],
        ['1', '1'],
        [1, '1'],
        [0.1, '100m'],
        ['0.5', '500m'],
        ['1000m', '1'],
        ['1500m', '1500m'],
        ['-1500m', '-1500m'],
        ['+5', '5'],
        ['100u', '100u'],
        ['0.1n', '1n'],
        ['2000k', '2M'],
        ['1024Mi', '1Gi'],
        ['1025Mi', '1025Mi'],
        ['1.5Gi', '1536Mi'],
        ['0.5Ki', '512'],
        ['1Ki', '1Ki'],
        ['1e3', '1e3'],
        ['10e2', '1e3'],
        ['1E', '1E'],
        ['1000E', '1000E'],
        ['10Ei', '9223372036854775807'],
        ['1.', '1'],
        ['.5', '500m'],
    ])('%s is %s', (input, expected) => {
        expect(canonicalQuantity(input)).toBe(expected);
    });

    it.each([
        ['', quantityFormatMessage],
        ['.', quantityFormatMessage],
        ['1Gb', quantityFormatMessage],
        ['one', quantityFormatMessage],
        ['1 Gi', quantityFormatMessage],
        ['1.2.3', quantityFormatMessage],
        ['128mi', quantitySuffixMessage],
        ['1e', quantitySuffixMessage],
        ['1e99999999', quantitySuffixMessage],
    ])('%j is rejected', (input, message) => {
        expect(isQuantity(input)).toBe(false);
        expect(() => canonicalQuantity(input)).toThrow(message);
    });
});

describe('arithmetic', () => {
    it('keeps the format of the first operand', () => {
        expect(addQuantity('1Gi', '512Mi')).toBe('1536Mi');
        expect(subtractQuantity('1', '250m')).toBe('750m');
        expect(subtractQuantity('0', '1Ki')).toBe('-1Ki');
        expect(addQuantity('0', '1Ki')).toBe('1Ki');
        expect(addQuantity('1k', '24')).toBe('1024');
    });

    it('compares values, not texts', () => {
        expect(compareQuantity('1024Mi', '1Gi')).toBe(0);
        expect(compareQuantity('1G', '1Gi')).toBe(-1);
        expect(compareQuantity('1', '999m')).toBe(1);
    });

    it('rounds up to whole numbers and thousandths', () => {
        expect(quantityToMilli('0.0001')).toBe(1);
        expect(quantityToMilli('2')).toBe(2000);
        expect(quantityToInteger('1500m')).toBe(2);
        expect(quantityToNumber('1.5Gi')).toBe(1610612736);
        expect(roundUpQuantity('100u', -3)).toBe('1m');
        expect(formatMilli(1500)).toBe('1500m');
        expect(formatBytes(1073741824)).toBe('1Gi');
    });
});

describe('properties', () => {
    const units = ['', 'm', 'u', 'n', 'k', 'M', 'G', 'T', 'Ki', 'Mi', 'Gi', 'Ti', 'e2', 'e-3'];
    const next = seededRandom(20_26);
    const quantities = Array.from({ length: 400 }, () => {
        const whole = Math.floor(next() * 10 ** Math.floor(next() * 6));
        const fraction = next() < 0.3 ? `.${Math.floor(next() * 1000)}` : '';
        const unit = units[Math.floor(next() * units.length)] ?? '';
        return `${next() < 0.1 ? '-' : ''}${whole}${fraction}${unit}`;
    });

    it('the canonical form is stable and has the same value', () => {
        for (const quantity of quantities) {
            const canonical = canonicalQuantity(quantity);
            expect([quantity, canonicalQuantity(canonical)]).toEqual([quantity, canonical]);
            expect([quantity, compareQuantity(quantity, canonical)]).toEqual([quantity, 0]);
        }
    });

    it('adding and taking away again gives the same value', () => {
        for (const [i, a] of quantities.entries()) {
            const b = quantities[(i + 1) % quantities.length] ?? '0';
            const back = subtractQuantity(addQuantity(a, b), b);
            expect([a, b, compareQuantity(back, a)]).toEqual([a, b, 0]);
            expect(compareQuantity(addQuantity(a, b), addQuantity(b, a))).toBe(0);
        }
    });

    it('the order is that of the numbers', () => {
        for (const [i, a] of quantities.entries()) {
            const b = quantities[(i + 7) % quantities.length] ?? '0';
            const difference = quantityToNumber(a) - quantityToNumber(b);
            if (Math.abs(difference) > 1e-6 * Math.abs(quantityToNumber(a)))
                expect([a, b, compareQuantity(a, b)]).toEqual([a, b, Math.sign(difference)]);
        }
    });
});
