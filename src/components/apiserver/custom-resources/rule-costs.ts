import { type FieldError, fieldErrors } from '../../../api/meta/field-error.ts';
import { type StructuralSchema, valuesOf } from '../../../api/structural-schema/schema.ts';
import { requestBytesMax } from './rule-types.ts';

/** Estimated cost of one expression, over all the parts of an object that it may be evaluated for. */
export const expressionEstimateMax = 10_000_000n;
/** Of all expressions of one schema. */
export const schemaEstimateMax = 100_000_000n;

const costMax = 2n ** 64n - 1n;
/** Of expressions that are named when the sum is too large. */
const namedMax = 4;

/** How often a part of an object may be there; undefined where no schema around it says so. */
export type Cardinality = bigint | undefined;

function product(a: bigint, b: bigint): bigint {
    const result = a * b;
    return result > costMax ? costMax : result;
}

/** How many parts of the next level one part may have: many in lists and maps. */
export function cardinalityWithin(schema: StructuralSchema, own: Cardinality): Cardinality {
    if (own === undefined) return undefined;
    const isMap = schema.type === 'object' && valuesOf(schema) !== undefined;
    if (!isMap && schema.type !== 'array') return own;
    const bound = isMap ? schema.maxProperties : schema.maxItems;
    return bound === undefined ? undefined : product(own, BigInt(Math.max(0, Math.trunc(bound))));
}

/** Of one expression for a part with this many bytes at least, of which as many are as a request may hold. */
export function totalCost(cost: bigint, cardinality: Cardinality, leastBytes: number): bigint {
    return product(cost, cardinality ?? BigInt(Math.floor(requestBytesMax / (leastBytes + 1))));
}

/** "… exceeds budget by factor of 1.7x (try …)", as upstream says it. */
function excess(what: string, cost: bigint, limit: bigint): string {
    const ratio = Number(cost) / Number(limit);
    const factor = ratio > 100 ? 'more than 100' : ratio.toFixed(ratio < 1.5 ? 6 : 1);
    return `${what} exceeds budget by factor of ${factor}x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`;
}

/** Sums up what the expressions of one schema are estimated to cost. */
export class SchemaCosts {
    readonly #expensive: { field: string; cost: bigint }[] = [];
    #total = 0n;

    /** Errors of the expression at `field`; `what` is it called in messages. */
    observe(field: string, what: string, cost: bigint): FieldError[] {
        this.#total += cost;
        if (cost >= schemaEstimateMax / 100n) this.#expensive.push({ field, cost });
        return cost > expressionEstimateMax
            ? [fieldErrors.forbidden(field, excess(`estimated ${what} cost`, cost, expressionEstimateMax))]
            : [];
    }

    /** Errors of the whole schema, which stands at `field`. */
    errors(field: string): FieldError[] {
        if (this.#total <= schemaEstimateMax) return [];
        const total = this.#total > costMax ? costMax : this.#total;
        const named = this.#expensive.toSorted((a, b) => (a.cost < b.cost ? 1 : a.cost > b.cost ? -1 : 0));
        const part =
            'contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema';
        const whole = 'x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema';
        return [
            ...named.slice(0, namedMax).map((each) => fieldErrors.forbidden(each.field, part)),
            fieldErrors.forbidden(field, excess(whole, total, schemaEstimateMax)),
        ];
    }
}
