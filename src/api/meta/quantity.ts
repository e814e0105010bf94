/**
 * Kubernetes quantities ("100m", "1Gi", "1e3"), with upstream's parsing, rounding and canonical form
 * (k8s.io/apimachinery pkg/api/resource). Worked example: "1.5Gi" is parsed to the integer 1610612736
 * in binary format; the largest binary unit that divides it is Mi, so it is written "1536Mi".
 */

type Format = 'binary' | 'decimal' | 'exponent';

/** value = mantissa × 10^scale; `scale` is never below -9. */
interface Quantity {
    mantissa: bigint;
    scale: number;
    format: Format;
}

export const quantityFormatMessage =
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
export const quantitySuffixMessage = "unable to parse quantity's suffix";

const quantityBytesMax = 256;
const exponentMax = 1000;
const nanoScale = -9;
const binaryMax = 2n ** 63n - 1n;

const splitPattern = /^([+-]?)(\d*)(?:\.(\d*))?([eEinumkKMGTP]*[-+]?\d*)$/;
const canonicalPattern = /^([1-9]\d{0,8})(|m|k|M|G|T|P|Ki|Mi|Gi|Ti)$/;

const decimalExponents: Readonly<Record<string, number>> = {
    n: -9,
    u: -6,
    m: -3,
    '': 0,
    k: 3,
    M: 6,
    G: 9,
    T: 12,
    P: 15,
    E: 18,
};
const decimalSuffixes = new Map(Object.entries(decimalExponents).map(([suffix, exp]) => [exp, suffix]));
const binarySuffixes = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'] as const;

interface Unit {
    format: Format;
    exponent: number;
}

function parseSuffix(suffix: string): Unit {
    const decimal = decimalExponents[suffix];
    if (decimal !== undefined) return { format: 'decimal', exponent: decimal };
    const binary = binarySuffixes.findIndex((s) => s === suffix);
    if (binary > 0) return { format: 'binary', exponent: binary * 10 };
    const scientific = /^[eE]([-+]?\d+)$/.exec(suffix);
    const exponent = scientific ? Number(scientific[1]) : NaN;
    if (!(Math.abs(exponent) <= exponentMax)) throw new Error(quantitySuffixMessage);
    return { format: 'exponent', exponent };
}

/** Division that rounds away from zero, as upstream rounds what is below a nano. */
function divideAway(value: bigint, divisor: bigint): bigint {
    const quotient = value / divisor;
    if (quotient * divisor === value) return quotient;
    return value < 0n ? quotient - 1n : quotient + 1n;
}

/** mantissa × 10^(scale - target), rounded away from zero. */
function rescale(mantissa: bigint, scale: number, target: number): bigint {
    return scale >= target
        ? mantissa * 10n ** BigInt(scale - target)
        : divideAway(mantissa, 10n ** BigInt(target - scale));
}

function abs(value: bigint): bigint {
    return value < 0n ? -value : value;
}

function parse(input: string | number): Quantity {
    const text = typeof input === 'number' ? String(input) : input;
    const match = text.length <= quantityBytesMax ? splitPattern.exec(text) : null;
    if (!match) throw new Error(quantityFormatMessage);
    const [, sign = '', whole = '', fraction = '', suffix = ''] = match;
    if (whole === '' && fraction === '') throw new Error(quantityFormatMessage);
    const { format, exponent } = parseSuffix(suffix);
    let mantissa = BigInt(whole + fraction);
    let scale = -fraction.length;
    if (format === 'binary') mantissa <<= BigInt(exponent);
    else scale += exponent;
    if (scale < nanoScale) {
        mantissa = rescale(mantissa, scale, nanoScale);
        scale = nanoScale;
    }
    if (format === 'binary' && rescale(mantissa, scale, 0) > binaryMax) {
        mantissa = binaryMax;
        scale = 0;
    }
    return { mantissa: sign === '-' ? -mantissa : mantissa, scale, format };
}

function formatDecimal(quantity: Quantity, format: 'decimal' | 'exponent'): string {
    let { mantissa, scale } = quantity;
    while (mantissa % 10n === 0n) {
        mantissa /= 10n;
        scale++;
    }
    // Down to a multiple of three, and below the largest unit that has a name.
    let target = Math.floor(scale / 3) * 3;
    if (format === 'decimal') target = Math.min(target, 18);
    const digits = String(mantissa * 10n ** BigInt(scale - target));
    if (format === 'exponent') return target === 0 ? digits : `${digits}e${target}`;
    return digits + (decimalSuffixes.get(target) ?? '');
}

