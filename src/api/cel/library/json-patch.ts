import { define, type Overload } from '../functions.ts';
import { textCost } from './text.ts';

/** For paths of JSON patches (RFC 6901). */
export const jsonPatch: readonly Overload[] = [
    define(
        'jsonpatch.escapeKey(string) string',
        (key: string) => key.replaceAll('~', '~0').replaceAll('/', '~1'),
        textCost,
    ),
];
