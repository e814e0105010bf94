import type { Uint } from './values.ts';

/** Expressions after parsing; macros are nodes of their own. `offset` is where cel-go would point a caret. */
export type Expression =
    | { type: 'literal'; offset: number; value: Constant }
    | { type: 'identifier'; offset: number; name: string }
    | { type: 'select'; offset: number; operand: Expression; field: string; optional: boolean }
    /** has(operand.field) */
    | { type: 'presence'; offset: number; operand: Expression; field: string }
    | { type: 'index'; offset: number; operand: Expression; key: Expression; optional: boolean }
    | { type: 'call'; offset: number; name: string; receiver?: Expression; args: Expression[] }
    | { type: 'logic'; offset: number; operator: '&&' | '||'; terms: Expression[] }
    | { type: 'conditional'; offset: number; condition: Expression; then: Expression; otherwise: Expression }
    | { type: 'list'; offset: number; items: Item[] }
    | { type: 'map'; offset: number; entries: Entry[] }
    | { type: 'object'; offset: number; name: string; fields: Field[] }
    | Comprehension
    /** cel.bind(name, value, body), and the functions that map optional values. */
    | { type: 'bind'; offset: number; name: string; value: Expression; body: Expression }
    | {
          type: 'optionalMap';
          offset: number;
          flat: boolean;
          name: string;
          operand: Expression;
          body: Expression;
      };

export type Constant = null | boolean | bigint | number | string | Uint8Array | Uint;

export interface Item {
    value: Expression;
    optional: boolean;
}

export interface Entry {
    offset: number;
    key: Expression;
    value: Expression;
    optional: boolean;
}

export interface Field {
    offset: number;
    name: string;
    value: Expression;
    optional: boolean;
}

export type ComprehensionKind =
    | 'all'
    | 'exists'
    | 'existsOne'
    | 'filter'
    | 'map'
    | 'transformList'
    | 'transformMap'
    | 'transformMapEntry';

export interface Comprehension {
    type: 'comprehension';
    offset: number;
    kind: ComprehensionKind;
    range: Expression;
    /** One: elements or keys. Two: indexes and elements, or keys and values. */
    variables: string[];
    /** The predicate, or what a filter or a transformation lets through. */
    condition: Expression | undefined;
    /** What becomes of an element; absent for predicates and filters. */
    transform: Expression | undefined;
}
