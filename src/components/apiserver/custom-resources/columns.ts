import { ageColumn, nameColumn, since } from '../../../api/groups/columns.ts';
import type { Column } from '../../../api/groups/resource.ts';
import type { V1CustomResourceColumnDefinition } from '../../../api/meta/object.ts';
import { type JsonPath, parseJsonPath } from '../../../api/structural-schema/json-path.ts';

const types = ['string', 'integer', 'date', 'number', 'boolean'] as const;

/** The columns of a version's Table: Name, then what its definition says, or else the age. */
export function columnsOf(defined: readonly V1CustomResourceColumnDefinition[]): readonly Column[] {
    if (defined.length === 0) return [nameColumn, { ...ageColumn, type: 'date' }];
    return [nameColumn, ...defined.map(columnOf)];
}

function columnOf(defined: V1CustomResourceColumnDefinition): Column {
    const { name, format, description = '', priority = 0, jsonPath } = defined;
    const type = types.find((known) => known === defined.type) ?? 'string';
    let path: JsonPath | undefined;
    return {
        name,
        type,
        format: format as Column['format'],
        description,
        priority: priority as Column['priority'],
        value: (object, nowMs) => {
            path ??= parseJsonPath(jsonPath);
            const [value] = path.find(object);
            return cell(value, type, nowMs);
        },
    };
}

function cell(value: unknown, type: Column['type'], nowMs: number): string | number | boolean | null {
    switch (type) {
        case 'string':
            return value === undefined ? null : textOf(value);
        case 'integer':
            return typeof value === 'number' ? Math.trunc(value) : null;
        case 'number':
            return typeof value === 'number' ? value : null;
        case 'boolean':
            return typeof value === 'boolean' ? value : null;
        case 'date': {
            if (typeof value !== 'string') return null;
            return Number.isNaN(Date.parse(value)) ? '<invalid>' : since(value, nowMs);
        }
    }
}

function textOf(value: unknown): string {
    if (value === null) return '';
    return typeof value === 'string' ? value : JSON.stringify(value);
}