function format(quantity: Quantity): string {
    const { mantissa, scale } = quantity;
    if (mantissa === 0n) return '0';
    if (quantity.format !== 'binary') return formatDecimal(quantity, quantity.format);
    const integer = rescale(mantissa, scale, 0);
    const exact = scale >= 0 || integer * 10n ** BigInt(-scale) === mantissa;
    // Upstream keeps what is small or fractional exact by writing it in decimal.
    if (!exact || abs(integer) < 1024n) return formatDecimal(quantity, 'decimal');
    let value = integer;
    let unit = 0;
    while (value % 1024n === 0n && unit < binarySuffixes.length - 1) {
        value /= 1024n;
        unit++;
    }
    return String(value) + (binarySuffixes[unit] ?? '');
}

/** True for what `canonicalQuantity` accepts. */
export function isQuantity(value: unknown): boolean {
    if (typeof value !== 'string' && typeof value !== 'number') return false;
    try {
        parse(value);
        return true;
    } catch {
        return false;
    }
}

/**
 * The canonical form, in which upstream stores quantities: "1000m" is "1", "1024Mi" is "1Gi".
 * @throws Error with upstream's sentence when the text is no quantity.
 */
export function canonicalQuantity(value: string | number): string {
    if (typeof value === 'string') {
        const simple = canonicalPattern.exec(value);
        if (simple) {
            const [, digits = '', unit = ''] = simple;
            if (Number(digits) % (unit.length === 2 ? 1024 : 1000) !== 0) return value;
        }
    }
    return format(parse(value));
}

/** As a floating-point number of the base unit: bytes, cores. */
export function quantityToNumber(value: string | number): number {
    if (typeof value === 'number') return value;
    const { mantissa, scale } = parse(value);
    return scale >= 0 ? Number(mantissa * 10n ** BigInt(scale)) : Number(mantissa) / 10 ** -scale;
}

/** In thousandths of the base unit, rounded up (away from zero), as upstream's MilliValue. */
export function quantityToMilli(value: string | number): number {
    const { mantissa, scale } = parse(value);
    return Number(rescale(mantissa, scale, -3));
}

/** The whole number of base units, rounded up (away from zero), as upstream's Value. */
export function quantityToInteger(value: string | number): number {
    const { mantissa, scale } = parse(value);
    return Number(rescale(mantissa, scale, 0));
}

/** As `quantityToInteger`, exact whatever the size. */
export function quantityToBigInt(value: string | number): bigint {
    const { mantissa, scale } = parse(value);
    return rescale(mantissa, scale, 0);
}

/** The whole number of base units; undefined for an amount that has a fraction. */
export function exactQuantityInteger(value: string | number): bigint | undefined {
    const { mantissa, scale } = parse(value);
    if (scale >= 0) return mantissa * 10n ** BigInt(scale);
    const unit = 10n ** BigInt(-scale);
    return mantissa % unit === 0n ? mantissa / unit : undefined;
}

function aligned(a: Quantity, b: Quantity): { left: bigint; right: bigint; scale: number } {
    const scale = Math.min(a.scale, b.scale);
    return {
        left: rescale(a.mantissa, a.scale, scale),
        right: rescale(b.mantissa, b.scale, scale),
        scale,
    };
}

/** Negative, zero or positive, for sorting. */
export function compareQuantity(a: string | number, b: string | number): number {
    if (a === b) return 0;
    const { left, right } = aligned(parse(a), parse(b));
    return left < right ? -1 : left > right ? 1 : 0;
}

function combine(a: string | number, b: string | number, sign: 1n | -1n): string {
    const first = parse(a);
    const second = parse(b);
    const { left, right, scale } = aligned(first, second);
    // The first operand's format wins, unless it is zero.
    const { format: kept } = first.mantissa === 0n ? second : first;
    return format({ mantissa: left + sign * right, scale, format: kept });
}

/** a + b, in a's format. */
export function addQuantity(a: string | number, b: string | number): string {
    return combine(a, b, 1n);
}

/** a - b, in a's format. */
export function subtractQuantity(a: string | number, b: string | number): string {
    return combine(a, b, -1n);
}

/** Thousandths of a unit as a quantity: 1500 is "1500m", 2000 is "2". */
export function formatMilli(milli: number): string {
    return format({ mantissa: BigInt(Math.ceil(milli)), scale: -3, format: 'decimal' });
}

/** A whole number of bytes as a quantity in binary units: 1073741824 is "1Gi". */
export function formatBytes(bytes: number): string {
    return format({ mantissa: BigInt(Math.ceil(bytes)), scale: 0, format: 'binary' });
}

/** Rounded up to a multiple of 10^scale; upstream rounds resource lists to thousandths (scale -3). */
export function roundUpQuantity(value: string | number, scale: number): string {
    const quantity = parse(value);
    if (quantity.scale >= scale) return format(quantity);
    const mantissa = rescale(quantity.mantissa, quantity.scale, scale);
    return format({ mantissa, scale, format: quantity.format });
}
