import { memberOf } from './deep.ts';
import type { V1LabelSelector } from './object.ts';
import {
    checkRequirement,
    parseLabelRequirements,
    type LabelOperator,
    type LabelRequirement,
} from './label-selector-parser.ts';

export * from './field-selector.ts';
export type { LabelRequirement } from './label-selector-parser.ts';

/** A compiled label selector. */
export interface LabelMatcher {
    matches(labels: Record<string, string> | undefined): boolean;
    /** True when it has no terms, and so matches everything. */
    isEmpty: boolean;
    /** The terms; undefined for the matcher that matches nothing. */
    requirements?: readonly LabelRequirement[] | undefined;
}

const noLabels: Readonly<Record<string, string>> = {};
const nothing: LabelMatcher = { matches: () => false, isEmpty: false };
const everything: LabelMatcher = { matches: () => true, isEmpty: true, requirements: [] };

function integerOf(text: string | undefined): bigint | undefined {
    return text !== undefined && /^[-+]?\d+$/.test(text) ? BigInt(text.replace(/^\+/, '')) : undefined;
}

function compareIntegers(value: string, bound: string | undefined, operator: 'gt' | 'lt'): boolean {
    const left = integerOf(value);
    const right = integerOf(bound);
    if (left === undefined || right === undefined) return false;
    return operator === 'gt' ? left > right : left < right;
}

function meets(
    { key, operator, values }: LabelRequirement,
    labels: Readonly<Record<string, string>>,
): boolean {
    const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
    switch (operator) {
        case '=':
            return value !== undefined && value === values[0];
        case '!=':
            return value === undefined || value !== values[0];
        case 'in':
            return value !== undefined && values.includes(value);
        case 'notin':
            return value === undefined || !values.includes(value);
        case 'exists':
            return value !== undefined;
        case '!':
            return value === undefined;
        case 'gt':
        case 'lt':
            return value !== undefined && compareIntegers(value, values[0], operator);
    }
}

function matcherOf(requirements: readonly LabelRequirement[]): LabelMatcher {
    if (requirements.length === 0) return everything;
    return {
        matches: (labels = noLabels) => requirements.every((requirement) => meets(requirement, labels)),
        isEmpty: false,
        requirements,
    };
}

/**
 * The query form, as in `?labelSelector=a=b,c in (d,e)`.
 * @throws Error in upstream's words.
 */
export function parseLabelSelector(text: string): LabelMatcher {
    return matcherOf(parseLabelRequirements(text));
}

const operators: Readonly<Record<string, LabelOperator>> = {
    In: 'in',
    NotIn: 'notin',
    Exists: 'exists',
    DoesNotExist: '!',
};

function requirementsOf(selector: V1LabelSelector): LabelRequirement[] {
    const requirements: LabelRequirement[] = [];
    for (const [key, value] of Object.entries(selector.matchLabels ?? {}))
        requirements.push({ key, operator: '=', values: [value] });
    for (const expression of selector.matchExpressions ?? []) {
        const operator = memberOf(operators, expression.operator);
        if (operator === undefined)
            throw new Error(`"${expression.operator}" is not a valid label selector operator`);
        requirements.push({ key: expression.key, operator, values: [...(expression.values ?? [])].sort() });
    }
    requirements.forEach(checkRequirement);
    return requirements.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
}

/**
 * The selector of an object's spec. Undefined matches nothing, an empty one matches everything.
 * @throws Error in upstream's words when the selector is not valid.
 */
export function labelSelectorMatcher(selector: V1LabelSelector | undefined): LabelMatcher {
    return selector === undefined ? nothing : matcherOf(requirementsOf(selector));
}

/** All of these labels, as in the selectors of services and replication controllers. */
export function setMatcher(labels: Record<string, string>): LabelMatcher {
    return matcherOf(Object.entries(labels).map(([key, value]) => ({ key, operator: '=', values: [value] })));
}

function formatRequirement({ key, operator, values }: LabelRequirement): string {
    switch (operator) {
        case 'exists':
            return key;
        case '!':
            return `!${key}`;
        case '=':
        case '!=':
            return `${key}${operator}${values[0] ?? ''}`;
        case 'in':
        case 'notin':
            return `${key} ${operator} (${values.join(',')})`;
        case 'gt':
            return `${key}>${values[0] ?? ''}`;
        case 'lt':
            return `${key}<${values[0] ?? ''}`;
    }
}

/** The terms in the query form, for list requests: "a=b,c in (d,e)". */
export function formatLabelRequirements(requirements: readonly LabelRequirement[]): string {
    return requirements.map(formatRequirement).join(',');
}

/** As `kubectl` prints it: "a=b,c in (d,e)", "<none>" when empty, "<error>" when not valid. */
export function formatLabelSelector(selector: V1LabelSelector | undefined): string {
    if (selector === undefined) return '<none>';
    try {
        const text = formatLabelRequirements(requirementsOf(selector));
        return text === '' ? '<none>' : text;
    } catch {
        return '<error>';
    }
}
