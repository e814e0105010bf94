import type { V1LimitRangeItem } from '../../../api/meta/object.ts';
import { compareQuantity, quantityToNumber } from '../../../api/meta/quantity.ts';

/** Requests and limits as quantities by resource name. */
export interface Amounts {
    requests: Record<string, string>;
    limits: Record<string, string>;
}

type Check = (bound: string, request: string | undefined, limit: string | undefined) => string | undefined;

/** Runs a check for each bound; its answers are the ends of upstream's sentences. */
function violations(
    bounds: Record<string, string> | undefined,
    { requests, limits }: Amounts,
    options: { sentence: (name: string, bound: string) => string; check: Check },
): string[] {
    const errors: string[] = [];
    for (const [name, bound] of Object.entries(bounds ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))) {
        const problem = options.check(bound, requests[name], limits[name]);
        if (problem !== undefined) errors.push(`${options.sentence(name, bound)}${problem}`);
    }
    return errors;
}

export function minErrors(item: V1LimitRangeItem, amounts: Amounts): string[] {
    return violations(item.min, amounts, {
        sentence: (name, bound) => `minimum ${name} usage per ${item.type} is ${bound}`,
        check(bound, request, limit) {
            if (request === undefined) return '.  No request is specified';
            if (compareQuantity(request, bound) < 0) return `, but request is ${request}`;
            return limit !== undefined && compareQuantity(limit, bound) < 0
                ? `, but limit is ${limit}`
                : undefined;
        },
    });
}

export function maxErrors(item: V1LimitRangeItem, amounts: Amounts): string[] {
    return violations(item.max, amounts, {
        sentence: (name, bound) => `maximum ${name} usage per ${item.type} is ${bound}`,
        check(bound, request, limit) {
            if (limit === undefined) return '.  No limit is specified';
            if (compareQuantity(limit, bound) > 0) return `, but limit is ${limit}`;
            return request !== undefined && compareQuantity(request, bound) > 0
                ? `, but request is ${request}`
                : undefined;
        },
    });
}

/** For claims, which have no limits. */
export function maxRequestErrors(item: V1LimitRangeItem, amounts: Amounts): string[] {
    return violations(item.max, amounts, {
        sentence: (name, bound) => `maximum ${name} usage per ${item.type} is ${bound}`,
        check(bound, request) {
            if (request === undefined) return '.  No request is specified';
            return compareQuantity(request, bound) > 0 ? `, but request is ${request}` : undefined;
        },
    });
}

export function ratioErrors(item: V1LimitRangeItem, amounts: Amounts): string[] {
    return violations(item.maxLimitRequestRatio, amounts, {
        sentence: (name, bound) => `${name} max limit to request ratio per ${item.type} is ${bound}, but `,
        check(bound, request, limit) {
            const requested = request === undefined ? 0 : quantityToNumber(request);
            const limited = limit === undefined ? 0 : quantityToNumber(limit);
            if (requested === 0) return 'no request is specified or request is 0';
            if (limited === 0) return 'no limit is specified or limit is 0';
            const ratio = limited / requested;
            return ratio > quantityToNumber(bound) ? `provided ratio is ${ratio.toFixed(6)}` : undefined;
        },
    });
}
