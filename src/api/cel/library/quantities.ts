import {
    addQuantity,
    canonicalQuantity,
    compareQuantity,
    exactQuantityInteger,
    isQuantity,
    quantityToNumber,
    subtractQuantity,
} from '../../meta/quantity.ts';
import { define, type Overload } from '../functions.ts';
import { EvaluationError, type Meter, Opaque } from '../values.ts';
import { textCost } from './text.ts';

/** No amount that is written plainly has so many. */
const digitsPerUnit = 32;
const integerMax = 2n ** 63n - 1n;

/** An amount written with an exponent has more digits than its text: those are charged as a text is. */
function chargeDigits(value: Opaque, meter: Meter): Opaque {
    meter.charge(Math.floor((value.text ?? '').length / digitsPerUnit));
    return value;
}

function quantity(text: string): Opaque {
    try {
        return new Opaque('kubernetes.Quantity', text, canonicalText(text));
    } catch (error) {
        throw new EvaluationError(error instanceof Error ? error.message : 'invalid quantity', {
            cause: error,
        });
    }
}

/** Equal amounts have equal texts, whatever their units: the decimal form, by adding to a decimal zero. */
function canonicalText(text: string): string {
    return canonicalQuantity(subtractQuantity('1', subtractQuantity('1', text)));
}

function textOf(value: Opaque): string {
    return value.value as string;
}

/** Undefined where it is no integer of 64 bits. */
function integerOf(value: Opaque): bigint | undefined {
    const whole = exactQuantityInteger(textOf(value));
    return whole !== undefined && whole <= integerMax && whole >= -integerMax - 1n ? whole : undefined;
}

function asInteger(value: Opaque): bigint {
    const integer = integerOf(value);
    if (integer === undefined) throw new EvaluationError('cannot convert value to integer');
    return integer;
}

function compare(a: Opaque, b: Opaque): number {
    return compareQuantity(textOf(a), textOf(b));
}

export const quantities: readonly Overload[] = [
    define(
        'quantity(string) Quantity',
        (text: string, meter: Meter) => chargeDigits(quantity(text), meter),
        textCost,
    ),
    define('isQuantity(string) bool', (text: string) => isQuantity(text), textCost),
    define('Quantity.sign() int', (value: Opaque) => BigInt(compareQuantity(textOf(value), '0'))),
    define('Quantity.isGreaterThan(Quantity) bool', (a: Opaque, b: Opaque) => compare(a, b) > 0),
    define('Quantity.isLessThan(Quantity) bool', (a: Opaque, b: Opaque) => compare(a, b) < 0),
    define('Quantity.compareTo(Quantity) int', (a: Opaque, b: Opaque) => BigInt(compare(a, b))),
    define('Quantity.asApproximateFloat() double', (value: Opaque) => quantityToNumber(textOf(value))),
    define('Quantity.asInteger() int', asInteger),
    define('Quantity.isInteger() bool', (value: Opaque) => integerOf(value) !== undefined),
    define('Quantity.add(Quantity) Quantity', (a: Opaque, b: Opaque, meter: Meter) =>
        chargeDigits(quantity(addQuantity(textOf(a), textOf(b))), meter),
    ),
    define('Quantity.add(int) Quantity', (a: Opaque, b: bigint, meter: Meter) =>
        chargeDigits(quantity(addQuantity(textOf(a), String(b))), meter),
    ),
    define('Quantity.sub(Quantity) Quantity', (a: Opaque, b: Opaque, meter: Meter) =>
        chargeDigits(quantity(subtractQuantity(textOf(a), textOf(b))), meter),
    ),
    define('Quantity.sub(int) Quantity', (a: Opaque, b: bigint, meter: Meter) =>
        chargeDigits(quantity(subtractQuantity(textOf(a), String(b))), meter),
    ),
];
