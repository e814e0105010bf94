import { parse } from './parser.ts';

/**
 * The fields that an expression selects of a variable by name: `email` for `claims.email`, `claims.?email` and
 * `has(claims.email)`, none for `claims["email"]`. The expression must be one that compiles.
 */
export function selectedFields(expression: string, variable: string): ReadonlySet<string> {
    const found = new Set<string>();
    const waiting: unknown[] = [parse(expression)];
    for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
        if (typeof node !== 'object' || node === null || node instanceof Uint8Array) continue;
        const { type, operand, field } = node as { type?: unknown; operand?: unknown; field?: unknown };
        const isSelection = type === 'select' || type === 'presence';
        if (isSelection && typeof field === 'string' && isNamed(operand, variable)) found.add(field);
        for (const part of Object.values(node) as unknown[]) {
            if (typeof part === 'object' && part !== null) waiting.push(part);
        }
    }
    return found;
}

function isNamed(operand: unknown, variable: string): boolean {
    const { type, name } = operand as { type?: unknown; name?: unknown };
    return type === 'identifier' && name === variable;
}
