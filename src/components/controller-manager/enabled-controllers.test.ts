import { describe, expect, it } from '@jest/globals';
import type { ControllerDefinition } from './controller-context.ts';
import { controllers } from './controllers.ts';
import { enabledControllers } from './enabled-controllers.ts';

const definition = (name: string, disabledByDefault = false): ControllerDefinition => ({
    name,
    serviceAccount: name,
    disabledByDefault,
    create: () => ({ start: () => undefined, stop: () => undefined }),
});
const all = [definition('a'), definition('b'), definition('off', true)];

describe('the selection of controllers', () => {
    it.each([
        [['*'], ['a', 'b']],
        [['*', '-a'], ['b']],
        [
            ['*', 'off'],
            ['a', 'b', 'off'],
        ],
        [['b'], ['b']],
        [['-a'], []],
        [['a', '-a'], ['a']],
    ])('%p runs %p', (selection, names) => {
        expect(enabledControllers(all, selection).map(({ name }) => name)).toEqual(names);
    });

    it('refuses a name that no controller has', () => {
        expect(() => enabledControllers(all, ['*', '-foo'])).toThrow(
            '"foo" is not in the list of known controllers',
        );
    });

    it('names each controller once', () => {
        const names = controllers.map(({ name }) => name);
        expect(new Set(names).size).toBe(names.length);
    });
});
