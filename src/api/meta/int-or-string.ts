import type { IntOrString } from './object.ts';

const percentPattern = /^([-+]?\d+)%$/;

/** True for "25%" and the like. */
export function isPercent(value: IntOrString): value is string {
    return typeof value === 'string' && percentPattern.test(value);
}

/**
 * A number as it is, or a percentage of `total` (upstream's GetScaledValueFromIntOrPercent).
 * @throws Error in upstream's words when the string is no percentage.
 */
export function scaledValue(value: IntOrString, total: number, roundUp: boolean): number {
    if (typeof value === 'number') return value;
    const percent = percentPattern.exec(value)?.[1];
    if (percent === undefined) {
        const why = value.endsWith('%')
            ? `invalid value "${value}": strconv.Atoi: parsing ${JSON.stringify(value.slice(0, -1))}: invalid syntax`
            : 'invalid type: string is not a percentage';
        throw new Error(`invalid value for IntOrString: ${why}`);
    }
    const share = (Number(percent) * total) / 100;
    return roundUp ? Math.ceil(share) : Math.floor(share);
}
