import {
    concrete,
    type FieldSchema,
    isMap,
    type JsonMap,
    type ListSchema,
    type MapSchema,
    memberSchema,
    type ScalarSchema,
} from './field-schema.ts';
import { elementOf } from './list-elements.ts';
import { fieldElement, formatPath, type PathElement } from './path-element.ts';

/** Complaints in one message are bounded. */
const errorsMax = 50;

/**
 * What is wrong with a configuration by its type, in upstream's words: unknown fields, values of another type,
 * items without keys or with the keys of another. Empty when nothing is.
 */
export function validateConfiguration(schema: FieldSchema, value: unknown): string[] {
    const walk: Walk = { path: [], errors: [] };
    visit(schema, value, walk);
    return walk.errors.slice(0, errorsMax);
}

/** Several complaints stand in lines of their own. */
export function joinErrors(errors: readonly string[]): string {
    return errors.length === 1 ? (errors[0] ?? '') : ['errors:', ...errors.map((e) => `  ${e}`)].join('\n');
}

interface Walk {
    readonly path: PathElement[];
    readonly errors: string[];
}

function complain({ path, errors }: Walk, message: string): void {
    errors.push(`${formatPath(path) || '.'}: ${message}`);
}

function visit(schema: FieldSchema, value: unknown, walk: Walk): void {
    if (value === null || value === undefined || walk.errors.length >= errorsMax) return;
    const type = concrete(schema, value);
    switch (type.kind) {
        case 'scalar':
            visitScalar(type, value, walk);
            return;
        case 'list':
            if (Array.isArray(value)) visitItems(type, value, walk);
            else complain(walk, `expected list, got ${describe(value)}`);
            return;
        case 'map':
            if (isMap(value)) visitMembers(type, value, walk);
            else complain(walk, `expected map, got ${describe(value)}`);
    }
}

function visitScalar({ type }: ScalarSchema, value: unknown, walk: Walk): void {
    switch (type) {
        case 'string':
            if (typeof value !== 'string') complain(walk, `expected string, got ${describe(value)}`);
            return;
        case 'boolean':
            if (typeof value !== 'boolean') complain(walk, `expected boolean, got ${describe(value)}`);
            return;
        case 'numeric':
            if (typeof value !== 'number') {
                complain(walk, `expected numeric (int or float), got ${typeName(value)}`);
            }
            return;
        case 'untyped':
            if (typeof value === 'object') complain(walk, `expected any scalar, got ${describe(value)}`);
    }
}

function visitItems(schema: ListSchema, items: readonly unknown[], walk: Walk): void {
    const seen = new Set<PathElement>();
    items.forEach((item, index) => {
        let element: PathElement = `i:${index}`;
        if (schema.type !== 'atomic') {
            try {
                element = elementOf(schema, item);
            } catch (error) {
                complain(walk, `element ${index}: ${error instanceof Error ? error.message : String(error)}`);
                return;
            }
            if (seen.has(element)) {
                complain(walk, `duplicate entries for key ${formatPath([element])}`);
                return;
            }
            seen.add(element);
        }
        walk.path.push(element);
        visit(schema.items, item, walk);
        walk.path.pop();
    });
}

function visitMembers(schema: MapSchema, value: JsonMap, walk: Walk): void {
    for (const [name, member] of Object.entries(value)) {
        const type = memberSchema(schema, name);
        walk.path.push(fieldElement(name));
        if (type === undefined) complain(walk, 'field not declared in schema');
        else visit(type, member, walk);
        walk.path.pop();
    }
}

function describe(value: unknown): string {
    return `&{${typeof value === 'string' ? value : JSON.stringify(value)}}`;
}

function typeName(value: unknown): string {
    return Array.isArray(value) ? 'list' : typeof value === 'object' ? 'map' : typeof value;
}
