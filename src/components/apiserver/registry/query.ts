import { statusErrors } from '../../../api/meta/status-error.ts';

/** Query parameters as Go's conversions read them (k8s.io/apimachinery pkg/runtime/conversion.go). */

const int64Max = 2n ** 63n - 1n;

/** Undefined where the parameter is not there. Throws a 400 in the words of strconv. */
export function integerOf(query: URLSearchParams, name: string): number | undefined {
    const text = query.get(name);
    if (text === null) return undefined;
    const complain = (why: string): Error =>
        statusErrors.badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: ${why}`);
    if (!/^[-+]?\d+$/.test(text)) throw complain('invalid syntax');
    // More digits than an int64 has, leading zeros aside, need no BigInt.
    const digits = text.replace(/^[-+]?0*/, '');
    if (digits.length > 19) throw complain('value out of range');
    const value = BigInt(text.startsWith('-') ? `-${digits || '0'}` : digits || '0');
    if (value > int64Max || value < -int64Max - 1n) throw complain('value out of range');
    return Number(value);
}

/** "false" and "0" are false, any other value (also none) is true. */
export function booleanOf(query: URLSearchParams, name: string): boolean | undefined {
    const text = query.get(name);
    return text === null ? undefined : text.toLowerCase() !== 'false' && text !== '0';
}
